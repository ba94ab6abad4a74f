import type { ProviderDefinition, SignedRequest, WebhookProvider } from "@ventostack/webhook";
import { hmac, interpretProvider, parseIsoTime } from "@ventostack/webhook";

const HEADER = "stripe-signature";

const stripe: ProviderDefinition = {
  id: "stripe",
  docs: "https://docs.stripe.com/webhooks#verify-manually",
  signature: {
    // The whole `whsec_…` text is the key; it is not decoded.
    algorithm: hmac("sha256"),
    encoding: "hex",
    // Several v1 while a secret is rolled. Never another scheme: v0 is the test mode's fake.
    read: (request) => request.pairs(HEADER, "v1"),
  },
  signedContent: (request) => [request.timestamp(), ".", request.body],
  timestamp: {
    read: (request) => request.pairs(HEADER, "t").at(-1),
    unit: "s",
    toleranceMs: 300_000,
  },
  payload: "json",
  event: (request) => ({
    id: request.string("id"),
    type: request.string("type"),
    timestamp: createdAt(request),
    metadata: {
      account: request.string("account"),
      apiVersion: request.string("api_version"),
      livemode: request.json("livemode"),
    },
  }),
};

/** Snapshot events say seconds, thin (v2) events an RFC 3339 time. */
function createdAt(request: SignedRequest): number | undefined {
  const seconds = request.number("created");
  return seconds === undefined ? parseIsoTime(request.json("created")) : seconds * 1000;
}

/**
 * Verifies the webhooks of Stripe, snapshot and thin events alike. `config.secret` is the endpoint's signing secret
 * (`whsec_…`); each endpoint, each `stripe listen` and each kind of account has its own, so a list is common.
 * Copies that come by way of EventBridge or Event Grid are not signed and cannot be verified.
 * Source: https://docs.stripe.com/webhooks#verify-manually
 */
export function createStripeVerifier(): WebhookProvider {
  return interpretProvider(stripe);
}
