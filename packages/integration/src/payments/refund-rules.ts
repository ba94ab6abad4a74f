import type { PaymentFailure } from "./failure.ts";
import { refusal } from "./failure.ts";
import type { ProviderRefund, RefundStatus } from "./provider.ts";
import type { OpenCall, StoredPayment, StoredRefund } from "./store.ts";

/** As for payments; a refund can fail after it has succeeded, when the customer's bank returns the money. */
const RANK: Readonly<Record<RefundStatus, number>> = {
  pending: 0,
  requires_action: 1,
  succeeded: 2,
  failed: 3,
  canceled: 3,
};

/** A refund and its payment, which are written together. */
export interface RefundChange {
  readonly payment: StoredPayment;
  readonly refund: StoredRefund;
}

/** Whether a refund holds no money any more. */
export function isVoid(status: RefundStatus): boolean {
  return status === "failed" || status === "canceled";
}

/**
 * The amount that a refund may take, or why it may not: refunds under way hold their amount, so that together they never
 * pass what was captured.
 */
export function refundable(
  payment: StoredPayment,
  wanted: number | "full",
): { readonly amount: number } | { readonly refused: PaymentFailure } {
  if (payment.status !== "succeeded") {
    const message = `A payment that is ${payment.status} cannot be refunded`;
    return { refused: refusal("INVALID_STATE", message) };
  }
  const left = Math.max(0, payment.capturedAmount - payment.refundReserved);
  const amount = wanted === "full" ? left : wanted;
  if (left === 0 || amount > left) {
    const message = `${left} minor units are left to refund, refunds under way counted`;
    return { refused: refusal("REFUND_EXCEEDS_PAYMENT", message) };
  }
  return { amount };
}

/** A refund that is new, or tried again, with its amount reserved on the payment. */
export function reserve(
  payment: StoredPayment,
  refund: StoredRefund,
  before: StoredRefund | undefined,
  now: number,
): RefundChange {
  return { refund, payment: withSums(payment, before, refund, now) };
}

/**
 * What a refund is after the provider has said what it is, at whatever time and in whatever order.
 * @returns nothing where that is no news, or where it is about another refund
 */
export function applyRefund(
  { payment, refund }: RefundChange,
  said: ProviderRefund,
  now: number,
): RefundChange | undefined {
  if (!isAbout(payment, refund, said)) return undefined;
  const status = RANK[said.status] > RANK[refund.status] ? said.status : refund.status;
  const isNews = status !== refund.status || refund.providerRefundId !== said.id || refund.openCall;
  if (!isNews) return undefined;
  const { openCall: _openCall, failure: _failure, ...rest } = refund;
  const failure = isVoid(status) ? (said.failure ?? refund.failure) : undefined;
  const next = {
    ...rest,
    providerRefundId: said.id,
    status,
    ...(failure && { failure }),
    version: refund.version + 1,
    updatedAt: now,
  };
  return { refund: next, payment: withSums(payment, refund, next, now) };
}

function isAbout(payment: StoredPayment, refund: StoredRefund, said: ProviderRefund): boolean {
  if (refund.amount !== said.money.amount || payment.currency !== said.money.currency) return false;
  if (said.providerPaymentId !== payment.providerPaymentId) return false;
  return refund.providerRefundId === undefined
    ? said.refundId === refund.id
    : said.id === refund.providerRefundId;
}

/** What a refund is after its open call has certainly not been executed: its amount is free again. */
export function failRefund(
  { payment, refund }: RefundChange,
  failure: PaymentFailure,
  now: number,
): RefundChange | undefined {
  const { openCall, ...rest } = refund;
  if (openCall === undefined) return undefined;
  const next = {
    ...rest,
    status: "failed" as const,
    failure,
    version: refund.version + 1,
    updatedAt: now,
  };
  return { refund: next, payment: withSums(payment, refund, next, now) };
}

/** Whether the same refund may be tried again: it failed before the provider had made one of it. */
export function mayRefundAgain(refund: StoredRefund): boolean {
  return refund.status === "failed" && refund.providerRefundId === undefined;
}

/** A failed refund with its call announced again. */
export function announceRefund(
  refund: StoredRefund,
  openCall: OpenCall,
  now: number,
): StoredRefund {
  const { failure: _failure, ...rest } = refund;
  return { ...rest, status: "pending", openCall, version: refund.version + 1, updatedAt: now };
}

/** A refund that was made elsewhere, such as in the vendor's dashboard, and now is known. */
export function foreignRefund(
  payment: StoredPayment,
  said: ProviderRefund,
  { id, now }: { readonly id: string; readonly now: number },
): RefundChange | undefined {
  if (said.providerPaymentId !== payment.providerPaymentId) return undefined;
  if (said.money.currency !== payment.currency) return undefined;
  const refund: StoredRefund = {
    id,
    // No caller's operation id can be this one: they hold no spaces.
    operationId: `made elsewhere ${said.id}`,
    paymentId: payment.id,
    provider: payment.provider,
    providerRefundId: said.id,
    amount: said.money.amount,
    full: false,
    status: said.status,
    ...(said.failure && { failure: said.failure }),
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
  return { refund, payment: withSums(payment, undefined, refund, now) };
}

function withSums(
  payment: StoredPayment,
  before: StoredRefund | undefined,
  after: StoredRefund,
  now: number,
): StoredPayment {
  return {
    ...payment,
    refundReserved: payment.refundReserved - held(before) + held(after),
    refundedAmount: payment.refundedAmount - done(before) + done(after),
    version: payment.version + 1,
    updatedAt: now,
  };
}

function held(refund: StoredRefund | undefined): number {
  return refund === undefined || isVoid(refund.status) ? 0 : refund.amount;
}

function done(refund: StoredRefund | undefined): number {
  return refund?.status === "succeeded" ? refund.amount : 0;
}
