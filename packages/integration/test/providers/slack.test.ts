import { createHmac } from "node:crypto";
import { createInboundVerifier, createWebhookHandler } from "@ventostack/webhook";
import { describe, expect, it } from "vitest";
import { createSlackVerifier } from "../../src/index.ts";
import { signRequest } from "../../src/testing/index.ts";
import { NOW } from "./platforms.ts";

const secret = "8f742231b10e8888abcd99yyyzzz85a5";
const SECONDS = NOW / 1000;
const verifier = createInboundVerifier({ provider: createSlackVerifier(), config: { secret } });

function verify(body: string, headers: Readonly<Record<string, string>> = {}) {
  const signature = createHmac("sha256", secret).update(`v0:${SECONDS}:${body}`).digest("hex");
  return verifier.safeVerify(
    body,
    {
      "x-slack-signature": `v0=${signature}`,
      "x-slack-request-timestamp": String(SECONDS),
      ...headers,
    },
    { now: NOW + 1000 },
  );
}

describe("createSlackVerifier", () => {
  it("reads an event of the Events API, and that it is a retry", async () => {
    const payload = {
      team_id: "T1",
      api_app_id: "A1",
      event: { type: "app_mention", text: "héllo 🚀" },
      type: "event_callback",
      event_id: "Ev0PV52K25",
      event_time: SECONDS - 60,
    };
    const result = await verify(JSON.stringify(payload), {
      "x-slack-retry-num": "1",
      "x-slack-retry-reason": "http_timeout",
    });
    expect(result).toEqual({
      valid: true,
      event: {
        id: "Ev0PV52K25",
        type: "app_mention",
        source: "slack",
        payload,
        timestamp: NOW - 60_000,
        metadata: {
          provider: "slack",
          teamId: "T1",
          appId: "A1",
          retryNum: "1",
          retryReason: "http_timeout",
          unsigned: ["retryNum", "retryReason"],
        },
      },
    });
  });

  it("reads a slash command from its form", async () => {
    const result = await verify(
      "team_id=T1&api_app_id=A1&command=%2Fdeploy&text=a+%26+%E6%B5%8B&trigger_id=13.37",
    );
    expect(result).toEqual({
      valid: true,
      event: {
        id: "13.37",
        type: "slash_command",
        source: "slack",
        payload: {
          team_id: "T1",
          api_app_id: "A1",
          command: "/deploy",
          text: "a & 测",
          trigger_id: "13.37",
        },
        timestamp: NOW,
        metadata: { provider: "slack", teamId: "T1", appId: "A1", command: "/deploy" },
      },
    });
  });

  it("reads an interaction from the JSON in its form", async () => {
    const payload = { type: "view_submission", team: { id: "T2" }, trigger_id: "9.9" };
    const body = `payload=${encodeURIComponent(JSON.stringify(payload))}`;
    await expect(verify(body)).resolves.toMatchObject({
      event: { id: "9.9", type: "view_submission", payload, metadata: { teamId: "T2" } },
    });
  });

  it("has no type for what is neither, and leaves a payload that is no JSON in its form", async () => {
    await expect(verify("payload=%7Boops&a=1")).resolves.toMatchObject({
      event: { type: "webhook.received", payload: { payload: "{oops", a: "1" } },
    });
    await expect(verify('{"type":"event_callback"}')).resolves.toMatchObject({
      event: { type: "event_callback" },
    });
  });

  it("does not let the content type, which is not signed, change what a body means", async () => {
    const body = '{"type":"a","x":"&payload={}"}';
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    await expect(verify(body, headers)).resolves.toMatchObject({ event: { type: "a" } });
  });

  it.each(["v1=", "v0", "V0=", "=", ""])(
    "refuses a signature that begins with %j",
    async (start) => {
      const headers = { "x-slack-signature": `${start}${"0".repeat(64)}` };
      await expect(verify("{}", headers)).resolves.toMatchObject({ code: "MALFORMED_SIGNATURE" });
    },
  );
});

describe("Slack is answered", () => {
  const events: string[] = [];
  const handler = createWebhookHandler({
    verifier,
    onEvent({ type }) {
      if (type === "fails") throw new Error("as ordered");
      events.push(type);
    },
    onError: () => {},
    context: () => ({ now: NOW }),
  });
  const post = (message: Parameters<typeof signRequest<"slack">>[1]) => {
    const { url, ...init } = signRequest("slack", { timestamp: NOW, ...message }, { secret });
    return handler(new Request(url, init));
  };

  it("with the challenge of a signed url_verification only", async () => {
    const payload = { type: "url_verification", challenge: "3eZbrw1aBm2r" };
    const response = await post({ payload });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain");
    await expect(response.text()).resolves.toBe("3eZbrw1aBm2r");
    expect(events).toEqual([]);

    const forged = await post({
      payload,
      headers: { "x-slack-signature": `v0=${"0".repeat(64)}` },
    });
    expect(forged.status).toBe(401);
    await expect(forged.text()).resolves.not.toContain("3eZbrw1aBm2r");
  });

  it("with an empty 200 where it only checks the certificate", async () => {
    const signed = await post({ payload: { ssl_check: "1", token: "x" }, as: "command" });
    expect([signed.status, events]).toEqual([200, []]);
    const url = "https://receiver.example/slack?ssl_check=1&token=x";
    const unsigned = await handler(new Request(url));
    expect([unsigned.status, await unsigned.text()]).toEqual([200, ""]);
    const other = await handler(new Request("https://receiver.example/slack"));
    expect(other.status).toBe(405);
  });

  it("so that it does not repeat what would fail again, and repeats what may not", async () => {
    const malformed = await post({ payload: "a&".repeat(1001) });
    expect(malformed.status).toBe(400);
    expect(malformed.headers.get("x-slack-no-retry")).toBe("1");
    const failed = await post({ payload: { type: "fails" } });
    expect(failed.status).toBe(500);
    expect(failed.headers.get("x-slack-no-retry")).toBeNull();
    // It may be our secret that is wrong.
    const forged = await post({ payload: "{}", headers: { "x-slack-signature": "v0=00" } });
    expect([forged.status, forged.headers.get("x-slack-no-retry")]).toEqual([401, null]);
  });
});
