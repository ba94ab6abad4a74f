import { generateKeyPairSync, randomBytes } from "node:crypto";
import type { VerifierConfig } from "@ventostack/webhook";
import { WebhookError } from "@ventostack/webhook";
import type { AlipayExtra } from "../providers/alipay.ts";
import type { DingTalkExtra } from "../providers/dingtalk-config.ts";
import type { WeChatPayExtra } from "../providers/wechat-pay.ts";

/** The key of a platform that shares a secret. */
export interface SharedSecret {
  readonly secret: string;
}

/** The keys of WeChat Pay. */
export interface WeChatPayPrivateKeys {
  /** PEM (PKCS#8). */
  readonly privateKey: string;
  /** The id of the public key, or the serial of the certificate, that belongs to it. */
  readonly serial: string;
  /** 32 bytes. Without it the payload is sent as the body, and not encrypted as its resource. */
  readonly apiV3Key?: string;
}

/** The key of Alipay. */
export interface AlipayPrivateKey {
  /** PEM (PKCS#8). */
  readonly privateKey: string;
}

/** The keys of DingTalk's event subscription. */
export interface DingTalkEventKeys {
  readonly token: string;
  /** 43 characters. */
  readonly encodingAesKey: string;
  readonly ownerKey: string;
}

/** What each platform signs with. */
export interface PlatformKeys {
  readonly stripe: SharedSecret;
  readonly github: SharedSecret;
  readonly slack: SharedSecret;
  readonly shopify: SharedSecret;
  readonly "wechat-pay": WeChatPayPrivateKeys;
  readonly alipay: AlipayPrivateKey;
  /** Subscribed events. */
  readonly dingtalk: DingTalkEventKeys;
  readonly "dingtalk-robot": SharedSecret;
  readonly "standard-webhooks": SharedSecret;
  readonly "generic-hmac": SharedSecret;
}

/** A platform whose requests can be signed here. */
export type PlatformName = keyof PlatformKeys;

interface Extras {
  readonly "wechat-pay": WeChatPayExtra;
  readonly alipay: AlipayExtra;
  readonly dingtalk: DingTalkExtra;
  readonly "dingtalk-robot": DingTalkExtra;
}

/** The configuration of a platform's verifier. */
export type PlatformConfig<P extends PlatformName> = VerifierConfig<
  P extends keyof Extras ? Extras[P] : Readonly<Record<string, unknown>>
>;

/** New keys of a platform, and the configuration with which its verifier believes them. */
export type GeneratedKeys<P extends PlatformName> = PlatformKeys[P] & {
  readonly config: PlatformConfig<P>;
};

const GENERATORS: { readonly [P in PlatformName]: () => GeneratedKeys<P> } = {
  stripe: () => shared(`whsec_${randomText(32)}`),
  github: () => shared(randomText(32)),
  slack: () => shared(randomBytes(16).toString("hex")),
  shopify: () => shared(`shpss_${randomBytes(16).toString("hex")}`),
  "wechat-pay"() {
    const { privateKey, publicKey } = rsaPair();
    const serial = `PUB_KEY_ID_${randomDigits(34)}`;
    const apiV3Key = randomText(32);
    const config = { publicKey, extra: { publicKeyId: serial, apiV3Key } };
    return { privateKey, serial, apiV3Key, config };
  },
  alipay() {
    const { privateKey, publicKey } = rsaPair();
    return { privateKey, config: { publicKey } };
  },
  dingtalk() {
    const encodingAesKey = randomBytes(32).toString("base64").slice(0, -1);
    const keys = { token: randomText(16), encodingAesKey, ownerKey: `ding${randomText(16)}` };
    return { ...keys, config: { extra: keys } };
  },
  "dingtalk-robot": () => shared(randomText(64)),
  "standard-webhooks": () => shared(`whsec_${randomBytes(32).toString("base64")}`),
  "generic-hmac": () => shared(randomText(32)),
};

/**
 * Makes new keys for tests, of the kind and form that the platform has, with a verifier's `config` beside them.
 * @throws WebhookError INVALID_OPTION for an unknown platform
 */
export function generatePlatformKeys<P extends PlatformName>(platform: P): GeneratedKeys<P> {
  checkPlatform(platform);
  return GENERATORS[platform]();
}

/** @throws WebhookError INVALID_OPTION */
export function checkPlatform(platform: unknown): void {
  if (typeof platform === "string" && Object.hasOwn(GENERATORS, platform)) return;
  throw new WebhookError(
    "INVALID_OPTION",
    `platform must be one of ${Object.keys(GENERATORS).join(", ")}`,
  );
}

function shared(secret: string): SharedSecret & { readonly config: SharedSecret } {
  return { secret, config: { secret } };
}

function rsaPair(): { readonly privateKey: string; readonly publicKey: string } {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
}

function randomText(length: number): string {
  return randomBytes(length).toString("hex").slice(0, length);
}

function randomDigits(length: number): string {
  return Array.from(randomBytes(length), (byte) => String(byte % 10)).join("");
}
