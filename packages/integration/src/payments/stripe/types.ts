import type Stripe from "stripe";
import type { PaymentProvider } from "../provider.ts";

/** Stripe's types, for `providerOptions` and `native`. Our own parameters always win over `providerOptions`. */
export interface StripeTypes {
  readonly client: Stripe;
  readonly payment: Stripe.PaymentIntent;
  readonly chargeOptions: Omit<
    Stripe.PaymentIntentCreateParams,
    "amount" | "currency" | "customer" | "payment_method" | "confirm" | "capture_method" | "expand"
  >;
  readonly refundOptions: Omit<
    Stripe.RefundCreateParams,
    "amount" | "currency" | "charge" | "payment_intent" | "customer" | "expand"
  >;
}

/** Payments by Stripe. */
export type StripePaymentProvider = PaymentProvider<StripeTypes>;
