import type { HeadersInput, RequestContext, VerifierConfig } from "@ventostack/webhook";
import { WebhookVerificationError } from "@ventostack/webhook";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aesKeyOf, signMessage } from "../../src/providers/dingtalk-crypto.ts";
import type { PlatformName } from "../../src/testing/index.ts";
import { signRequest } from "../../src/testing/index.ts";
import { keysOf, NOW, PLATFORMS, verifierOf } from "./platforms.ts";

const NAMES = PLATFORMS.flatMap((platform) =>
  Object.keys(signRequest(platform, { payload: {} }, keysOf(platform)).headers),
);
const PARAMETERS = ["signature", "msg_signature", "timestamp", "timeStamp", "nonce", "sign"];

const configOf = (platform: PlatformName) => keysOf(platform).config as VerifierConfig<object>;

const odd = fc.oneof(
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.base64String({ maxLength: 80 }),
  fc.constantFrom(
    ...[
      "__proto__",
      "constructor",
      "",
      " ",
      ",",
      "=",
      "v0=",
      "v1,",
      "t=,v1=",
      "sha256=",
      "%",
      "%E0%A4%A",
    ],
    ...["-1", "1e3", "0x10", "NaN", "Infinity", "1800000000", "1800000000000", "9".repeat(400)],
    ...["WECHATPAY/SIGNTEST/", "PUB_KEY_ID_", "\u0000", "\uD800", "a\r\nb", "𝟙𝟚𝟛"],
  ),
);
const value = fc.oneof(odd, fc.array(odd, { maxLength: 3 }), fc.constant(undefined));
const headers: fc.Arbitrary<HeadersInput> = fc.dictionary(fc.constantFrom(...NAMES), value, {
  maxKeys: 30,
});
const text = fc.oneof(
  odd,
  fc.json(),
  fc.json().map((json) => `payload=${json}&sign=AAAA`),
  fc.record({ encrypt: fc.jsonValue(), resource: fc.jsonValue() }).map((x) => JSON.stringify(x)),
  fc.array(fc.tuple(odd, odd)).map((fields) => fields.map((field) => field.join("=")).join("&")),
  fc.constantFrom("[".repeat(20_000), `{"a":`.repeat(20_000), "&".repeat(2000)),
);
const body = fc.oneof(text, fc.uint8Array({ maxLength: 200 }));
const context: fc.Arbitrary<RequestContext> = fc.record(
  {
    url: odd,
    query: fc.dictionary(fc.constantFrom(...PARAMETERS), value),
    bodyParams: fc.dictionary(fc.oneof(odd, fc.constant("sign")), fc.jsonValue()),
    timestamp: fc.oneof(odd, fc.double()),
    sign: odd,
  },
  { requiredKeys: [] },
);

describe.each(PLATFORMS)("the verifier of %s", (platform) => {
  const { verifyAndConvert } = verifierOf(platform, configOf(platform));

  const isRefusedCleanly = async (
    ...[rawBody, given, request]: Parameters<typeof verifyAndConvert>
  ): Promise<void> => {
    const error: unknown = await verifyAndConvert(rawBody, given, { now: NOW, ...request }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(WebhookVerificationError);
    const { cause, code, message } = error as WebhookVerificationError;
    // What was caught would be a fault of ours, and CONFIG one that wakes the operator.
    expect({ cause, isOurs: code === "CONFIG" }).toEqual({ cause: undefined, isOurs: false });
    expect(message.length).toBeLessThan(500);
  };

  it("refuses arbitrary requests, and throws nothing else", async () => {
    await fc.assert(fc.asyncProperty(body, headers, context, isRefusedCleanly), { numRuns: 500 });
  });

  it("refuses genuine requests with arbitrary parts put in", async () => {
    const genuine = signRequest(
      platform,
      { payload: { a: "b" }, timestamp: NOW },
      keysOf(platform),
    );
    const query = Object.fromEntries(new URL(genuine.url).searchParams);
    const changes = [
      ...Object.keys(genuine.headers).filter((name) => !name.startsWith("x-github-")),
      ...Object.keys(query),
    ].filter((name) => !/content-type|x-shopify-(?!hmac)|signature-type/.test(name));
    if (changes.length === 0) return;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...changes), odd, async (name, part) => {
        const before = genuine.headers[name] ?? query[name];
        fc.pre(before !== part.trim());
        await (name in query
          ? isRefusedCleanly(genuine.body, genuine.headers, { query: { ...query, [name]: part } })
          : isRefusedCleanly(
              genuine.body,
              { ...genuine.headers, [name]: part },
              { url: genuine.url },
            ));
      }),
      { numRuns: 300 },
    );
  });
});

