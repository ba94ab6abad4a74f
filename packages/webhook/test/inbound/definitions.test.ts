import { describe, expect, it } from "vitest";
import type { ProviderDefinition, VerifierConfig } from "../../src/index.ts";
import {
  fromByteString,
  createInboundVerifier,
  hmac,
  interpretProvider,
  refuse,
  stringAt,
} from "../../src/index.ts";
import { hmacHex, SECRET } from "./requests.ts";

/** The least that a definition needs; each test adds what it is about. */
const LEAST: ProviderDefinition = {
  id: "acme",
  signature: {
    algorithm: hmac("sha256"),
    encoding: "hex",
    read: (request) => request.required("x-sig"),
  },
  signedContent: (request) => [request.body],
};

function verifierOf(
  definition: Partial<ProviderDefinition>,
  config: VerifierConfig = { secret: SECRET },
) {
  return createInboundVerifier({
    provider: interpretProvider({ ...LEAST, ...definition }),
    config,
  });
}

const signed = (body: string) => ({ "x-sig": hmacHex(SECRET, body) });

describe("an empty body", () => {
  it("is refused unless the definition accepts it", async () => {
    await expect(verifierOf({}).safeVerify("", signed(""))).resolves.toMatchObject({
      code: "MALFORMED_PAYLOAD",
      reason: expect.stringContaining("empty"),
    });
    const { safeVerify } = verifierOf({ emptyBody: "accept" });
    await expect(safeVerify("", signed(""))).resolves.toMatchObject({ valid: true });
  });
});

describe("the signed content", () => {
  it("is concatenated from texts and bytes in order", async () => {
    const { safeVerify } = verifierOf({
      signedContent: (request) => ["a", "é", request.body, "b", Uint8Array.of(0xff), "", "c"],
    });
    const content = Buffer.concat([Buffer.from("aé{}b"), Buffer.of(0xff), Buffer.from("c")]);
    await expect(safeVerify("{}", { "x-sig": hmacHex(SECRET, content) })).resolves.toMatchObject({
      valid: true,
    });
  });

  it("may hold the secret that is being tried", async () => {
    const { safeVerify } = verifierOf(
      { signedContent: (_request, secret) => ["1700000000000\n", secret] },
      { secret: ["newer", "this is secret"] },
    );
    const signature = hmacHex("this is secret", "1700000000000\nthis is secret");
    await expect(safeVerify("{}", { "x-sig": signature })).resolves.toMatchObject({ valid: true });
  });

  it("may be one of several, and the payload is told which", async () => {
    const { verifyAndConvert } = verifierOf({
      signedContent: () => ({ alternatives: [["one"], ["two"], ["three"]] }),
      payload: (_request, alternative) => alternative,
    });
    for (const [index, content] of ["one", "two", "three"].entries()) {
      await expect(verifyAndConvert("{}", signed(content))).resolves.toMatchObject({
        payload: index,
      });
    }
    await expect(verifyAndConvert("{}", signed("onetwo"))).rejects.toMatchObject({
      code: "SIGNATURE_MISMATCH",
    });
    const none = verifierOf({ signedContent: () => ({ alternatives: [] }) });
    await expect(none.safeVerify("{}", signed(""))).resolves.toMatchObject({
      code: "SIGNATURE_MISMATCH",
    });
  });

  it("may be promised", async () => {
    const { safeVerify } = verifierOf({ signedContent: async (request) => [request.body] });
    await expect(safeVerify("{}", signed("{}"))).resolves.toMatchObject({ valid: true });
    await expect(safeVerify("[]", signed("{}"))).resolves.toMatchObject({
      code: "SIGNATURE_MISMATCH",
    });
  });
});

describe("the payload", () => {
  it("may be promised, as after a decryption, and the event is read from it", async () => {
    const { verifyAndConvert } = verifierOf({
      payload: async (request) => ({ kind: request.text().toUpperCase() }),
      event: (_request, payload) => ({ type: stringAt(payload, ["kind"]) }),
    });
    await expect(verifyAndConvert("abc", signed("abc"))).resolves.toMatchObject({
      type: "ABC",
      payload: { kind: "ABC" },
    });
  });

  it("may refuse, at once or later", async () => {
    for (const payload of [
      () => refuse("DECRYPT_FAILED", "wrong key"),
      async () => refuse("DECRYPT_FAILED", "wrong key"),
    ]) {
      await expect(verifierOf({ payload }).safeVerify("{}", signed("{}"))).resolves.toMatchObject({
        code: "DECRYPT_FAILED",
        status: 500,
        reason: "wrong key",
      });
    }
  });

  it("is not read before the signature is right", async () => {
    let read = 0;
    const { safeVerify } = verifierOf({
      payload() {
        read += 1;
        return {};
      },
    });
    await safeVerify("{}", { "x-sig": "00" });
    expect(read).toBe(0);
    await safeVerify("{}", signed("{}"));
    expect(read).toBe(1);
  });
});

