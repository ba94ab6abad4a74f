import { createHmac, randomBytes } from "node:crypto";
import { WebhookError } from "@ventostack/webhook";
import { aesKeyOf, sealMessage, signMessage } from "../providers/dingtalk-crypto.ts";
import type { DingTalkEventKeys, SharedSecret } from "./platform-keys.ts";
import type { PlatformMessage, PlatformRequest } from "./platform-request.ts";
import { sentAt, textOf, toRequest } from "./platform-request.ts";

export function signDingTalkEvent(
  message: PlatformMessage,
  { token, encodingAesKey, ownerKey }: DingTalkEventKeys,
): PlatformRequest {
  const key = aesKeyOf(encodingAesKey);
  if (!key) throw new WebhookError("INVALID_OPTION", "encodingAesKey has 43 characters of base64");
  const encrypt = sealMessage(key, { message: textOf(message.payload), owner: ownerKey });
  const timestamp = String(sentAt(message));
  const nonce = randomBytes(8).toString("hex");
  const signature = signMessage([token, timestamp, nonce, encrypt]);
  return toRequest(message, JSON.stringify({ encrypt }), {}, { signature, timestamp, nonce });
}

export function signDingTalkRobot(
  message: PlatformMessage,
  { secret }: SharedSecret,
): PlatformRequest {
  const timestamp = String(sentAt(message));
  const sign = createHmac("sha256", secret).update(`${timestamp}\n${secret}`).digest("base64");
  return toRequest(message, textOf(message.payload), { timestamp, sign });
}
