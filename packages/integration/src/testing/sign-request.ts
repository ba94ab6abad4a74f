import { WebhookError } from "@ventostack/webhook";
import type { PlatformKeys, PlatformName } from "./platform-keys.ts";
import { checkPlatform } from "./platform-keys.ts";
import type { AlipayMessage } from "./sign-alipay.ts";
import { signAlipay } from "./sign-alipay.ts";
import { signDingTalkEvent, signDingTalkRobot } from "./sign-dingtalk.ts";
import type { GenericMessage, GitHubMessage, NamedMessage, SlackMessage } from "./sign-hmac.ts";
import {
  signGeneric,
  signGitHub,
  signShopify,
  signSlack,
  signStandard,
  signStripe,
} from "./sign-hmac.ts";
import type { WeChatPayMessage } from "./sign-wechat-pay.ts";
import { signWeChatPay } from "./sign-wechat-pay.ts";
import type { PlatformMessage, PlatformRequest } from "./platform-request.ts";

/** What each platform can be made to say. */
export interface PlatformMessages {
  readonly stripe: PlatformMessage;
  readonly github: GitHubMessage;
  readonly slack: SlackMessage;
  /** `type` is the topic. */
  readonly shopify: NamedMessage;
  readonly "wechat-pay": WeChatPayMessage;
  readonly alipay: AlipayMessage;
  /** The payload holds its type as `EventType`. */
  readonly dingtalk: PlatformMessage;
  readonly "dingtalk-robot": PlatformMessage;
  readonly "standard-webhooks": NamedMessage;
  readonly "generic-hmac": GenericMessage;
}

type Signer<P extends PlatformName> = (
  message: PlatformMessages[P],
  keys: PlatformKeys[P],
) => PlatformRequest;

const SIGNERS: { readonly [P in PlatformName]: Signer<P> } = {
  stripe: signStripe,
  github: signGitHub,
  slack: signSlack,
  shopify: signShopify,
  "wechat-pay": signWeChatPay,
  alipay: signAlipay,
  dingtalk: signDingTalkEvent,
  "dingtalk-robot": signDingTalkRobot,
  "standard-webhooks": signStandard,
  "generic-hmac": signGeneric,
};

const SECRET = ["secret"];

/** What no request of a platform can be signed without. */
const NEEDED: { readonly [P in PlatformName]: readonly string[] } = {
  stripe: SECRET,
  github: SECRET,
  slack: SECRET,
  shopify: SECRET,
  "wechat-pay": ["privateKey"],
  alipay: ["privateKey"],
  dingtalk: ["token", "encodingAesKey", "ownerKey"],
  "dingtalk-robot": SECRET,
  "standard-webhooks": SECRET,
  "generic-hmac": SECRET,
};

function checkKeys(platform: PlatformName, keys: object): void {
  const given: Readonly<Record<string, unknown>> = Object(keys);
  const missing = NEEDED[platform].find((name) => !given[name]);
  if (missing === undefined) return;
  throw new WebhookError(
    "INVALID_OPTION",
    `a request of ${platform} cannot be signed without keys.${missing}: is its environment variable set?`,
  );
}

/**
 * Makes a request as the platform would send it, so that a handler can be tested without the platform.
 * @example
 * ```ts
 * import { createStripeVerifier } from "@ventostack/integration";
 * import { generatePlatformKeys, signRequest } from "@ventostack/integration/testing";
 * import { createInboundVerifier } from "@ventostack/webhook";
 *
 * const keys = generatePlatformKeys("stripe");
 * const verifier = createInboundVerifier({ provider: createStripeVerifier(), config: keys.config });
 * const { url, ...init } = signRequest("stripe", { payload: { id: "evt_1", type: "charge.succeeded" } }, keys);
 * const event = await verifier.verifyRequest(new Request(url, init));
 * console.log(event.type);
 * ```
 * @throws WebhookError INVALID_OPTION, INVALID_PAYLOAD
 */
export function signRequest<P extends PlatformName>(
  platform: P,
  message: PlatformMessages[P],
  keys: PlatformKeys[P],
): PlatformRequest {
  checkPlatform(platform);
  checkKeys(platform, keys);
  return SIGNERS[platform](message, keys);
}