const fails = () => {
  throw new TypeError("x is undefined");
};

describe("a definition that fails", () => {
  it.each([
    [
      "signatures",
      { signature: { algorithm: hmac("sha256"), encoding: "hex" as const, read: fails } },
    ],
    ["content", { signedContent: fails }],
    ["content, later", { signedContent: () => Promise.reject(new TypeError("x is undefined")) }],
  ])("before the signature is checked (%s) refuses like a forgery", async (_name, definition) => {
    await expect(verifierOf(definition).safeVerify("{}", signed("{}"))).resolves.toMatchObject({
      valid: false,
      code: "MALFORMED_SIGNATURE",
      status: 401,
      cause: new TypeError("x is undefined"),
    });
  });

  it.each([
    ["payload", { payload: fails }],
    ["payload, later", { payload: () => Promise.reject(new TypeError("x is undefined")) }],
    ["event", { event: fails }],
  ])("after it (%s) answers 500, so that the platform tries again", async (_name, definition) => {
    await expect(verifierOf(definition).safeVerify("{}", signed("{}"))).resolves.toMatchObject({
      valid: false,
      code: "CONFIG",
      status: 500,
      cause: new TypeError("x is undefined"),
    });
  });
});

describe("what a request offers to a definition", () => {
  it("reads nested JSON by own properties only and never throws for it", async () => {
    const seen: unknown[] = [];
    const { safeVerify } = verifierOf({
      event(request) {
        seen.push(
          request.json("a", "b", "c"),
          request.string("a", "text"),
          request.string("a", "empty"),
          request.string("a", "b"),
          request.number("a", "n"),
          request.number("a", "text"),
          request.json("constructor"),
          request.json("a", "__proto__"),
          request.json("list", "length"),
          request.json("list", "0"),
          request.json("none", "x"),
        );
        return {};
      },
    });
    const body = '{"a":{"b":{"c":1},"text":"t","empty":"","n":2},"list":["x"],"none":null}';
    await safeVerify(body, signed(body));
    expect(seen).toEqual([
      1,
      "t",
      undefined,
      undefined,
      2,
      undefined,
      undefined,
      undefined,
      1,
      "x",
      undefined,
    ]);
  });

  it("hands on how the platform wants to be answered", () => {
    const acknowledge = { success: () => ({ status: 200, body: "success" }) };
    expect(interpretProvider({ ...LEAST, acknowledge }).acknowledge).toBe(acknowledge);
    expect(interpretProvider(LEAST)).not.toHaveProperty("acknowledge");
  });

  it("parses a form to byte strings, once", async () => {
    const gbk = Buffer.from([0xb2, 0xe2, 0xca, 0xd4]);
    let fields: readonly { name: string; value: string }[] = [];
    const { safeVerify } = verifierOf({
      event(request) {
        fields = request.form().map(({ name, value }) => ({
          name: new TextDecoder().decode(fromByteString(name)),
          value: new TextDecoder("gbk").decode(fromByteString(value)),
        }));
        return {
          id: request.field("a"),
          metadata: { b: request.field("b"), none: request.field("x") },
        };
      },
    });
    const percent = [...gbk].map((byte) => `%${byte.toString(16)}`).join("");
    const body = `a=1%2B2+3&&b=${percent}&b=second&flag&%zz=%4&=x&p=%2525`;
    const result = await safeVerify(body, signed(body));
    expect(fields).toEqual([
      { name: "a", value: "1+2 3" },
      { name: "b", value: "测试" },
      { name: "b", value: "second" },
      { name: "flag", value: "" },
      { name: "%zz", value: "%4" },
      { name: "", value: "x" },
      { name: "p", value: "%25" },
    ]);
    expect(result).toMatchObject({ event: { id: "1+2 3", metadata: { provider: "acme" } } });
  });

  it("refuses a form without end", async () => {
    const { safeVerify } = verifierOf({
      signedContent: (request) => [String(request.form().length)],
    });
    const body = "a&".repeat(1000);
    await expect(safeVerify(body, signed("1000"))).resolves.toMatchObject({ valid: true });
    await expect(safeVerify(`${body}a`, signed("1001"))).resolves.toMatchObject({
      code: "MALFORMED_PAYLOAD",
    });
  });
});
