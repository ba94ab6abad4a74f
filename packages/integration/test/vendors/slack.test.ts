import { createHmac } from "node:crypto";
import { isValidSlackRequest } from "@slack/bolt";
import { createInboundVerifier } from "@ventostack/webhook";
import { describe, expect, it } from "vitest";
import { createSlackVerifier } from "../../src/index.ts";
import { signRequest } from "../../src/testing/index.ts";

const secret = "8f742231b10e8888abcd99yyyzzz85a5";
const NOW = 1_800_000_000_000;
const { safeVerify } = createInboundVerifier({
  provider: createSlackVerifier(),
  config: { secret },
});

/** What Bolt says of a request. */
function isValid(
  { body, headers }: { body: string; headers: Readonly<Record<string, string>> },
  now = NOW,
  signingSecret = secret,
): boolean {
  return isValidSlackRequest({
    signingSecret,
    body,
    headers: {
      "x-slack-signature": headers["x-slack-signature"] ?? "",
      "x-slack-request-timestamp": Number(headers["x-slack-request-timestamp"]),
    },
    nowMilliseconds: now,
  });
}

describe("Slack's own Bolt", () => {
  it.each([
    { payload: { type: "event_callback", text: "wörld 测试 🎉" } },
    { payload: { type: "block_actions", text: "wörld & 测试" }, as: "interaction" },
    { payload: { command: "/a", text: "wörld & 测试" }, as: "command" },
  ] as const)("believes what is signed here: %j", async (message) => {
    const request = signRequest("slack", { ...message, timestamp: NOW }, { secret });
    expect(isValid(request)).toBe(true);
    expect(isValid(request, NOW, "other")).toBe(false);
    expect(isValid({ ...request, body: `${request.body} ` })).toBe(false);
  });

  it("agrees on ages and versions, and differs in the future, where Slack's own page asks for both sides", async () => {
    const body = "{}";
    for (const [seconds, version, bothSay] of [
      [0, "v0", true],
      [-300, "v0", true],
      [-301, "v0", false],
      [0, "v1", false],
      [300, "v0", true],
      [301, "v0", undefined],
    ] as const) {
      const time = String(NOW / 1000 + seconds);
      const mac = createHmac("sha256", secret).update(`${version}:${time}:${body}`).digest("hex");
      const headers = {
        "x-slack-signature": `${version}=${mac}`,
        "x-slack-request-timestamp": time,
      };
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const ours = await safeVerify(body, headers, { now: NOW });
      expect([seconds, version, ours.valid]).toEqual([seconds, version, bothSay ?? false]);
      expect([seconds, version, isValid({ body, headers })]).toEqual([
        seconds,
        version,
        bothSay ?? true,
      ]);
    }
  });
});
