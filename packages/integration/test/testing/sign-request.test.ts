import { createWebhookHandler, WebhookError } from "@ventostack/webhook";
import { describe, expect, it } from "vitest";
import { encodeGbk } from "../../src/testing/gbk.ts";
import type { PlatformName } from "../../src/testing/index.ts";
import { generatePlatformKeys, signRequest } from "../../src/testing/index.ts";
import { keysOf, NOW, PLATFORMS, verifierOf, verify } from "../providers/platforms.ts";

const PAYLOAD = { hello: "wörld 测试 🎉", n: 1 };

describe("signRequest", () => {
  it.each(PLATFORMS)("makes requests that the verifier of %s believes", async (platform) => {
    // Alipay's payload is texts, all others take anything.
    const payload: Record<string, string> = { hello: "wörld 测试 & a=b", "+": "%41 +" };
    const keys = keysOf(platform);
    const request = signRequest(platform, { payload, timestamp: NOW }, keys);
    const result = await verify(platform, request, keys.config);
    expect(result).toMatchObject({
      valid: true,
      event: { source: platform === "dingtalk-robot" ? "dingtalk" : platform, payload },
    });
    await expect(
      verify(platform, request, generatePlatformKeys(platform).config),
    ).resolves.toMatchObject({ valid: false });
  });

  it.each(PLATFORMS)(
    "says which key of %s is missing, as an unset variable would be",
    (platform) => {
      const { config: _, ...keys } = generatePlatformKeys(platform);
      const needed = Object.keys(keys).filter((name) => !["apiV3Key", "serial"].includes(name));
      for (const name of needed) {
        const without = { ...keys, [name]: "" };
        expect(() => signRequest(platform, { payload: {} }, without)).toThrow(
          expect.objectContaining({
            code: "INVALID_OPTION",
            message: expect.stringContaining(name),
          }),
        );
      }
    },
  );

  it.each(PLATFORMS)("makes other keys for %s each time", (platform) => {
    const { config, ...first } = generatePlatformKeys(platform);
    const { config: _, ...second } = generatePlatformKeys(platform);
    expect(config).toBeDefined();
    for (const [name, value] of Object.entries(first)) {
      expect(second).not.toHaveProperty(name, value);
    }
  });

  it("sends at the time, to the address and with the headers that are given", () => {
    const request = signRequest(
      "stripe",
      {
        payload: "{}",
        timestamp: NOW,
        url: "https://shop.example/hooks?a=1",
        headers: { "user-agent": "Stripe/1.0" },
      },
      { secret: "whsec_1" },
    );
    expect(request).toMatchObject({
      method: "POST",
      url: "https://shop.example/hooks?a=1",
      body: "{}",
      headers: { "content-type": "application/json", "user-agent": "Stripe/1.0" },
    });
    expect(request.headers["stripe-signature"]).toMatch(/^t=1800000000,v1=[0-9a-f]{64}$/);
  });

  it("is a Request that a handler answers", async () => {
    const keys = keysOf("dingtalk");
    const types: string[] = [];
    const handler = createWebhookHandler({
      verifier: verifierOf("dingtalk", keys.config),
      onEvent: ({ type }) => types.push(type),
    });
    const { url, ...init } = signRequest("dingtalk", { payload: { EventType: "a" } }, keys);
    expect(new URL(url).searchParams.get("nonce")).toMatch(/^[0-9a-f]{16}$/);
    const response = await handler(new Request(url, init));
    expect(response.status).toBe(200);
    expect(types).toEqual(["a"]);
  });

  it("says id, type and time the way each platform does", async () => {
    const message = { payload: PAYLOAD, id: "id-1", type: "a/b", timestamp: NOW };
    for (const platform of ["github", "shopify", "wechat-pay"] as const) {
      const keys = keysOf(platform);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const result = await verify(platform, signRequest(platform, message, keys), keys.config);
      expect(result).toMatchObject({
        valid: true,
        event: { source: platform, id: "id-1", type: "a/b", payload: PAYLOAD, timestamp: NOW },
      });
    }
    const keys = keysOf("alipay");
    const alipay = signRequest("alipay", { ...message, payload: {} }, keys);
    await expect(verify("alipay", alipay, keys.config)).resolves.toMatchObject({
      event: { id: "id-1", type: "a/b", timestamp: NOW },
    });
    const standard = signRequest("standard-webhooks", message, keysOf("standard-webhooks"));
    expect(standard.headers["webhook-id"]).toBe("id-1");
  });

  it("fills GitHub's form", async () => {
    const keys = keysOf("github");
    const request = signRequest("github", { payload: PAYLOAD, form: true }, keys);
    expect(request.body).toMatch(/^payload=%7B/);
    await expect(verify("github", request, keys.config)).resolves.toMatchObject({
      event: { payload: PAYLOAD },
    });
  });

  it("sends each of Slack's three kinds of body", async () => {
    const keys = keysOf("slack");
    const command = { command: "/deploy", text: "now & here", trigger_id: "1.2" };
    for (const [message, expected] of [
      [{ payload: { type: "event_callback", event: { type: "x" } } }, { type: "x" }],
      [
        { payload: { type: "block_actions", text: "&=+" }, as: "interaction" },
        { type: "block_actions", payload: { type: "block_actions", text: "&=+" } },
      ],
      [
        { payload: command, as: "command" },
        { type: "slash_command", payload: command },
      ],
    ] as const) {
      const request = signRequest("slack", { ...message, timestamp: NOW }, keys);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(verify("slack", request, keys.config)).resolves.toMatchObject({
        valid: true,
        event: expected,
      });
    }
  });

  it.each([
    ["utf-8", "RSA2", false],
    ["utf-8", "RSA2", true],
    ["gbk", "RSA2", false],
    ["gbk", "RSA2", true],
    ["gbk", "RSA", false],
  ] as const)("signs for Alipay in %s with %s", async (charset, signType, signsType) => {
    const keys = keysOf("alipay");
    const payload = { subject: "测试 & 商品=1+1 €", empty: "", app_id: "1" };
    const request = signRequest("alipay", { payload, charset, signType, signsType }, keys);
    expect(request.body).toContain(charset === "gbk" ? "subject=%B2%E2%CA%D4+" : "%E6%B5%8B");
    const config = { ...keys.config, extra: { appId: "1", allowSha1: signType === "RSA" } };
    const result = await verify("alipay", request, config);
    expect(result).toMatchObject({ valid: true, event: { payload: { ...payload, charset } } });
    expect(
      Object.hasOwn((result.valid && (result.event.payload as object)) || {}, "sign_type"),
    ).toBe(signsType);
  });

  it("sends WeChat Pay's resource encrypted, and the payload itself without an APIv3 key", async () => {
    const { config, ...keys } = keysOf("wechat-pay");
    const sealed = signRequest("wechat-pay", { payload: PAYLOAD, timestamp: NOW }, keys);
    expect(sealed.body).not.toContain("hello");
    const { apiV3Key: _, ...without } = keys;
    const open = signRequest("wechat-pay", { payload: PAYLOAD, timestamp: NOW }, without);
    expect(JSON.parse(open.body)).toEqual(PAYLOAD);
    for (const request of [sealed, open]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(verify("wechat-pay", request, config)).resolves.toMatchObject({
        valid: true,
        event: { payload: PAYLOAD },
      });
    }
  });

  it("signs with the algorithm and header that a generic sender has", () => {
    const message = { payload: "x", algorithm: "sha512", header: "X-Hook" } as const;
    const { headers } = signRequest("generic-hmac", message, { secret: "s" });
    expect(headers["x-hook"]).toMatch(/^sha512=[0-9a-f]{128}$/);
  });

  it("says what is wrong with a call", () => {
    const unknown = "paypal" as PlatformName;
    expect(() => generatePlatformKeys(unknown)).toThrow("platform must be one of stripe, github");
    expect(() => generatePlatformKeys(unknown)).toThrow(WebhookError);
    expect(() => signRequest(unknown, { payload: {} }, { secret: "s" })).toThrow(/stripe, github/);
    expect(() => signRequest("stripe", { payload: undefined }, { secret: "s" })).toThrow(
      expect.objectContaining({ code: "INVALID_PAYLOAD" }),
    );
    const keys = { token: "t", encodingAesKey: "short", ownerKey: "o" };
    expect(() => signRequest("dingtalk", { payload: {} }, keys)).toThrow(/43 characters/);
  });
});

describe("encodeGbk", () => {
  it("is the inverse of the runtime's decoder", () => {
    const text = "abc 呆乐透2.1 語雀空間 ￥100 €鼢";
    expect(new TextDecoder("gbk").decode(encodeGbk(text))).toBe(text);
    // Bytes of the vector `charset=gbk`, which come from elsewhere.
    expect(encodeGbk("测试")).toEqual(Uint8Array.of(0xb2, 0xe2, 0xca, 0xd4));
  });

  it("refuses what GBK does not have", () => {
    expect(() => encodeGbk("🎉")).toThrow("U+1f389");
  });
});
