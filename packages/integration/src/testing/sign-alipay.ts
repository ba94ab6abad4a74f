import { randomUUID, sign } from "node:crypto";
import { encodeGbk } from "./gbk.ts";
import type { AlipayPrivateKey } from "./platform-keys.ts";
import type { PlatformMessage, PlatformRequest } from "./platform-request.ts";
import { chinaTime, sentAt, toRequest } from "./platform-request.ts";

export interface AlipayMessage extends PlatformMessage {
  /** The parameters; those that every notification has are added where they are missing. */
  readonly payload: Readonly<Record<string, string>>;
  /** `notify_id`; default a new UUID. */
  readonly id?: string;
  /** `notify_type`; default `trade_status_sync`. */
  readonly type?: string;
  /** Default `utf-8`. */
  readonly charset?: "utf-8" | "gbk";
  /** Default `RSA2`. */
  readonly signType?: "RSA2" | "RSA";
  /** Signs `sign_type` too, as messages of the application gateway do; default false, as for trade notifications. */
  readonly signsType?: boolean;
}

export function signAlipay(
  message: AlipayMessage,
  { privateKey }: AlipayPrivateKey,
): PlatformRequest {
  const { charset = "utf-8", signType = "RSA2", signsType = false } = message;
  const encode = charset === "gbk" ? encodeGbk : utf8;
  const params: Record<string, string> = {
    notify_id: message.id ?? randomUUID(),
    notify_type: message.type ?? "trade_status_sync",
    notify_time: chinaTime(sentAt(message)).replace("T", " "),
    version: "1.0",
    ...message.payload,
    charset,
    sign_type: signType,
  };
  const names = Object.keys(params).toSorted();
  const content = names
    .filter((name) => signsType || name !== "sign_type")
    .map((name) => `${name}=${params[name]}`)
    .join("&");
  const hash = signType === "RSA2" ? "RSA-SHA256" : "RSA-SHA1";
  params["sign"] = sign(hash, encode(content), privateKey).toString("base64");
  const body = Object.entries(params)
    .map(([name, value]) => `${percentEncode(encode(name))}=${percentEncode(encode(value))}`)
    .join("&");
  return toRequest(message, body, {
    "content-type": `application/x-www-form-urlencoded; charset=${charset}`,
  });
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const PLAIN = /[\w.*-]/;

function percentEncode(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    if (PLAIN.test(character)) text += character;
    else if (character === " ") text += "+";
    else text += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}
