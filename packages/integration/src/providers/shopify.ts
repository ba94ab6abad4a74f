import type { ProviderDefinition, SignedRequest, WebhookProvider } from "@ventostack/webhook";
import { hmac, interpretProvider, parseIsoTime } from "@ventostack/webhook";

const METADATA = {
  shopDomain: "shop-domain",
  apiVersion: "api-version",
  eventId: "event-id",
  name: "name",
  handle: "handle",
  action: "action",
  resourceId: "resource-id",
};

const shopify: ProviderDefinition = {
  id: "shopify",
  docs: "https://shopify.dev/docs/apps/build/webhooks/verify-deliveries",
  signature: {
    algorithm: hmac("sha256"),
    encoding: "base64",
    read: (request) => request.required(`${family(request)}-hmac-sha256`),
  },
  signedContent: (request) => [request.body],
  event(request) {
    const header = (name: string): string | undefined =>
      request.header(`${family(request)}-${name}`);
    return {
      id: header("webhook-id"),
      type: header("topic"),
      timestamp: parseIsoTime(header("triggered-at")),
      // The signature covers the body only: whoever holds one signed body can send it under other headers.
      unsigned: ["id", "type", "timestamp", ...Object.keys(METADATA)],
      metadata: Object.fromEntries(
        Object.entries(METADATA).map(([name, value]) => [name, header(value)]),
      ),
    };
  },
};

/** Webhooks have headers `x-shopify-…`, the newer Events the same without the `x-`. */
function family(request: SignedRequest): "shopify" | "x-shopify" {
  return request.header("shopify-hmac-sha256") === undefined ? "x-shopify" : "shopify";
}

/**
 * Verifies the webhooks of Shopify. `config.secret` is the app's client secret, or the one in the admin's settings for
 * notifications that were made there; list the old one for the hour after it was replaced.
 *
 * Shopify signs the body only, and no timestamp: `metadata.unsigned` names what came in headers. The id stays the same over
 * retries; handle each once. Ids in the body are beyond 2^53: read those from `event.rawBody`.
 * Source: https://shopify.dev/docs/apps/build/webhooks/verify-deliveries
 */
export function createShopifyVerifier(): WebhookProvider {
  return interpretProvider(shopify);
}