const MANY = 300_000;

/** Linear work on so much takes some ten milliseconds; quadratic work would take minutes. */
async function isQuick(
  platform: PlatformName,
  ...[rawBody, given, request]: Parameters<ReturnType<typeof verifierOf>["safeVerify"]>
): Promise<void> {
  const started = performance.now();
  const result = await verifierOf(platform, configOf(platform)).safeVerify(rawBody, given, {
    now: NOW,
    ...request,
  });
  expect(performance.now() - started).toBeLessThan(5000);
  expect(result.valid).toBe(false);
}

describe("hundreds of thousands of characters take no more than their share of time", () => {
  const forms: Record<string, string> = {
    ampersands: "&".repeat(MANY),
    "percent signs": `a=${"%".repeat(MANY)}&sign=AAAA`,
    "one long name": `${"a".repeat(MANY)}&sign=AAAA`,
    "a value of ampersands": `a=${"%26".repeat(MANY / 3)}&sign=AAAA`,
    "a value of names": `a=${"%26a%3D".repeat(MANY / 7)}&sign=AAAA`,
    "many fields": `${Array.from({ length: 998 }, (_, index) => `f${index}=${"x".repeat(290)}`).join("&")}&sign=AAAA`,
    "too many fields": "a=1&".repeat(MANY / 4),
    "a long signature": `a=1&sign=${"A".repeat(MANY)}`,
  };
  it.each(Object.entries(forms))("in a form of %s", async (_name, form) => {
    await isQuick("alipay", form, {});
    const { headers: good } = signRequest(
      "slack",
      { payload: form, timestamp: NOW },
      keysOf("slack"),
    );
    await isQuick("slack", `${form} `, good);
  });

  it("in a form of Slack's that is signed", async () => {
    for (const form of Object.values(forms)) {
      const { body: sent, headers: good } = signRequest(
        "slack",
        { payload: form, timestamp: NOW },
        keysOf("slack"),
      );
      const started = performance.now();
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await verifierOf("slack", configOf("slack")).safeVerify(sent, good, { now: NOW });
      expect(performance.now() - started).toBeLessThan(5000);
    }
  });

  it.each(PLATFORMS)("in the headers and the query of %s", async (platform) => {
    const request = signRequest(
      platform,
      { payload: { a: "b" }, timestamp: NOW },
      keysOf(platform),
    );
    for (const long of [
      "A".repeat(MANY),
      "%25".repeat(MANY / 3),
      "v1=,".repeat(MANY / 4),
      "1".repeat(MANY),
      "v1,A ".repeat(MANY / 5),
    ]) {
      const given = Object.fromEntries(Object.keys(request.headers).map((name) => [name, long]));
      const query = Object.fromEntries(PARAMETERS.map((name) => [name, long]));
      /* oxlint-disable no-await-in-loop -- one after the other */
      await isQuick(platform, "a=1&sign=AAAA", given, { query });
      await isQuick(platform, "a=1&sign=AAAA", {}, { url: `/?${long}`, bodyParams: { a: long } });
      /* oxlint-enable no-await-in-loop */
    }
  });

  it("in a ciphertext that is signed but cannot be decrypted", async () => {
    const { token, encodingAesKey } = keysOf("dingtalk");
    expect(aesKeyOf(encodingAesKey)).toHaveLength(32);
    const encrypt = "A".repeat(MANY - (MANY % 64));
    const query = { timestamp: String(NOW), nonce: "n" };
    const signature = signMessage([token, query.timestamp, query.nonce, encrypt]);
    await isQuick("dingtalk", JSON.stringify({ encrypt }), {}, { query: { ...query, signature } });
  });
});
