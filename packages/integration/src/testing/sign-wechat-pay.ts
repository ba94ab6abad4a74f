import { createCipheriv, randomBytes, randomUUID, sign } from "node:crypto";
import { fromHex, toBase64 } from "@ventostack/webhook";
import type { WeChatPayPrivateKeys } from "./platform-keys.ts";
import type { PlatformRequest } from "./platform-request.ts";
import { chinaTime, secondsOf, sentAt, textOf, toRequest } from "./platform-request.ts";
import type { NamedMessage } from "./sign-hmac.ts";

export interface WeChatPayMessage extends NamedMessage {
  /** Default `transaction`. */
  readonly resourceType?: string;
}

/**
 * The payload is encrypted as the resource of a notification, whose type is `TRANSACTION.SUCCESS` unless it is given;
 * without an APIv3 key it is the body.
 */
export function signWeChatPay(
  message: WeChatPayMessage,
  { privateKey, serial, apiV3Key }: WeChatPayPrivateKeys,
): PlatformRequest {
  const text = textOf(message.payload);
  const body =
    apiV3Key === undefined ? text : JSON.stringify(notification(message, text, apiV3Key));
  const seconds = secondsOf(message);
  const nonce = randomBytes(16).toString("hex");
  const content = new TextEncoder().encode(`${seconds}\n${nonce}\n${body}\n`);
  return toRequest(message, body, {
    "wechatpay-nonce": nonce,
    "wechatpay-serial": serial,
    "wechatpay-signature": sign("RSA-SHA256", content, privateKey).toString("base64"),
    "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
    "wechatpay-timestamp": seconds,
  });
}

function notification(message: WeChatPayMessage, text: string, apiV3Key: string): object {
  const { id = randomUUID(), type = "TRANSACTION.SUCCESS", resourceType = "transaction" } = message;
  const nonce = randomBytes(6).toString("hex");
  const cipher = createCipheriv("aes-256-gcm", apiV3Key, nonce);
  cipher.setAAD(new TextEncoder().encode(resourceType));
  const hex =
    cipher.update(text, "utf8", "hex") + cipher.final("hex") + cipher.getAuthTag().toString("hex");
  return {
    id,
    create_time: `${chinaTime(sentAt(message))}+08:00`,
    resource_type: "encrypt-resource",
    event_type: type,
    summary: type,
    resource: {
      original_type: resourceType,
      algorithm: "AEAD_AES_256_GCM",
      ciphertext: toBase64(fromHex(hex) ?? new Uint8Array()),
      associated_data: resourceType,
      nonce,
    },
  };
}
