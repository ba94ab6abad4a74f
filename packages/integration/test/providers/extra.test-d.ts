import type { VerifierConfig, WebhookProvider } from "@ventostack/webhook";
import { createInboundVerifier } from "@ventostack/webhook";
import { describe, expectTypeOf, it } from "vitest";
import type { AlipayExtra, DingTalkExtra, WeChatPayExtra } from "../../src/index.ts";
import {
  createAlipayVerifier,
  createDingTalkVerifier,
  createShopifyVerifier,
  createSlackVerifier,
  createWeChatPayVerifier,
} from "../../src/index.ts";
import { generatePlatformKeys, signRequest } from "../../src/testing/index.ts";

type ExtraOf<P> = P extends WebhookProvider<VerifierConfig<infer E>> ? E : never;

describe("the settings of each platform", () => {
  it("are its own", () => {
    expectTypeOf(createSlackVerifier).returns.toEqualTypeOf<WebhookProvider>();
    expectTypeOf(createShopifyVerifier).returns.toEqualTypeOf<WebhookProvider>();
    expectTypeOf<
      ExtraOf<ReturnType<typeof createWeChatPayVerifier>>
    >().toEqualTypeOf<WeChatPayExtra>();
    expectTypeOf<ExtraOf<ReturnType<typeof createAlipayVerifier>>>().toEqualTypeOf<AlipayExtra>();
    expectTypeOf<
      ExtraOf<ReturnType<typeof createDingTalkVerifier>>
    >().toEqualTypeOf<DingTalkExtra>();
  });

  it("are checked where a verifier is made", () => {
    const certificates = { "0A": "-----BEGIN CERTIFICATE-----" };
    createInboundVerifier({
      provider: createWeChatPayVerifier(),
      config: { extra: { certificates, keyResolver: async () => undefined } },
    });
    createInboundVerifier({
      provider: createWeChatPayVerifier(),
      // @ts-expect-error -- no such setting
      config: { extra: { certs: certificates } },
    });
    createInboundVerifier({
      provider: createDingTalkVerifier(),
      config: { secret: "s", extra: { timestamp: 1, sign: undefined } },
    });
    createInboundVerifier({
      provider: createAlipayVerifier(),
      // @ts-expect-error -- a boolean
      config: { publicKey: "k", extra: { allowSha1: "yes" } },
    });
    // @ts-expect-error -- Slack has none
    const wrong: VerifierConfig = { extra: 1 };
    expectTypeOf(wrong).toExtend<VerifierConfig>();
  });
});

describe("signRequest", () => {
  it("takes the keys and the message of its platform", () => {
    signRequest("stripe", { payload: {} }, { secret: "s" });
    // @ts-expect-error -- WeChat Pay has a private key
    signRequest("wechat-pay", { payload: {} }, { secret: "s" });
    // @ts-expect-error -- Alipay's parameters are texts
    signRequest("alipay", { payload: { a: 1 } }, generatePlatformKeys("alipay"));
    // @ts-expect-error -- the fields of a command are texts
    signRequest("slack", { payload: { a: 1 }, as: "command" }, { secret: "s" });
    // @ts-expect-error -- no such platform
    generatePlatformKeys("paypal");
  });

  it("comes with keys whose config the platform's verifier takes", () => {
    const { config } = generatePlatformKeys("dingtalk");
    createInboundVerifier({ provider: createDingTalkVerifier(), config });
    expectTypeOf(config.extra).toEqualTypeOf<DingTalkExtra | undefined>();
    expectTypeOf(generatePlatformKeys("stripe").secret).toEqualTypeOf<string>();
  });
});
