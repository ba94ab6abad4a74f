import type { Desk } from "./desk.ts";
import { decide } from "./desk.ts";
import { PaymentUsageError } from "./errors.ts";
import type { PaymentFailure } from "./failure.ts";
import { refusal } from "./failure.ts";
import type { ProviderPayment, ProviderTypes } from "./provider.ts";
import type { ChargeResult } from "./service-types.ts";
import type { StoredPayment } from "./store.ts";
import { paymentView } from "./views.ts";

/**
 * Changes a stored payment by a rule.
 * @param rule returns the same record for no change
 */
export function updatePayment<T extends ProviderTypes>(
  desk: Desk<T>,
  id: string,
  rule: (stored: StoredPayment) => StoredPayment,
): Promise<StoredPayment> {
  return decide(desk, `payment:${id}`, async () => {
    const stored = await desk.store.payment({ id });
    if (!stored) {
      throw new PaymentUsageError("STORE_UNUSABLE", "A payment is gone from the store");
    }
    const payment = rule(stored);
    return payment === stored ? { value: stored } : { write: { payment }, value: payment };
  });
}

/**
 * What a call came to, as far as the record knows.
 * @param goal what was asked for: a payment that was canceled is no success of a charge, and one that was paid none of
 *   a cancellation
 */
export function resultOf<T extends ProviderTypes>(
  stored: StoredPayment,
  said?: ProviderPayment<T>,
  goal: "paid" | "canceled" = "paid",
): ChargeResult<T> {
  const failure = failureOf(stored, goal);
  if (failure) return failed(failure, stored);
  const isSaid = said !== undefined && said.id === stored.providerPaymentId;
  const isAsking = stored.status === "requires_action";
  return {
    success: true,
    payment: paymentView(stored),
    ...(isSaid && said.action && isAsking && { action: said.action }),
    ...(isSaid && { native: said.native }),
  };
}

function failureOf(
  { openCall, status, failure }: StoredPayment,
  goal: "paid" | "canceled",
): PaymentFailure | undefined {
  if (goal === "canceled") {
    if (openCall) return unknown(refusal("OUTCOME_UNKNOWN", "The cancellation is not known yet"));
    return status === "canceled"
      ? undefined
      : refusal("INVALID_STATE", `The payment is ${status}, not canceled`);
  }
  if (openCall?.kind === "charge" || status === "pending") {
    return unknown(refusal("OUTCOME_UNKNOWN", "The payment is not known yet"));
  }
  if (status === "canceled") return refusal("CANCELED", "The payment was canceled");
  return status === "failed"
    ? (failure ?? refusal("NOT_EXECUTED", "The payment failed"))
    : undefined;
}

/** A failure together with the payment as it is. */
export function failed<T extends ProviderTypes>(
  error: PaymentFailure,
  stored?: StoredPayment,
): ChargeResult<T> {
  return { success: false, error, ...(stored && { payment: paymentView(stored) }) };
}

/** The answer to a call that is left open, whatever its last attempt said. */
export function unknown(error: PaymentFailure): PaymentFailure {
  return { ...error, outcome: "unknown", retryable: true };
}
