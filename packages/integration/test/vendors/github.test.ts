import { sign, verify } from "@octokit/webhooks-methods";
import { createInboundVerifier } from "@ventostack/webhook";
import { describe, expect, it } from "vitest";
import { createGitHubVerifier } from "../../src/index.ts";
import { signRequest } from "../../src/testing/index.ts";

const secret = "It's a Secret to Everybody";
const payload = '{"action":"opened","title":"wörld 测试 🎉"}';

describe("GitHub's own @octokit/webhooks-methods", () => {
  it("signs what is believed here", async () => {
    const { safeVerify } = createInboundVerifier({
      provider: createGitHubVerifier(),
      config: { secret },
    });
    const headers = { "x-hub-signature-256": await sign(secret, payload) };
    await expect(safeVerify(payload, headers)).resolves.toMatchObject({ valid: true });
    await expect(safeVerify(`${payload} `, headers)).resolves.toMatchObject({ valid: false });
  });

  it.each([false, true])("believes what is signed here (as a form: %s)", async (form) => {
    const { body, headers } = signRequest("github", { payload, form }, { secret });
    const signature = headers["x-hub-signature-256"] ?? "";
    await expect(verify(secret, body, signature)).resolves.toBe(true);
    await expect(verify("other", body, signature)).resolves.toBe(false);
  });
});
