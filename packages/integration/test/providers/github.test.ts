import { createHmac } from "node:crypto";
import { createInboundVerifier } from "@ventostack/webhook";
import { describe, expect, it } from "vitest";
import { createGitHubVerifier } from "../../src/index.ts";

const SECRET = "It's a Secret to Everybody";
const NOW = 1_700_000_000_000;

function verify(body: string, headers: Readonly<Record<string, string>> = {}) {
  const { safeVerify } = createInboundVerifier({
    provider: createGitHubVerifier(),
    config: { secret: SECRET },
  });
  const signature = `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`;
  return safeVerify(body, { "X-Hub-Signature-256": signature, ...headers }, { now: NOW });
}

describe("createGitHubVerifier", () => {
  it("reads the event from headers and body, and says which of it is not signed", async () => {
    const result = await verify('{"action":"opened","number":1}', {
      "X-GitHub-Event": "pull_request",
      "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
      "X-GitHub-Hook-ID": "292430182",
      "X-GitHub-Hook-Installation-Target-ID": "79929171",
      "X-GitHub-Hook-Installation-Target-Type": "repository",
    });
    expect(result).toEqual({
      valid: true,
      event: {
        id: "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        type: "pull_request",
        source: "github",
        payload: { action: "opened", number: 1 },
        timestamp: NOW,
        metadata: {
          provider: "github",
          action: "opened",
          hookId: "292430182",
          installationTargetId: "79929171",
          installationTargetType: "repository",
          unsigned: ["id", "type", "hookId", "installationTargetId", "installationTargetType"],
        },
      },
    });
  });

  it("does not call unsigned what it did not take from the request", async () => {
    const result = await verify("{}");
    expect(result).toMatchObject({
      valid: true,
      event: { type: "webhook.received", metadata: { provider: "github" } },
    });
    expect(result.valid && result.event.metadata).not.toHaveProperty("unsigned");
    expect(result.valid && result.event.id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("reads the JSON in a form", async () => {
    const payload = { action: "opened", issue: { title: "中文 🎉 + & =" } };
    const body = `payload=${encodeURIComponent(JSON.stringify(payload)).replaceAll("%20", "+")}`;
    await expect(verify(body)).resolves.toMatchObject({
      valid: true,
      event: { payload, metadata: { action: "opened" } },
    });
  });

  it("does not let the content type, which is not signed, change what a body means", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    await expect(verify('{"a":"&payload=1"}', headers)).resolves.toMatchObject({
      event: { payload: { a: "&payload=1" } },
    });
    for (const text of ["payload=not+json", "a=1&payload={}"]) {
      await expect(verify(text, headers)).resolves.toMatchObject({ event: { payload: text } });
    }
  });

  it("never falls back to SHA-1, not even beside a wrong SHA-256", async () => {
    const sha1 = `sha1=${createHmac("sha1", SECRET).update("{}").digest("hex")}`;
    const headers = { "X-Hub-Signature": sha1, "X-Hub-Signature-256": `sha256=${"0".repeat(64)}` };
    await expect(verify("{}", headers)).resolves.toMatchObject({ code: "SIGNATURE_MISMATCH" });
  });
});
