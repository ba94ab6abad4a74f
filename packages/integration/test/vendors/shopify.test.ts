// oxlint-disable-next-line import/no-unassigned-import -- it sets the SDK up for this runtime
import "@shopify/shopify-api/adapters/web-api";
import { createHmac } from "node:crypto";
import { ApiVersion, shopifyApi } from "@shopify/shopify-api";
import { createInboundVerifier } from "@ventostack/webhook";
import { describe, expect, it } from "vitest";
import { createShopifyVerifier } from "../../src/index.ts";
import { signRequest } from "../../src/testing/index.ts";

const secret = "shpss_0123456789abcdef";
const { webhooks } = shopifyApi({
  apiKey: "key",
  apiSecretKey: secret,
  hostName: "receiver.example",
  apiVersion: ApiVersion.January26,
  isEmbeddedApp: false,
  logger: { level: 0 },
});
const payload = '{"id":820982911946154508,"note":"wörld 测试 🎉"}';

describe("Shopify's own SDK", () => {
  it("believes what is signed here, and reads the same from it", async () => {
    const message = { payload, id: "w-1", type: "orders/create" };
    const { url, ...init } = signRequest("shopify", message, { secret });
    const validate = (rawBody: string) =>
      webhooks.validate({ rawBody, rawRequest: new Request(url, init) });
    await expect(validate(init.body)).resolves.toMatchObject({
      valid: true,
      webhookId: "w-1",
      topic: "ORDERS_CREATE",
    });
    await expect(validate(`${init.body} `)).resolves.toMatchObject({ valid: false });
  });

  it.each(["x-shopify", "shopify"])("agrees on the headers %s-…", async (family) => {
    const headers = (hmac: string) => ({
      [`${family}-hmac-sha256`]: hmac,
      [`${family}-topic`]: "products/update",
      [`${family}-shop-domain`]: "shop.myshopify.com",
      [`${family}-api-version`]: "2026-01",
      [`${family}-webhook-id`]: "w-2",
    });
    const { safeVerify } = createInboundVerifier({
      provider: createShopifyVerifier(),
      config: { secret },
    });
    const right = createHmac("sha256", secret).update(payload).digest("base64");
    const wrong = createHmac("sha256", "other").update(payload).digest("base64");
    for (const [hmac, expected] of [
      [right, true],
      [wrong, false],
      ["fake", false],
    ] as const) {
      const rawRequest = new Request("https://receiver.example", {
        method: "POST",
        headers: headers(hmac),
        body: payload,
      });
      /* oxlint-disable no-await-in-loop -- one after the other */
      const theirs = await webhooks.validate({ rawBody: payload, rawRequest });
      const ours = await safeVerify(payload, headers(hmac));
      /* oxlint-enable no-await-in-loop */
      expect([hmac, ours.valid, theirs.valid]).toEqual([hmac, expected, expected]);
    }
  });
});
