import { sign } from "node:crypto";
import { createInboundVerifier } from "@ventostack/webhook";
import type { RequestContext } from "@ventostack/webhook";
import type { AlipayExtra } from "../../src/index.ts";
import { createAlipayVerifier } from "../../src/index.ts";
import { keysOf, NOW } from "./platforms.ts";

export const { config, privateKey } = keysOf("alipay");
export const PARAMS = {
  app_id: "2021000000000000",
  charset: "utf-8",
  notify_id: "n-1",
  notify_time: "2027-01-15 16:00:01",
  notify_type: "trade_status_sync",
  out_trade_no: "order-001",
  seller_id: "2088102119685838",
  subject: "测试 & 商品=1+1",
  total_amount: "100.00",
  trade_no: "2027011522001",
  trade_status: "TRADE_SUCCESS",
};
export type Params = Readonly<Record<string, string>>;

export function verify(
  body: string,
  { extra = {}, context = {} }: { extra?: AlipayExtra; context?: RequestContext } = {},
) {
  const { safeVerify } = createInboundVerifier({
    provider: createAlipayVerifier(),
    config: { publicKey: config.publicKey, extra },
  });
  return safeVerify(body, {}, { now: NOW, ...context });
}

/** The signature over exactly these parameters. */
export function signatureOf(params: Params, hash = "RSA-SHA256"): string {
  const names = Object.keys(params).toSorted();
  const content = names.map((name) => `${name}=${params[name]}`).join("&");
  return sign(hash, Buffer.from(content), privateKey).toString("base64");
}

/** A form of these parameters, signed over `signed`. */
export function form(params: Params, signed: Params = params, hash?: string): string {
  return new URLSearchParams({ ...params, sign: signatureOf(signed, hash) }).toString();
}
