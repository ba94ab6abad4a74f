import type { PaymentFailure } from "./failure.ts";
import { refusal } from "./failure.ts";
import type { PaymentStatus, ProviderPayment } from "./provider.ts";
import type { OpenCall, StoredPayment } from "./store.ts";

/**
 * A status is only ever replaced by one of a higher rank, so that late and repeated news change nothing. `failed` is not
 * the last: a customer who was declined may pay with another card on the same page.
 */
const RANK: Readonly<Record<PaymentStatus, number>> = {
  pending: 0,
  requires_action: 1,
  processing: 2,
  failed: 3,
  requires_capture: 4,
  succeeded: 5,
  canceled: 5,
};

/** Whether nothing can follow this status. */
export function isFinal(status: PaymentStatus): boolean {
  return RANK[status] === RANK.succeeded;
}

/**
 * What a payment is after the provider has said what it is, at whatever time and in whatever order.
 * @returns the same record where that is no news, or where it is about another payment
 */
export function applyPayment(
  stored: StoredPayment,
  said: ProviderPayment,
  now: number,
): StoredPayment {
  if (!isAbout(stored, said)) return stored;
  const status = RANK[said.status] > RANK[stored.status] ? said.status : stored.status;
  const failure = status === "failed" ? (said.failure ?? stored.failure) : undefined;
  const next = {
    providerPaymentId: said.id,
    status,
    capturedAmount: Math.max(stored.capturedAmount, said.capturedAmount),
    ...(failure && { failure }),
    ...(!isAnswered(stored.openCall, said.status) &&
      stored.openCall && {
        openCall: stored.openCall,
      }),
  };
  const { failure: _failure, openCall: _openCall, ...rest } = stored;
  const changed =
    stored.providerPaymentId !== next.providerPaymentId ||
    stored.status !== next.status ||
    stored.capturedAmount !== next.capturedAmount ||
    stored.openCall !== next.openCall;
  return changed ? { ...rest, ...next, version: stored.version + 1, updatedAt: now } : stored;
}

/** A vendor's object carries our ids, and ids can be guessed or copied: all that is known has to agree. */
function isAbout(stored: StoredPayment, said: ProviderPayment): boolean {
  if (stored.amount !== said.money.amount || stored.currency !== said.money.currency) return false;
  if (stored.providerPaymentId !== undefined) return stored.providerPaymentId === said.id;
  return (
    said.reference?.paymentId === stored.id && said.reference.operationId === stored.operationId
  );
}

/** Whether the provider's status shows that an announced call was executed. */
function isAnswered(call: OpenCall | undefined, status: PaymentStatus): boolean {
  if (call === undefined) return true;
  return call.kind === "charge" ? status !== "pending" : isFinal(status);
}

/** What a payment is after its open call has certainly not been executed. */
export function failPayment(
  stored: StoredPayment,
  failure: PaymentFailure,
  now: number,
): StoredPayment {
  const { openCall, ...rest } = stored;
  if (openCall === undefined) return stored;
  const isCharge = openCall.kind === "charge" && stored.status === "pending";
  return {
    ...rest,
    ...(isCharge && { status: "failed" as const, failure }),
    version: stored.version + 1,
    updatedAt: now,
  };
}

/**
 * Whether the same operation may be tried again: it failed before the provider had made a payment of it. A declined card
 * is an answer, which the same operation gets again.
 */
export function mayRunAgain(stored: StoredPayment): boolean {
  return (
    stored.status === "failed" &&
    stored.providerPaymentId === undefined &&
    stored.failure?.code !== "CARD_DECLINED"
  );
}

/** A payment with a call announced. Earlier failures of the charge are forgotten with a new try. */
export function announce(stored: StoredPayment, openCall: OpenCall, now: number): StoredPayment {
  const { failure, ...rest } = stored;
  const isCharge = openCall.kind === "charge";
  return {
    ...rest,
    ...(isCharge ? { status: "pending" as const } : failure && { failure }),
    openCall,
    version: stored.version + 1,
    updatedAt: now,
  };
}

/** Why a payment cannot be captured or canceled, or nothing. */
export function refuseSettling(
  stored: StoredPayment,
  call: { readonly kind: "capture" | "cancel"; readonly amount?: number },
): PaymentFailure | undefined {
  if (stored.openCall) {
    return refusal("INVALID_STATE", "Another call for this payment is not answered yet");
  }
  if (call.kind === "capture") {
    if (stored.status !== "requires_capture") return invalidState(stored, "captured");
    const isPossible = call.amount === undefined || call.amount <= stored.amount;
    return isPossible ? undefined : refusal("INVALID_AMOUNT", "More than was authorised");
  }
  const isPossible = !isFinal(stored.status) && stored.providerPaymentId !== undefined;
  return isPossible ? undefined : invalidState(stored, "canceled");
}

function invalidState(stored: StoredPayment, done: string): PaymentFailure {
  return refusal("INVALID_STATE", `A payment that is ${stored.status} cannot be ${done}`);
}
