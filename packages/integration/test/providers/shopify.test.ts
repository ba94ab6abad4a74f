import { createHmac } from "node:crypto";
import { createInboundVerifier } from "@ventostack/webhook";
import { describe, expect, it } from "vitest";
import { createShopifyVerifier } from "../../src/index.ts";
import { NOW } from "./platforms.ts";

const SECRET = "shpss_0123456789abcdef";

const sign = (body: string, secret = SECRET) =>
  createHmac("sha256", secret).update(body).digest("base64");

function verify(
  body: string,
  headers: Readonly<Record<string, string>>,
  secret: string | string[] = SECRET,
) {
  const { safeVerify } = createInboundVerifier({
    provider: createShopifyVerifier(),
    config: { secret },
  });
  return safeVerify(body, headers, { now: NOW });
}

describe("createShopifyVerifier", () => {
  it("reads a webhook, and says that all but the payload is not signed", async () => {
    const body = '{"id":820982911946154508}';
    const result = await verify(body, {
      "X-Shopify-Topic": "orders/create",
      "X-Shopify-Hmac-SHA256": sign(body),
      "X-Shopify-Shop-Domain": "shop.myshopify.com",
      "X-Shopify-API-Version": "2026-10",
      "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
      "X-Shopify-Triggered-At": "2026-03-29T18:00:27.877041743Z",
      "X-Shopify-Event-Id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
      "X-Shopify-Name": "my-orders",
    });
    expect(result).toEqual({
      valid: true,
      event: {
        id: "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        type: "orders/create",
        source: "shopify",
        payload: JSON.parse(body),
        timestamp: Date.UTC(2026, 2, 29, 18, 0, 27, 877),
        metadata: {
          provider: "shopify",
          shopDomain: "shop.myshopify.com",
          apiVersion: "2026-10",
          eventId: "98880550-7158-44d4-b7cd-2c97c8a091b5",
          name: "my-orders",
          unsigned: ["id", "type", "timestamp", "shopDomain", "apiVersion", "eventId", "name"],
        },
      },
    });
    // JSON.parse has rounded the id.
    expect(result.valid && new TextDecoder().decode(result.event.rawBody)).toBe(body);
  });

  it("reads the newer headers of Events, and does not mix the two families", async () => {
    const result = await verify("{}", {
      "shopify-hmac-sha256": sign("{}"),
      "shopify-topic": "products/update",
      "shopify-webhook-id": "w-1",
      "shopify-action": "update",
      "shopify-resource-id": "gid://shopify/Product/1",
      "shopify-handle": "mine",
      "x-shopify-webhook-id": "other",
      "x-shopify-api-version": "other",
    });
    expect(result).toMatchObject({
      event: {
        id: "w-1",
        type: "products/update",
        metadata: {
          action: "update",
          resourceId: "gid://shopify/Product/1",
          handle: "mine",
          unsigned: ["id", "type", "handle", "action", "resourceId"],
        },
      },
    });
    expect(result.valid && result.event.metadata).not.toHaveProperty("apiVersion");
  });

  it("goes by the newer headers where a request has both, as Shopify's SDK does", async () => {
    const both = { "shopify-topic": "new", "x-shopify-topic": "old" };
    const [right, wrong] = [sign("{}"), sign("[]")];
    await expect(
      verify("{}", { ...both, "shopify-hmac-sha256": right, "x-shopify-hmac-sha256": wrong }),
    ).resolves.toMatchObject({ valid: true, event: { type: "new" } });
    await expect(
      verify("{}", { ...both, "shopify-hmac-sha256": wrong, "x-shopify-hmac-sha256": right }),
    ).resolves.toMatchObject({ valid: false });
  });

  it("accepts the old secret for as long as it is listed", async () => {
    const headers = { "x-shopify-hmac-sha256": sign("{}", "shpss_old") };
    await expect(verify("{}", headers, ["shpss_new", "shpss_old"])).resolves.toMatchObject({
      valid: true,
    });
    await expect(verify("{}", headers, "shpss_new")).resolves.toMatchObject({ valid: false });
  });

  it.each([
    ["a wrong signature", { "x-shopify-hmac-sha256": sign("[]") }, "SIGNATURE_MISMATCH"],
    [
      "one in URL-safe base64",
      { "x-shopify-hmac-sha256": `${"-_".repeat(21)}A=` },
      "SIGNATURE_MISMATCH",
    ],
    ["no signature", {}, "MISSING_HEADER"],
    ["an empty one", { "x-shopify-hmac-sha256": "" }, "MISSING_HEADER"],
  ])("answers 401 to %s, as Shopify demands", async (_name, headers, code) => {
    await expect(verify("{}", headers)).resolves.toMatchObject({ code, status: 401 });
  });

  it("hands on a body in XML as text", async () => {
    const headers = { "x-shopify-hmac-sha256": sign("<order/>") };
    await expect(verify("<order/>", headers)).resolves.toMatchObject({
      event: { payload: "<order/>" },
    });
  });
});
