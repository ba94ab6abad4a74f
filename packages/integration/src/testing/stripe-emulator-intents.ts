import type { StripeAnswer } from "./stripe-emulator-answer.ts";
import { executed, noSuch, page, problem } from "./stripe-emulator-answer.ts";
import { testMethod } from "./stripe-emulator-cards.ts";
import type { Form } from "./stripe-emulator-form.ts";
import { textOf } from "./stripe-emulator-form.ts";
import type { EmulatedPaymentIntent } from "./stripe-emulator-objects.ts";
import type { StripeState } from "./stripe-emulator-state.ts";
import { amountProblem, metadataOf, unknownParameter } from "./stripe-emulator-parameters.ts";

type Intent = EmulatedPaymentIntent;

const CREATE_PARAMETERS =
  `amount currency automatic_payment_methods capture_method confirm confirmation_method customer description
  error_on_requires_action expand mandate_data metadata off_session on_behalf_of payment_method
  payment_method_configuration payment_method_options payment_method_types receipt_email return_url
  setup_future_usage shipping statement_descriptor statement_descriptor_suffix transfer_data transfer_group
  application_fee_amount`.split(/\s+/);

/** POST /v1/payment_intents */
export function createIntent(state: StripeState, form: Form): StripeAnswer {
  const currency = textOf(form, "currency") ?? "";
  const customer = textOf(form, "customer");
  const method = textOf(form, "payment_method");
  const refused =
    unknownParameter(form, CREATE_PARAMETERS) ??
    amountProblem(textOf(form, "amount"), currency) ??
    (customer !== undefined && !state.customers.has(customer)
      ? noSuch("customer", customer, "customer")
      : undefined) ??
    (method !== undefined && !testMethod(method)
      ? noSuch("PaymentMethod", method, "payment_method")
      : undefined);
  if (refused) return refused;
  const id = state.newId("pi");
  const intent: Intent = {
    id,
    object: "payment_intent",
    amount: Number(textOf(form, "amount")),
    amount_capturable: 0,
    amount_received: 0,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: textOf(form, "capture_method") ?? "automatic_async",
    client_secret: `${id}_secret_emulated`,
    confirmation_method: "automatic",
    created: state.seconds(),
    currency,
    customer: customer ?? null,
    description: textOf(form, "description") ?? null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    metadata: metadataOf(form),
    next_action: null,
    payment_method: method ?? null,
    payment_method_types: ["card"],
    statement_descriptor_suffix: textOf(form, "statement_descriptor_suffix") ?? null,
    status: method === undefined ? "requires_payment_method" : "requires_confirmation",
  };
  // The event shows it as it was before the confirmation: nothing had been tried.
  const fresh: Intent = { ...intent, status: "requires_payment_method", payment_method: null };
  state.put(fresh, "payment_intent.created");
  state.put(intent);
  if (textOf(form, "confirm") !== "true") return executed(intent);
  return confirm(state, intent, { method, isOffSession: textOf(form, "off_session") === "true" });
}

/** POST /v1/payment_intents/:id/confirm */
export function confirmIntent(state: StripeState, id: string, form: Form): StripeAnswer {
  const intent = state.intents.get(id);
  if (!intent) return noSuch("payment_intent", id);
  const method = textOf(form, "payment_method") ?? intent.payment_method ?? undefined;
  return confirm(state, intent, { method, isOffSession: textOf(form, "off_session") === "true" });
}

function confirm(
  state: StripeState,
  intent: Intent,
  { method, isOffSession }: { method: string | undefined; isOffSession: boolean },
): StripeAnswer {
  if (
    !["requires_payment_method", "requires_confirmation", "requires_action"].includes(intent.status)
  ) {
    return unexpectedState(intent, "confirmed");
  }
  const behaviour = method === undefined ? undefined : testMethod(method);
  if (method === undefined || !behaviour) {
    return noSuch("PaymentMethod", method ?? "", "payment_method");
  }
  const next: Intent = { ...intent, payment_method: method };
  if (behaviour.authenticates) {
    if (isOffSession) {
      const error = { code: "authentication_required", declineCode: "authentication_required" };
      return decline(state, next, error);
    }
    const asking: Intent = {
      ...next,
      status: "requires_action",
      next_action: { type: "use_stripe_sdk", use_stripe_sdk: { type: "three_d_secure_redirect" } },
    };
    state.put(asking, "payment_intent.requires_action");
    return executed(asking);
  }
  if (behaviour.decline) return decline(state, next, behaviour.decline);
  if (behaviour.processes) {
    const processing: Intent = { ...next, status: "processing" };
    state.put(processing, "payment_intent.processing");
    return executed(processing);
  }
  return executed(authorise(state, next));
}

