/** The fields of Stripe's objects that the emulator keeps. Amounts are Stripe's, times are seconds since the epoch. */
export interface EmulatedCustomer {
  readonly id: string;
  readonly object: "customer";
  readonly created: number;
  readonly email: string | null;
  readonly livemode: false;
  readonly metadata: Readonly<Record<string, string>>;
  readonly name: string | null;
}

export type EmulatedIntentStatus =
  | "requires_payment_method"
  | "requires_confirmation"
  | "requires_action"
  | "processing"
  | "requires_capture"
  | "succeeded"
  | "canceled";

export interface EmulatedPaymentIntent {
  readonly id: string;
  readonly object: "payment_intent";
  readonly amount: number;
  readonly amount_capturable: number;
  readonly amount_received: number;
  readonly canceled_at: number | null;
  readonly cancellation_reason: string | null;
  readonly capture_method: string;
  readonly client_secret: string;
  readonly confirmation_method: "automatic";
  readonly created: number;
  readonly currency: string;
  readonly customer: string | null;
  readonly description: string | null;
  readonly last_payment_error: Readonly<Record<string, unknown>> | null;
  readonly latest_charge: string | null;
  readonly livemode: false;
  readonly metadata: Readonly<Record<string, string>>;
  readonly next_action: Readonly<Record<string, unknown>> | null;
  readonly payment_method: string | null;
  readonly payment_method_types: readonly string[];
  readonly statement_descriptor_suffix: string | null;
  readonly status: EmulatedIntentStatus;
}

export interface EmulatedRefund {
  readonly id: string;
  readonly object: "refund";
  readonly amount: number;
  readonly charge: string | null;
  readonly created: number;
  readonly currency: string;
  readonly failure_reason?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly payment_intent: string;
  readonly reason: string | null;
  readonly status: "pending" | "requires_action" | "succeeded" | "failed" | "canceled";
}

export type EmulatedObject = EmulatedCustomer | EmulatedPaymentIntent | EmulatedRefund;

export interface EmulatedEvent {
  readonly id: string;
  readonly object: "event";
  readonly api_version: string;
  readonly created: number;
  readonly data: { readonly object: EmulatedObject };
  readonly livemode: false;
  readonly pending_webhooks: number;
  readonly request: { readonly id: string | null; readonly idempotency_key: string | null };
  readonly type: string;
}
