import type { StripeAnswer } from "./stripe-emulator-answer.ts";
import { executed, noSuch, page, problem } from "./stripe-emulator-answer.ts";
import {
  createCustomer,
  listCustomers,
  readCustomer,
  searchCustomers,
} from "./stripe-emulator-customers.ts";
import type { Form } from "./stripe-emulator-form.ts";
import { textOf } from "./stripe-emulator-form.ts";
import {
  cancelIntent,
  captureIntent,
  confirmIntent,
  createIntent,
  listIntents,
  readIntent,
} from "./stripe-emulator-intents.ts";
import { createRefund, listRefunds, readRefund } from "./stripe-emulator-refunds.ts";
import type { StripeState } from "./stripe-emulator-state.ts";

/** The form is the body of a POST and the query of a GET. */
type Endpoint = (state: StripeState, form: Form, id: string) => StripeAnswer;

const ROUTES: readonly (readonly [method: string, path: RegExp, endpoint: Endpoint])[] = [
  ["POST", /^\/v1\/customers$/, createCustomer],
  ["GET", /^\/v1\/customers$/, listCustomers],
  ["GET", /^\/v1\/customers\/search$/, searchCustomers],
  ["GET", /^\/v1\/customers\/(\w+)$/, (state, _form, id) => readCustomer(state, id)],
  ["POST", /^\/v1\/payment_intents$/, createIntent],
  ["GET", /^\/v1\/payment_intents$/, listIntents],
  ["GET", /^\/v1\/payment_intents\/(\w+)$/, (state, _form, id) => readIntent(state, id)],
  [
    "POST",
    /^\/v1\/payment_intents\/(\w+)\/confirm$/,
    (state, form, id) => confirmIntent(state, id, form),
  ],
  [
    "POST",
    /^\/v1\/payment_intents\/(\w+)\/capture$/,
    (state, form, id) => captureIntent(state, id, form),
  ],
  [
    "POST",
    /^\/v1\/payment_intents\/(\w+)\/cancel$/,
    (state, form, id) => cancelIntent(state, id, form),
  ],
  ["POST", /^\/v1\/refunds$/, createRefund],
  ["GET", /^\/v1\/refunds$/, listRefunds],
  ["GET", /^\/v1\/refunds\/(\w+)$/, (state, _form, id) => readRefund(state, id)],
  ["GET", /^\/v1\/events$/, listEvents],
  ["GET", /^\/v1\/events\/(\w+)$/, (state, _form, id) => readEvent(state, id)],
];

/** Does what a request asks for. */
export function runRoute(
  state: StripeState,
  { method, path, form }: { readonly method: string; readonly path: string; readonly form: Form },
): StripeAnswer {
  for (const [wanted, pattern, endpoint] of ROUTES) {
    const match = wanted === method ? pattern.exec(path) : undefined;
    if (match) return endpoint(state, form, match[1] ?? "");
  }
  return problem(404, `Unrecognized request URL (${method}: ${path}).`);
}

function listEvents(state: StripeState, query: Form): StripeAnswer {
  const type = textOf(query, "type");
  const items = state.events
    .filter((event) => type === undefined || event.type === type)
    .toReversed();
  return page("/v1/events", items, {
    limit: textOf(query, "limit"),
    startingAfter: textOf(query, "starting_after"),
  });
}

function readEvent(state: StripeState, id: string): StripeAnswer {
  const event = state.events.find((candidate) => candidate.id === id);
  return event ? executed(event) : noSuch("event", id);
}