/** The customer's bank agrees. */
export function authorise(state: StripeState, intent: Intent): Intent {
  const charged: Intent = {
    ...intent,
    next_action: null,
    last_payment_error: null,
    latest_charge: state.newId("ch"),
  };
  const isManual = intent.capture_method === "manual";
  const next: Intent = isManual
    ? { ...charged, status: "requires_capture", amount_capturable: intent.amount }
    : { ...charged, status: "succeeded", amount_received: intent.amount };
  state.put(
    next,
    isManual ? "payment_intent.amount_capturable_updated" : "payment_intent.succeeded",
  );
  return next;
}

/** The customer's bank says no. */
export function decline(
  state: StripeState,
  intent: Intent,
  { code, declineCode }: { readonly code: string; readonly declineCode?: string },
): StripeAnswer {
  const error = {
    type: "card_error",
    code,
    ...(declineCode !== undefined && { decline_code: declineCode }),
    message: "Your card was declined.",
  };
  const next: Intent = {
    ...intent,
    status: "requires_payment_method",
    payment_method: null,
    next_action: null,
    last_payment_error: error,
  };
  state.put(next, "payment_intent.payment_failed");
  return {
    ...problem(402, error.message, {
      type: "card_error",
      code,
      ...(declineCode !== undefined && { declineCode }),
      intent: next,
    }),
    isExecuted: true,
  };
}

/** POST /v1/payment_intents/:id/capture */
export function captureIntent(state: StripeState, id: string, form: Form): StripeAnswer {
  const intent = state.intents.get(id);
  if (!intent) return noSuch("payment_intent", id);
  if (intent.status !== "requires_capture") return unexpectedState(intent, "captured");
  const amount = Number(textOf(form, "amount_to_capture") ?? intent.amount_capturable);
  if (!Number.isInteger(amount) || amount < 1 || amount > intent.amount_capturable) {
    return problem(400, "The amount to capture is not within the amount that can be captured.", {
      code: "amount_too_large",
      param: "amount_to_capture",
    });
  }
  const next: Intent = {
    ...intent,
    status: "succeeded",
    amount_capturable: 0,
    amount_received: amount,
  };
  state.put(next, "payment_intent.succeeded");
  return executed(next);
}

/** POST /v1/payment_intents/:id/cancel */
export function cancelIntent(state: StripeState, id: string, form: Form): StripeAnswer {
  const intent = state.intents.get(id);
  if (!intent) return noSuch("payment_intent", id);
  if (["processing", "succeeded", "canceled"].includes(intent.status)) {
    return unexpectedState(intent, "canceled");
  }
  const next: Intent = {
    ...intent,
    status: "canceled",
    amount_capturable: 0,
    next_action: null,
    canceled_at: state.seconds(),
    cancellation_reason: textOf(form, "cancellation_reason") ?? null,
  };
  state.put(next, "payment_intent.canceled");
  return executed(next);
}

/** GET /v1/payment_intents/:id */
export function readIntent(state: StripeState, id: string): StripeAnswer {
  const intent = state.intents.get(id);
  return intent ? executed(intent) : noSuch("payment_intent", id);
}

/** GET /v1/payment_intents */
export function listIntents(state: StripeState, query: Form): StripeAnswer {
  const customer = textOf(query, "customer");
  const created = query["created"];
  const from = typeof created === "object" ? Number(textOf(created, "gte") ?? 0) : 0;
  const items = [...state.intents.values()]
    .filter((intent) => customer === undefined || intent.customer === customer)
    .filter((intent) => intent.created >= from)
    .toReversed();
  return page("/v1/payment_intents", items, {
    limit: textOf(query, "limit"),
    startingAfter: textOf(query, "starting_after"),
  });
}

function unexpectedState(intent: Intent, done: string): StripeAnswer {
  return {
    ...problem(
      400,
      `This PaymentIntent could not be ${done} because it has a status of ${intent.status}.`,
      { code: "payment_intent_unexpected_state", intent },
    ),
    isExecuted: true,
  };
}
