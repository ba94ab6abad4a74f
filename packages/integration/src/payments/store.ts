import type { MaybePromise } from "@ventostack/webhook";
import type { PaymentFailure } from "./failure.ts";
import type { CaptureMethod, PaymentStatus, RefundStatus } from "./provider.ts";

/** A call to the provider that has been announced and not been answered: written before the call, removed after it. */
export interface OpenCall {
  readonly kind: "charge" | "capture" | "cancel" | "refund" | "customer";
  /** The caller's id of the operation. */
  readonly operationId: string;
  readonly idempotencyKey: string;
  /** When it was announced, in milliseconds since the epoch: the age of the key. */
  readonly startedAt: number;
  /** Minor units, with `capture`. */
  readonly amount?: number;
}

/** What every record has. Records are replaced, not changed. */
interface StoredRecord {
  /** 1 when it is new, then one more with each change. */
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly openCall?: OpenCall;
}

export interface StoredCustomer extends StoredRecord {
  readonly provider: string;
  readonly userId: string;
  readonly providerCustomerId?: string;
}

export interface StoredPayment extends StoredRecord {
  readonly id: string;
  /** Unique in a store. */
  readonly operationId: string;
  readonly userId: string;
  readonly provider: string;
  /** Unique in a store, once it is known. */
  readonly providerPaymentId?: string;
  readonly providerCustomerId: string;
  readonly paymentMethodId: string;
  /** Minor units. */
  readonly amount: number;
  readonly currency: string;
  readonly capture: CaptureMethod;
  /** JSON. */
  readonly providerOptions?: string;
  readonly status: PaymentStatus;
  /** Minor units. */
  readonly capturedAmount: number;
  /** Minor units of all refunds that have not failed, those under way too. */
  readonly refundReserved: number;
  /** Minor units of the refunds that have succeeded. */
  readonly refundedAmount: number;
  readonly failure?: PaymentFailure;
  /** Who captured or canceled it: the same operation again is no error. */
  readonly captureOperationId?: string;
  readonly cancelOperationId?: string;
}

export interface StoredRefund extends StoredRecord {
  readonly id: string;
  /** Unique in a store. */
  readonly operationId: string;
  readonly paymentId: string;
  readonly provider: string;
  /** Unique in a store, once it is known. */
  readonly providerRefundId?: string;
  /** Minor units of the payment's currency. */
  readonly amount: number;
  /** Whether "full" was asked for. */
  readonly full: boolean;
  /** JSON. */
  readonly providerOptions?: string;
  readonly status: RefundStatus;
  readonly failure?: PaymentFailure;
}

/** How a payment or a refund is found. */
export type RecordKey =
  | { readonly id: string }
  | { readonly operationId: string }
  | { readonly provider: string; readonly providerId: string };

/** Records with an open call, oldest first. */
export interface OpenQuery {
  /** Only calls announced at or before this moment, in milliseconds since the epoch. */
  readonly startedBefore: number;
  /** Only what comes after this record in the order of (startedAt, id). */
  readonly after?: { readonly startedAt: number; readonly id: string };
  readonly limit: number;
}

/** What is written at once, or not at all. */
export interface PaymentChange {
  readonly payment?: StoredPayment;
  readonly refund?: StoredRefund;
  readonly customer?: StoredCustomer;
  /** A webhook that this change answers; written with it, so that it is answered once. */
  readonly event?: { readonly provider: string; readonly id: string; readonly at: number };
}

/**
 * - `conflict`: a record's stored version is not the one before the given one, or something that is unique exists.
 * - `duplicate`: the event was written before.
 * In both cases nothing was written.
 */
export type CommitResult = "committed" | "conflict" | "duplicate";

/**
 * Where payments are kept. A driver knows no rules of business: it finds records, and writes a few of them at once if
 * nobody else has changed them since they were read. What it returns must not change later. All times are passed in.
 */
export interface PaymentStore {
  payment(key: RecordKey): MaybePromise<StoredPayment | undefined>;
  refund(key: RecordKey): MaybePromise<StoredRefund | undefined>;
  /** Oldest first. */
  refundsOf(paymentId: string): MaybePromise<readonly StoredRefund[]>;
  customer(provider: string, userId: string): MaybePromise<StoredCustomer | undefined>;
  openPayments(query: OpenQuery): MaybePromise<readonly StoredPayment[]>;
  openRefunds(query: OpenQuery): MaybePromise<readonly StoredRefund[]>;
  commit(change: PaymentChange): MaybePromise<CommitResult>;
  /**
   * Forgets events that were written before a moment.
   * @returns how many
   */
  pruneEvents(before: number): MaybePromise<number>;
  /** A second call does nothing. */
  close(): MaybePromise<void>;
}
