import type { WebhookEvent } from "@ventostack/webhook";
import type { ProviderEvent } from "../provider.ts";
import type { StripeMode } from "./api-key.ts";
import { isObject, readPaymentIntent, readRefund } from "./objects.ts";
import type { StripeTypes } from "./types.ts";

/**
 * The events to subscribe an endpoint to. Source: https://docs.stripe.com/api/events/types
 */
export const stripePaymentEvents: readonly string[] = [
  "payment_intent.succeeded",
  "payment_intent.payment_failed",
  "payment_intent.canceled",
  "payment_intent.processing",
  "payment_intent.requires_action",
  "payment_intent.amount_capturable_updated",
  "refund.created",
  "refund.updated",
  "refund.failed",
];

/** Reads a snapshot event that `createStripeVerifier` has found genuine. */
export function readStripeEvent(event: WebhookEvent, mode: StripeMode): ProviderEvent<StripeTypes> {
  const { payload } = event;
  if (!isObject(payload) || !isObject(payload["data"])) {
    return ignored("the event has no snapshot of an object");
  }
  // An endpoint of test mode that points here by mistake would turn toy money into real goods.
  if (payload["livemode"] !== (mode === "live")) {
    return ignored(`the event is not from the ${mode} mode`);
  }
  const object = payload["data"]["object"];
  const payment = readPaymentIntent(object);
  if (payment) return { kind: "payment", payment };
  const refund = readRefund(object);
  if (refund) return { kind: "refund", refund };
  return ignored("the event is about something else than payments and refunds");
}

function ignored(reason: string): ProviderEvent<StripeTypes> {
  return { kind: "ignored", reason };
}
