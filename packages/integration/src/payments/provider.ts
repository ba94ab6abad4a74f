import type { MaybePromise, WebhookEvent } from "@ventostack/webhook";
import type { PaymentFailure } from "./failure.ts";
import type { Money } from "./money.ts";

/**
 * What a payment is, in the order in which it may become so; `succeeded` and `canceled` are final.
 * - `pending`: asked for; the provider's answer is not known.
 * - `requires_action`: the customer has to authenticate (3-D Secure).
 * - `processing`: the provider works on it, which may take days for some payment methods.
 * - `failed`: refused. Not quite final: the customer may still pay with another card where the page lets them.
 * - `requires_capture`: authorised, to be captured or canceled.
 * - `succeeded`: the money was captured. Refunds do not change that.
 */
export type PaymentStatus =
  | "pending"
  | "requires_action"
  | "processing"
  | "failed"
  | "requires_capture"
  | "succeeded"
  | "canceled";

/** What a refund is. `succeeded` may still become `failed`, when the customer's bank sends the money back. */
export type RefundStatus = "pending" | "requires_action" | "succeeded" | "failed" | "canceled";

/** Whether a payment is captured with its authorisation, or later by `capture`. */
export type CaptureMethod = "automatic" | "manual";

/** What a provider can do. The service refuses what it cannot, before anything is stored or sent. */
export interface PaymentCapabilities {
  /** Authorises first and captures later. */
  readonly manualCapture: boolean;
  /** Refunds a part of a payment, and then another. */
  readonly partialRefund: boolean;
  /** May ask the customer to authenticate in the middle of a payment. */
  readonly customerActions: boolean;
}

/** The types of one provider, for what the neutral port does not cover. */
export interface ProviderTypes {
  /** The vendor's own client. */
  readonly client: unknown;
  /** The vendor's own payment. */
  readonly payment: unknown;
  /** What `providerOptions` of a charge may hold. It is stored as JSON, so that a repeat says the same. */
  readonly chargeOptions: object;
  /** What `providerOptions` of a refund may hold; stored as JSON. */
  readonly refundOptions: object;
}

/** What a provider answers: never an exception for what the vendor or the network did. */
export type ProviderAnswer<T> =
  | { readonly success: true; readonly data: T }
  | { readonly success: false; readonly error: PaymentFailure };

/** Our own ids on a vendor's object, by which it is found again. */
export interface PaymentReference {
  readonly paymentId: string;
  readonly operationId: string;
}

/** Where the customer has to act. The secret is for the customer's browser: it is not stored and must not be logged. */
export interface CustomerAction {
  readonly clientSecret?: string;
  /** Where to send the customer, when the payment is finished on a page of the vendor's. */
  readonly redirectUrl?: string;
}

/** A vendor's payment in neutral terms. */
export interface ProviderPayment<T extends ProviderTypes = ProviderTypes> {
  readonly id: string;
  readonly status: PaymentStatus;
  readonly money: Money;
  /** Minor units, at most `money.amount`. */
  readonly capturedAmount: number;
  /** With status `failed`. */
  readonly failure?: PaymentFailure;
  readonly action?: CustomerAction;
  /** Absent on a payment that this package did not make. */
  readonly reference?: PaymentReference;
  readonly native: T["payment"];
}

/** A vendor's refund in neutral terms. */
export interface ProviderRefund {
  readonly id: string;
  readonly status: RefundStatus;
  readonly money: Money;
  /** With status `failed`. */
  readonly failure?: PaymentFailure;
  /** The vendor's id of the payment. */
  readonly providerPaymentId?: string;
  /** Our own id of the refund; absent on a refund that was made elsewhere, such as in the vendor's dashboard. */
  readonly refundId?: string;
}

export interface CreatePayment<T extends ProviderTypes = ProviderTypes> extends PaymentReference {
  readonly idempotencyKey: string;
  readonly money: Money;
  readonly customerId: string;
  readonly paymentMethodId: string;
  readonly capture: CaptureMethod;
  readonly providerOptions?: T["chargeOptions"];
}

export interface CreateRefund<T extends ProviderTypes = ProviderTypes> extends PaymentReference {
  readonly idempotencyKey: string;
  readonly refundId: string;
  readonly providerPaymentId: string;
  readonly money: Money;
  readonly providerOptions?: T["refundOptions"];
}

/** What to look for. `since` is when it was asked for, in milliseconds since the epoch. */
export interface FindPayment extends PaymentReference {
  readonly customerId: string;
  readonly since: number;
}

/** What an event of the vendor's says, or why it says nothing to us. */
export type ProviderEvent<T extends ProviderTypes = ProviderTypes> =
  | { readonly kind: "payment"; readonly payment: ProviderPayment<T> }
  | { readonly kind: "refund"; readonly refund: ProviderRefund }
  | { readonly kind: "ignored"; readonly reason: string };

/**
 * A payment provider: the few calls that a payment needs, each with an idempotency key, in neutral terms. What else the
 * vendor can do is reached through `native` and `providerOptions`.
 */
export interface PaymentProvider<T extends ProviderTypes = ProviderTypes> {
  /** Such as `stripe`: the `source` of its webhook events. */
  readonly id: string;
  readonly capabilities: PaymentCapabilities;
  /** For how long, in milliseconds, a repeat with the same key is known to be a repeat. */
  readonly idempotencyKeyLifetimeMs: number;
  /** Called before anything is stored. Throws PaymentUsageError for what the operator has to mend. */
  prepare(): Promise<void>;
  /** Why a sum cannot be charged exactly, or nothing. */
  refuseMoney(money: Money): PaymentFailure | undefined;
  createCustomer(request: {
    readonly userId: string;
    readonly idempotencyKey: string;
  }): Promise<ProviderAnswer<{ readonly id: string }>>;
  /** Slow and not up to date to the second: for repairs only. */
  findCustomer(userId: string): Promise<ProviderAnswer<{ readonly id: string } | undefined>>;
  /** A declined card is a payment with the status `failed`. */
  createPayment(request: CreatePayment<T>): Promise<ProviderAnswer<ProviderPayment<T>>>;
  getPayment(providerPaymentId: string): Promise<ProviderAnswer<ProviderPayment<T>>>;
  /** Up to date: what is not found was not executed, unless it is being executed right now. */
  findPayment(request: FindPayment): Promise<ProviderAnswer<ProviderPayment<T> | undefined>>;
  capturePayment(request: {
    readonly idempotencyKey: string;
    readonly providerPaymentId: string;
    readonly money: Money;
  }): Promise<ProviderAnswer<ProviderPayment<T>>>;
  cancelPayment(request: {
    readonly idempotencyKey: string;
    readonly providerPaymentId: string;
  }): Promise<ProviderAnswer<ProviderPayment<T>>>;
  createRefund(request: CreateRefund<T>): Promise<ProviderAnswer<ProviderRefund>>;
  findRefund(request: {
    readonly providerPaymentId: string;
    readonly refundId: string;
  }): Promise<ProviderAnswer<ProviderRefund | undefined>>;
  /** Reads an event that a verifier has found genuine. */
  readEvent(event: WebhookEvent): MaybePromise<ProviderEvent<T>>;
  /** The vendor's own client, with the same connection policies, for what this port does not cover. */
  native(): Promise<T["client"]>;
}
