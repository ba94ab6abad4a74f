import { createHmac } from "node:crypto";
import { createInboundVerifier } from "@ventostack/webhook";
import type { RequestContext } from "@ventostack/webhook";
import { describe, expect, it } from "vitest";
import type { DingTalkExtra } from "../../src/index.ts";
import { createDingTalkVerifier } from "../../src/index.ts";
import { signRequest } from "../../src/testing/index.ts";
import { keysOf, NOW } from "./platforms.ts";

const SECRET = "this is secret";
const BODY = JSON.stringify({
  conversationId: "cidX==",
  msgId: "msgM0RTjC7dSUm==",
  msgtype: "text",
  createAt: NOW - 10,
  robotCode: "dingxxx",
  conversationType: "1",
  text: { content: " 你好" },
});

const robotSign = (timestamp: number) =>
  createHmac("sha256", SECRET).update(`${timestamp}\n${SECRET}`).digest("base64");

// The first milliseconds from NOW whose signature has both characters that do not survive a query.
function awkward(): { timestamp: number; sign: string } {
  let timestamp = NOW;
  while (!/\+.*\/|\/.*\+/.test(robotSign(timestamp))) timestamp += 1;
  return { timestamp, sign: robotSign(timestamp) };
}

function robot(
  headers: Readonly<Record<string, string>>,
  context: RequestContext = {},
  extra: DingTalkExtra = {},
) {
  const { safeVerify } = createInboundVerifier({
    provider: createDingTalkVerifier(),
    config: { secret: SECRET, extra },
  });
  return safeVerify(BODY, headers, { now: NOW, ...context });
}

describe("a robot's messages", () => {
  const { timestamp, sign } = awkward();

  it("are read, and said to be of an unauthenticated body", async () => {
    await expect(robot({ timestamp: String(timestamp), sign })).resolves.toEqual({
      valid: true,
      event: {
        id: "msgM0RTjC7dSUm==",
        type: "text",
        source: "dingtalk",
        payload: JSON.parse(BODY),
        timestamp: NOW - 10,
        metadata: {
          provider: "dingtalk",
          bodyAuthenticated: false,
          conversationId: "cidX==",
          conversationType: "1",
          robotCode: "dingxxx",
          unsigned: [
            "payload",
            "id",
            "type",
            "timestamp",
            "conversationId",
            "conversationType",
            "robotCode",
          ],
        },
      },
    });
  });

  const asText = { timestamp: String(timestamp), sign };
  const encoded = { ...asText, sign: encodeURIComponent(sign) };
  const spaced = { ...asText, sign: sign.replaceAll("+", " ") };
  const wrong = { timestamp: "1", sign: "AAAA" };
  const search = new URLSearchParams(asText).toString();

  it.each<[string, RequestContext, Record<string, string>, DingTalkExtra]>([
    ["what the caller passes", { timestamp, sign }, {}, {}],
    ["the headers", {}, asText, {}],
    ["the query", { query: asText }, {}, {}],
    ["the URL", { url: `/robot?${search}` }, {}, {}],
    [
      "a URL whose plus signs were not encoded",
      { url: `/?timestamp=${timestamp}&sign=${sign}` },
      {},
      {},
    ],
    ["the configuration", {}, {}, { timestamp, sign }],
    ["the configuration, percent-encoded", {}, {}, encoded],
    ["headers, percent-encoded", {}, encoded, {}],
    ["a query whose plus signs became spaces", { query: spaced }, {}, {}],
    ["the caller rather than the headers", { timestamp, sign }, wrong, {}],
    ["the headers rather than the query", { query: wrong }, asText, {}],
    ["the query rather than the configuration", { query: asText }, {}, wrong],
  ])("carry their signature in %s", async (_name, context, headers, extra) => {
    await expect(robot(headers, context, extra)).resolves.toMatchObject({ valid: true });
  });

  it.each<[string, Record<string, string>, string]>([
    ["no signature", { timestamp: asText.timestamp }, "MISSING_HEADER"],
    ["no timestamp", { sign }, "MISSING_HEADER"],
    ["a broken percent-encoding", { ...asText, sign: "%E0%A4%A" }, "MALFORMED_SIGNATURE"],
    ["a percent sign", { ...asText, sign: "%" }, "MALFORMED_SIGNATURE"],
    ["another's signature", { ...asText, sign: robotSign(NOW - 1) }, "SIGNATURE_MISMATCH"],
    [
      "a timestamp with a fraction",
      { ...asText, timestamp: `${timestamp}.0` },
      "MALFORMED_SIGNATURE",
    ],
  ])("are refused with %s", async (_name, headers, code) => {
    await expect(robot(headers)).resolves.toMatchObject({ valid: false, code });
  });

  it("are believed for an hour on either side, to the millisecond", async () => {
    const hour = 3_600_000;
    for (const [now, code] of [
      [timestamp + hour, undefined],
      [timestamp + hour + 1, "TIMESTAMP_EXPIRED"],
      [timestamp - hour, undefined],
      [timestamp - hour - 1, "TIMESTAMP_IN_FUTURE"],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const result = await robot(asText, { now });
      expect(result.valid ? undefined : result.code).toBe(code);
    }
  });

  it("take their time from the signature where the body has none", async () => {
    const keys = keysOf("dingtalk-robot");
    const { body, headers } = signRequest(
      "dingtalk-robot",
      { payload: {}, timestamp: NOW - 5 },
      keys,
    );
    const { verifyAndConvert } = createInboundVerifier({
      provider: createDingTalkVerifier(),
      config: keys.config,
    });
    const event = await verifyAndConvert(body, headers, { now: NOW });
    expect(event.timestamp).toBe(NOW - 5);
    expect(event.metadata?.["unsigned"]).toEqual(["payload"]);
  });

  it("are refused when they are not JSON", async () => {
    const { safeVerify } = createInboundVerifier({
      provider: createDingTalkVerifier(),
      config: { secret: SECRET },
    });
    await expect(safeVerify("hello", asText, { now: NOW })).resolves.toMatchObject({
      code: "MALFORMED_PAYLOAD",
    });
  });
});

describe("the mode", () => {
  const keys = keysOf("dingtalk");
  const sent = { timestamp: String(NOW), sign: robotSign(NOW) };

  it("is that of events as soon as one of their settings is named, so that a lost variable cannot weaken it", async () => {
    for (const extra of [
      { token: undefined, encodingAesKey: undefined },
      { ownerKey: undefined },
      { mode: "event" },
      { mode: "evnet" as "event" },
      { ...keys, token: "" },
      { ...keys, encodingAesKey: "short" },
      { ...keys, encodingAesKey: "A".repeat(39) },
      { ...keys, encodingAesKey: "*".repeat(43) },
      { ...keys, ownerKey: undefined },
    ] satisfies DingTalkExtra[]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(robot(sent, {}, extra)).resolves.toMatchObject({ code: "CONFIG", status: 500 });
    }
  });

  it("is the robot's without them, or where it is said to be", async () => {
    await expect(robot(sent, {}, { ...keys, mode: "robot" })).resolves.toMatchObject({
      valid: true,
    });
    const { safeVerify } = createInboundVerifier({
      provider: createDingTalkVerifier(),
      config: {},
    });
    await expect(safeVerify(BODY, sent)).resolves.toMatchObject({
      code: "CONFIG",
      reason: expect.stringContaining("config.secret"),
    });
  });
});
