import type { StripeAnswer } from "./stripe-emulator-answer.ts";
import { executed, noSuch, page, problem } from "./stripe-emulator-answer.ts";
import { testMethod } from "./stripe-emulator-cards.ts";
import type { Form } from "./stripe-emulator-form.ts";
import { textOf } from "./stripe-emulator-form.ts";
import type { EmulatedRefund } from "./stripe-emulator-objects.ts";
import { metadataOf, unknownParameter } from "./stripe-emulator-parameters.ts";
import type { StripeState } from "./stripe-emulator-state.ts";

const CREATE_PARAMETERS =
  "amount expand instructions_email metadata payment_intent reason refund_application_fee reverse_transfer".split(
    " ",
  );

/** POST /v1/refunds */
export function createRefund(state: StripeState, form: Form): StripeAnswer {
  const refused = unknownParameter(form, CREATE_PARAMETERS);
  if (refused) return refused;
  const intentId = textOf(form, "payment_intent") ?? "";
  const intent = state.intents.get(intentId);
  if (!intent) return noSuch("payment_intent", intentId, "payment_intent");
  if (intent.latest_charge === null || intent.amount_received === 0) {
    return problem(400, "This PaymentIntent does not have a successful charge to refund.", {
      param: "payment_intent",
    });
  }
  const left = intent.amount_received - refundedOf(state, intentId);
  const amount = Number(textOf(form, "amount") ?? left);
  if (left === 0) {
    return refusedWork("Charge has already been refunded.", "charge_already_refunded");
  }
  if (!Number.isInteger(amount) || amount < 1 || amount > left) {
    return refusedWork("Refund amount is greater than unrefunded amount on charge.", undefined);
  }
  const behaviour = testMethod(intent.payment_method ?? "")?.refund;
  const refund: EmulatedRefund = {
    id: state.newId("re"),
    object: "refund",
    amount,
    charge: intent.latest_charge,
    created: state.seconds(),
    currency: intent.currency,
    metadata: metadataOf(form),
    payment_intent: intent.id,
    reason: textOf(form, "reason") ?? null,
    status: behaviour === "pending" ? "pending" : "succeeded",
  };
  state.put(refund, "refund.created");
  return executed(refund);
}

/** What becomes of a refund later. */
export function finishRefund(
  state: StripeState,
  id: string,
  status: "succeeded" | "failed",
): EmulatedRefund {
  const refund = state.refunds.get(id);
  if (!refund) throw new RangeError("There is no such refund");
  const next: EmulatedRefund = {
    ...refund,
    status,
    ...(status === "failed" && { failure_reason: "expired_or_canceled_card" }),
  };
  state.put(
    next,
    ...(status === "failed" ? ["refund.updated", "refund.failed"] : ["refund.updated"]),
  );
  return next;
}

/** GET /v1/refunds/:id */
export function readRefund(state: StripeState, id: string): StripeAnswer {
  const refund = state.refunds.get(id);
  return refund ? executed(refund) : noSuch("refund", id);
}

/** GET /v1/refunds */
export function listRefunds(state: StripeState, query: Form): StripeAnswer {
  const intent = textOf(query, "payment_intent");
  const items = [...state.refunds.values()]
    .filter((refund) => intent === undefined || refund.payment_intent === intent)
    .toReversed();
  return page("/v1/refunds", items, {
    limit: textOf(query, "limit"),
    startingAfter: textOf(query, "starting_after"),
  });
}

function refundedOf(state: StripeState, intentId: string): number {
  return [...state.refunds.values()]
    .filter(({ payment_intent: id, status }) => id === intentId && status !== "failed")
    .reduce((sum, { amount }) => sum + amount, 0);
}

function refusedWork(message: string, code: string | undefined): StripeAnswer {
  return { ...problem(400, message, { ...(code !== undefined && { code }) }), isExecuted: true };
}
