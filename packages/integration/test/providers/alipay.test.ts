import { createInboundVerifier, createWebhookHandler } from "@ventostack/webhook";
import { describe, expect, it } from "vitest";
import { createAlipayVerifier } from "../../src/index.ts";
import { signedForms } from "../../src/providers/alipay-content.ts";
import { signRequest } from "../../src/testing/index.ts";
import { config, form, PARAMS, privateKey, signatureOf, verify } from "./alipay-requests.ts";
import { NOW } from "./platforms.ts";

describe("createAlipayVerifier", () => {
  it("reads a trade notification, whose time is China's", async () => {
    await expect(verify(form(PARAMS))).resolves.toEqual({
      valid: true,
      event: {
        id: "n-1",
        type: "trade_status_sync",
        source: "alipay",
        payload: PARAMS,
        timestamp: Date.UTC(2027, 0, 15, 8, 0, 1),
        metadata: {
          provider: "alipay",
          appId: "2021000000000000",
          sellerId: "2088102119685838",
          tradeNo: "2027011522001",
          outTradeNo: "order-001",
          tradeStatus: "TRADE_SUCCESS",
          totalAmount: "100.00",
        },
      },
    });
  });

  it("reads a message of the gateway, which names its method and the time in milliseconds", async () => {
    const params = { notify_id: "g-1", msg_method: "a.b", utc_timestamp: String(NOW - 5) };
    await expect(verify(form(params))).resolves.toMatchObject({
      event: { id: "g-1", type: "a.b", timestamp: NOW - 5 },
    });
    for (const time of ["soon", "-1", "1".repeat(16)]) {
      const late = { ...params, utc_timestamp: time };
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(verify(form(late))).resolves.toMatchObject({ event: { timestamp: NOW } });
    }
  });

  it("does not judge the time, because retries over 25 hours have the same signature", async () => {
    const old = { ...PARAMS, notify_time: "2020-01-01 00:00:00" };
    await expect(verify(form(old))).resolves.toMatchObject({ valid: true });
  });

  const full = { ...PARAMS, empty: "", sign_type: "RSA2" };
  const { sign_type: _, ...withoutType } = full;
  const { empty: __, ...withoutEmpty } = full;
  it.each([
    ["without sign_type, with what is empty", withoutType],
    ["without sign_type and what is empty", PARAMS],
    ["with sign_type and what is empty", full],
    ["with sign_type, without what is empty", withoutEmpty],
  ])("knows the content %s, and delivers no more than was signed", async (_name, signed) => {
    await expect(verify(form(full, signed))).resolves.toMatchObject({
      valid: true,
      event: { payload: signed },
    });
    const result = await verify(form(full, signed));
    expect(result.valid && result.event.payload).toEqual(signed);
  });

  it.each([
    ["sign_type=RSA2&a=1&b=", 4],
    ["sign_type=RSA2&a=1", 2],
    ["a=1&b=", 2],
    ["a=1", 1],
  ])("tries no content of %s twice, as each costs a verification", (body, count) => {
    const params = [...new URLSearchParams(`${body}&sign=x`)].map(([name, value]) => ({
      name,
      value,
      signed: `${name}=${value}`,
    }));
    const forms = signedForms(params).map((signed) => signed.map(({ name }) => name).join());
    expect(forms).toHaveLength(count);
    expect(new Set(forms).size).toBe(count);
  });

  it("does not deliver the empty parameters that anybody can add", async () => {
    const body = `${form(PARAMS)}&refund_fee=&gmt_refund=`;
    const result = await verify(body);
    expect(result.valid && result.event.payload).toEqual(PARAMS);
  });

  it.each([
    ["one added", { ...PARAMS, refund_fee: "1.00" }],
    ["one changed", { ...PARAMS, total_amount: "1000.00" }],
    ["one emptied", { ...PARAMS, trade_status: "" }],
    ["two swapped", { ...PARAMS, trade_no: PARAMS.out_trade_no, out_trade_no: PARAMS.trade_no }],
  ])("refuses parameters with %s", async (_name, params) => {
    await expect(verify(form(params, PARAMS))).resolves.toMatchObject({
      code: "SIGNATURE_MISMATCH",
    });
  });

  it.each(["total_amount=100.00", "sign=", "%74otal_amount=1", "sign_type=RSA2&sign_type=RSA2"])(
    "refuses a repeated parameter (%s)",
    async (more) => {
      await expect(verify(`${form(PARAMS)}&${more}`)).resolves.toMatchObject({
        code: "MALFORMED_PAYLOAD",
      });
    },
  );

  it("refuses parameters whose borders were moved within the signed text", async () => {
    // The buyer chose the text; the notification is genuine but can be read as another.
    const body = "x&out_trade_no=victim&total_amount=9999.00&total_amounz=";
    const genuine = { app_id: PARAMS.app_id, body, out_trade_no: "mine", total_amount: "0.01" };
    const moved = {
      app_id: PARAMS.app_id,
      body: "x",
      out_trade_no: "victim",
      total_amount: "9999.00",
      total_amounz: "&out_trade_no=mine&total_amount=0.01",
    };
    expect(signatureOf(moved)).toBe(signatureOf(genuine));
    for (const params of [moved, genuine]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(verify(form(params, genuine))).resolves.toMatchObject({
        code: "MALFORMED_PAYLOAD",
      });
    }
    // A name that is guarded by itself, and one that is because the notification has it.
    for (const params of [
      { ...PARAMS, body: "x&refund_fee=1" },
      { ...PARAMS, body: "x&mine=1", mine: "2" },
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(verify(form(params))).resolves.toMatchObject({ code: "MALFORMED_PAYLOAD" });
    }
    const url = { ...PARAMS, body: "https://shop.example/?a=1&b=2&c" };
    await expect(verify(form(url))).resolves.toMatchObject({ event: { payload: url } });
  });

  it("delivers a byte order mark that was signed", async () => {
    const params = { ...PARAMS, body: "\uFEFFx" };
    await expect(verify(form(params))).resolves.toMatchObject({ event: { payload: params } });
  });

  it("decodes values once only", async () => {
    const params = { ...PARAMS, passback_params: "%7B%22id%22%3A1%7D", body: "a+b %2B" };
    await expect(verify(form(params))).resolves.toMatchObject({ event: { payload: params } });
  });

  it("refuses SHA-1 unless it is allowed, and then for RSA only", async () => {
    const rsa = { ...PARAMS, sign_type: "RSA" };
    const body = form(rsa, PARAMS, "RSA-SHA1");
    await expect(verify(body)).resolves.toMatchObject({ code: "UNSUPPORTED_ALGORITHM" });
    const extra = { allowSha1: true };
    await expect(verify(body, { extra })).resolves.toMatchObject({ valid: true });
    await expect(verify(form(PARAMS), { extra })).resolves.toMatchObject({ valid: true });
    for (const type of ["RSA2", ""]) {
      const claimed = form({ ...PARAMS, sign_type: type }, PARAMS, "RSA-SHA1");
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(verify(claimed, { extra })).resolves.toMatchObject({
        code: "SIGNATURE_MISMATCH",
      });
    }
    for (const type of ["MD5", "SM2", "rsa2", "RSA2 "]) {
      const claimed = form({ ...PARAMS, sign_type: type }, PARAMS);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(verify(claimed, { extra })).resolves.toMatchObject({
        code: "UNSUPPORTED_ALGORITHM",
      });
    }
  });

  it("refuses a notification for another app, or for none", async () => {
    const extra = { appId: "2021000000000000" };
    await expect(verify(form(PARAMS), { extra })).resolves.toMatchObject({ valid: true });
    const { app_id: _id, ...without } = PARAMS;
    for (const params of [{ ...PARAMS, app_id: "2" }, without, { ...without, app_id: "" }]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(verify(form(params), { extra })).resolves.toMatchObject({
        code: "ACCOUNT_MISMATCH",
        status: 403,
      });
    }
    await expect(verify(form(PARAMS), { extra: { appId: "" } })).resolves.toMatchObject({
      code: "CONFIG",
    });
  });

  it.each(["sign", "sign=", "a=b", "not a form", "{}", "&&&"])("refuses %j", async (body) => {
    await expect(verify(body)).resolves.toMatchObject({ code: "MISSING_SIGNATURE" });
  });
});

describe("Alipay is answered", () => {
  const handler = createWebhookHandler({
    verifier: createInboundVerifier({ provider: createAlipayVerifier(), config }),
    onEvent({ id }) {
      if (id === "fails") throw new Error("as ordered");
    },
    onError: () => {},
  });
  const post = async (id: string, body?: string) => {
    const { url, ...init } = signRequest("alipay", { payload: PARAMS, id }, { privateKey });
    const sent = { ...init, body: body ?? init.body.replace("notify_id=n-1", `notify_id=${id}`) };
    const response = await handler(new Request(url, sent));
    return [response.status, response.headers.get("content-type"), await response.text()];
  };

  it("with the word success and nothing else", async () => {
    expect(await post("n-1")).toEqual([200, "text/plain", "success"]);
  });

  it("with failure for what was refused", async () => {
    expect(await post("n-2")).toEqual([401, "text/plain", "failure"]);
    expect(await post("n-3", "a=b")).toEqual([401, "text/plain", "failure"]);
  });

  it("with failure for what could not be handled, so that it comes again", async () => {
    const { url, ...init } = signRequest("alipay", { payload: {}, id: "fails" }, { privateKey });
    const response = await handler(new Request(url, init));
    expect([response.status, await response.text()]).toEqual([500, "failure"]);
  });
});
