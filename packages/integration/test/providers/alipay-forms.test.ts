import { describe, expect, it } from "vitest";
import { encodeGbk } from "../../src/testing/gbk.ts";
import { signRequest } from "../../src/testing/index.ts";
import type { Params } from "./alipay-requests.ts";
import { form, PARAMS, privateKey, signatureOf, verify } from "./alipay-requests.ts";

describe("a notification in GBK", () => {
  const gbk = { ...PARAMS, charset: "GBK", subject: "测试商品" };
  const request = signRequest("alipay", { payload: gbk, charset: "gbk" }, { privateKey });

  it("is verified and decoded byte by byte", async () => {
    await expect(verify(request.body)).resolves.toMatchObject({
      event: { payload: { subject: "测试商品", charset: "gbk" } },
    });
    // The second byte of 测 becomes that of another character.
    const changed = request.body.replace("%B2%E2", "%B2%E3");
    expect(changed).not.toBe(request.body);
    await expect(verify(changed)).resolves.toMatchObject({ code: "SIGNATURE_MISMATCH" });
  });

  it("may hold bytes that look like a letter or a backslash", async () => {
    // 乗 and 乱 end in 0x5c and 0x79 or the like: second bytes of GBK overlap with ASCII.
    const subject = "乗乱亅亇";
    expect([...encodeGbk(subject)].some((byte) => byte < 128)).toBe(true);
    const { body } = signRequest(
      "alipay",
      { payload: { subject }, charset: "gbk" },
      { privateKey },
    );
    await expect(verify(body)).resolves.toMatchObject({ event: { payload: { subject } } });
  });

  it("cannot be verified from a parsed form, unless it is ASCII", async () => {
    const bodyParams = Object.fromEntries(new URLSearchParams(request.body));
    await expect(verify("", { context: { bodyParams } })).resolves.toMatchObject({
      code: "MALFORMED_PAYLOAD",
      reason: expect.stringContaining("raw body"),
    });
    const ascii = { ...PARAMS, charset: "gbk", subject: "plain" };
    const parsed = Object.fromEntries(new URLSearchParams(form(ascii)));
    await expect(verify("", { context: { bodyParams: parsed } })).resolves.toMatchObject({
      valid: true,
    });
  });

  it.each(["utf-16le", "iso-8859-1", "x-user-defined", "no such"])(
    "is not what the charset %s is",
    async (charset) => {
      await expect(verify(form({ ...PARAMS, charset }))).resolves.toMatchObject({
        code: "MALFORMED_PAYLOAD",
      });
    },
  );
});

describe("a parsed form", () => {
  const params: Params = { ...PARAMS, fund_bill_list: '[{"amount":"0.10"}]', empty: "" };
  const parsed: Params = { ...params, sign: signatureOf(params) };
  const raw = new URLSearchParams(parsed).toString();

  it("is enough without a body, from the context or the configuration", async () => {
    for (const settings of [
      { context: { bodyParams: parsed } },
      { extra: { bodyParams: parsed } },
      { context: { bodyParams: parsed }, extra: { bodyParams: { sign: "x" } } },
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(verify("", settings)).resolves.toMatchObject({ event: { payload: params } });
    }
  });

  it("may have what a parser makes of JSON and of nothing", async () => {
    const bodyParams = { ...parsed, fund_bill_list: [{ amount: "0.10" }], more: undefined };
    await expect(verify("", { context: { bodyParams } })).resolves.toMatchObject({
      event: { payload: params },
    });
  });

  it("must agree with the raw body", async () => {
    await expect(verify(raw, { context: { bodyParams: parsed } })).resolves.toMatchObject({
      valid: true,
    });
    const { empty: _, ...less } = parsed;
    for (const bodyParams of [
      { ...parsed, total_amount: "1.00" },
      { ...parsed, refund_fee: "1.00" },
      { ...less, other: "" },
      less,
      {},
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(verify(raw, { context: { bodyParams } })).resolves.toMatchObject({
        code: "MALFORMED_PAYLOAD",
      });
    }
  });

  it("may stand in the raw body's place as JSON, if it is the same", async () => {
    const context = { bodyParams: parsed };
    const { empty: _, ...less } = parsed;
    await expect(verify(JSON.stringify(parsed), { context })).resolves.toMatchObject({
      event: { payload: params },
    });
    for (const body of [{ ...parsed, total_amount: "1.00" }, less, [], null, "x"]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(verify(JSON.stringify(body), { context })).resolves.toMatchObject({
        code: "MALFORMED_PAYLOAD",
      });
    }
    await expect(verify(JSON.stringify(parsed))).resolves.toMatchObject({ valid: false });
  });

  it("has no names that every object inherits", async () => {
    const bodyParams: Params = JSON.parse('{"__proto__":"x","constructor":"y","sign":"AAAA"}');
    await expect(verify("", { context: { bodyParams } })).resolves.toMatchObject({
      code: "SIGNATURE_MISMATCH",
    });
    const odd: Params = JSON.parse('{"__proto__":"x","constructor":"y","toString":"z"}');
    const result = await verify(form(odd));
    const payload: object = Object((result.valid && result.event.payload) || {});
    expect(Object.keys(payload)).toEqual(Object.keys(odd).toSorted());
    expect(Object.hasOwn(payload, "__proto__")).toBe(true);
    // What was verified is its own, and nothing else changed.
    expect(Object.hasOwn(Object.prototype, "x")).toBe(false);
  });

  it("is needed where there is no body", async () => {
    await expect(verify("")).resolves.toMatchObject({
      code: "MALFORMED_PAYLOAD",
      reason: expect.stringContaining("empty"),
    });
  });
});
