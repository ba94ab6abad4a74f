import type { InboundVerifier, VerifierConfig, WebhookProvider } from "@ventostack/webhook";
import {
  createGenericHmacVerifier,
  createInboundVerifier,
  createStandardWebhooksVerifier,
} from "@ventostack/webhook";
import {
  createAlipayVerifier,
  createDingTalkVerifier,
  createGitHubVerifier,
  createShopifyVerifier,
  createSlackVerifier,
  createStripeVerifier,
  createWeChatPayVerifier,
} from "../../src/index.ts";
import type { GeneratedKeys, PlatformName, PlatformRequest } from "../../src/testing/index.ts";
import { generatePlatformKeys } from "../../src/testing/index.ts";

export const NOW = 1_800_000_000_000;

const PROVIDERS: Readonly<Record<PlatformName, () => object>> = {
  stripe: createStripeVerifier,
  github: createGitHubVerifier,
  slack: createSlackVerifier,
  shopify: createShopifyVerifier,
  "wechat-pay": createWeChatPayVerifier,
  alipay: createAlipayVerifier,
  dingtalk: createDingTalkVerifier,
  "dingtalk-robot": createDingTalkVerifier,
  "standard-webhooks": createStandardWebhooksVerifier,
  "generic-hmac": () => createGenericHmacVerifier("sha256", "x-signature"),
};

export const PLATFORMS = Object.keys(PROVIDERS) as PlatformName[];

/** A verifier of a platform; the types of the settings are the platform's own, and tested elsewhere. */
export function verifierOf(
  platform: PlatformName,
  config: VerifierConfig<object>,
): InboundVerifier {
  const provider = PROVIDERS[platform]() as WebhookProvider;
  return createInboundVerifier({ provider, config: config as VerifierConfig });
}

export function verify(
  platform: PlatformName,
  { url, body, headers }: Pick<PlatformRequest, "url" | "headers"> & { body: string | Uint8Array },
  config: VerifierConfig<object>,
  now = NOW,
) {
  return verifierOf(platform, config).safeVerify(body, headers, { method: "POST", url, now });
}

const kept = new Map<PlatformName, unknown>();

/** Keys for a whole test file: making RSA keys takes a while. */
export function keysOf<P extends PlatformName>(platform: P): GeneratedKeys<P> {
  const keys = kept.get(platform) ?? generatePlatformKeys(platform);
  kept.set(platform, keys);
  return keys as GeneratedKeys<P>;
}
