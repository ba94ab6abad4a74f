import type { WebhookEvent } from "@ventostack/webhook";
import type { PaymentFailure } from "./failure.ts";
import type { Money } from "./money.ts";
import type {
  CaptureMethod,
  CustomerAction,
  PaymentProvider,
  PaymentStatus,
  ProviderTypes,
  RefundStatus,
} from "./provider.ts";
import type { PaymentStore } from "./store.ts";
import type { Payment, Refund } from "./views.ts";

export interface PaymentServiceOptions<T extends ProviderTypes> {
  readonly provider: PaymentProvider<T>;
  /** Durable for real money: `createSqlitePaymentStore`. */
  readonly store: PaymentStore;
  /** Milliseconds since the epoch; default the machine's clock. */
  readonly clock?: { readonly now: () => number };
  /** Default `crypto.randomUUID`. */
  readonly newId?: () => string;
  /**
   * Milliseconds for which `reconcile` makes a lost call again with its key; after that it is only looked up, and
   * failed as NOT_EXECUTED where the provider has no record of it. From 0 (reconcile never charges late) to the
   * provider's lifetime of keys less an hour, which is the default: 23 hours for Stripe.
   */
  readonly reissueForMs?: number;
  /** Milliseconds for which ids of webhooks are remembered, an integer from 1, default 30 days. */
  readonly eventRetentionMs?: number;
}

export interface ChargeInput<T extends ProviderTypes> {
  /** Your id of the customer: 1 to 500 characters without control characters. */
  readonly userId: string;
  readonly money: Money;
  /** The vendor's id of what is charged, such as `pm_…`, made in the customer's browser. */
  readonly paymentMethodId: string;
  /**
   * Your id of this charge, such as that of the order: the same id never charges twice, in this process or another. 1 to
   * 200 printable ASCII characters without spaces. Systems that share an account need different ones.
   */
  readonly operationId: string;
  /** Default `automatic`; `manual` authorises, and `capture` takes the money. */
  readonly capture?: CaptureMethod;
  /** More of the vendor's own parameters. Stored as JSON, and part of what the operation id stands for. */
  readonly providerOptions?: T["chargeOptions"];
}

export interface RefundInput<T extends ProviderTypes> {
  readonly paymentId: string;
  /** More than 0, in the payment's currency; `full` is what is left when the refund is announced. */
  readonly amount: Money | "full";
  /** As for a charge; charges and refunds count apart. */
  readonly operationId: string;
  readonly providerOptions?: T["refundOptions"];
}

export interface CaptureInput {
  readonly paymentId: string;
  /** At most what was authorised, which is the default; the rest is released. */
  readonly amount?: Money;
  readonly operationId: string;
}

export interface CancelInput {
  readonly paymentId: string;
  readonly operationId: string;
}

/**
 * A success may still need the customer (`requires_action`), the provider's time (`processing`) or a capture
 * (`requires_capture`): look at `payment.status`.
 */
export type ChargeResult<T extends ProviderTypes = ProviderTypes> =
  | {
      readonly success: true;
      readonly payment: Payment;
      /** With status `requires_action`. */
      readonly action?: CustomerAction;
      /** The vendor's payment, where it was asked for this result. */
      readonly native?: T["payment"];
    }
  | { readonly success: false; readonly error: PaymentFailure; readonly payment?: Payment };

export type RefundResult =
  | { readonly success: true; readonly refund: Refund; readonly payment: Payment }
  | {
      readonly success: false;
      readonly error: PaymentFailure;
      readonly refund?: Refund;
      readonly payment?: Payment;
    };

export type CustomerResult =
  | {
      readonly success: true;
      readonly customer: { readonly userId: string; readonly providerCustomerId: string };
    }
  | { readonly success: false; readonly error: PaymentFailure };

/**
 * What a webhook did. `unchanged`: it was no news. `duplicate`: the same event was answered before. `ignored`: it is about
 * nothing of ours, for the given reason. All of them are to be acknowledged.
 */
export interface WebhookOutcome {
  readonly status: "applied" | "unchanged" | "duplicate" | "ignored";
  readonly reason?: string;
  readonly paymentId?: string;
  readonly refundId?: string;
}

export interface ReconcileOptions {
  /**
   * Milliseconds that a call must have been open, from 0, default 120,000: longer than any call takes, so that those
   * under way are left alone.
   */
  readonly olderThanMs?: number;
}

export interface ReconciledItem {
  readonly kind: "payment" | "refund";
  readonly id: string;
  readonly operationId: string;
  readonly status: PaymentStatus | RefundStatus;
  /** Whether its call is answered now. */
  readonly resolved: boolean;
  /** Why it was not done, or is not known yet. */
  readonly error?: PaymentFailure;
}

export interface ReconcileReport {
  readonly resolved: number;
  readonly unresolved: number;
  readonly items: readonly ReconciledItem[];
}

/**
 * Payments that are made once. Every function stands alone and may be destructured. What the vendor, the network or the
 * card did is a result; what rejects is a mistake of the operator (PaymentUsageError) or a store that failed.
 */
export interface PaymentService<T extends ProviderTypes = ProviderTypes> {
  /** Charges a customer, once per operation id. The same call again gives what became of the first. */
  readonly charge: (input: ChargeInput<T>) => Promise<ChargeResult<T>>;
  /** Takes the money of a payment that is `requires_capture`. */
  readonly capture: (input: CaptureInput) => Promise<ChargeResult<T>>;
  /** Gives up a payment that has not been captured. */
  readonly cancel: (input: CancelInput) => Promise<ChargeResult<T>>;
  /** Gives money back, never more than was captured, whatever runs at the same time. */
  readonly refund: (input: RefundInput<T>) => Promise<RefundResult>;
  /** The vendor's customer of a user: one, however often and from wherever it is asked for. */
  readonly getOrCreateCustomer: (userId: string) => Promise<CustomerResult>;
  /** Takes a webhook that a verifier has found genuine. Rejects only if the store fails: then let the vendor repeat it. */
  readonly handleWebhook: (event: WebhookEvent) => Promise<WebhookOutcome>;
  /**
   * Finds out what became of calls that were lost: the answer did not come, or the process died. Run it when a process
   * starts and every few minutes, in one process or several.
   */
  readonly reconcile: (options?: ReconcileOptions) => Promise<ReconcileReport>;
  /** Asks the provider what a payment is now. */
  readonly refresh: (paymentId: string) => Promise<ChargeResult<T>>;
  readonly getPayment: (paymentId: string) => Promise<Payment | undefined>;
  /** Oldest first, those made elsewhere too. */
  readonly listRefunds: (paymentId: string) => Promise<readonly Refund[]>;
}
