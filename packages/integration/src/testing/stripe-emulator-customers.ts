import type { StripeAnswer } from "./stripe-emulator-answer.ts";
import { executed, noSuch, page, problem } from "./stripe-emulator-answer.ts";
import type { Form } from "./stripe-emulator-form.ts";
import { textOf } from "./stripe-emulator-form.ts";
import type { EmulatedCustomer } from "./stripe-emulator-objects.ts";
import { metadataOf, unknownParameter } from "./stripe-emulator-parameters.ts";
import type { StripeState } from "./stripe-emulator-state.ts";

const CREATE_PARAMETERS = "address description email expand metadata name phone".split(" ");

/** POST /v1/customers */
export function createCustomer(state: StripeState, form: Form): StripeAnswer {
  const refused = unknownParameter(form, CREATE_PARAMETERS);
  if (refused) return refused;
  const customer: EmulatedCustomer = {
    id: state.newId("cus"),
    object: "customer",
    created: state.seconds(),
    email: textOf(form, "email") ?? null,
    livemode: false,
    metadata: metadataOf(form),
    name: textOf(form, "name") ?? null,
  };
  state.put(customer, "customer.created");
  return executed(customer);
}

/** GET /v1/customers/:id */
export function readCustomer(state: StripeState, id: string): StripeAnswer {
  const customer = state.customers.get(id);
  return customer ? executed(customer) : noSuch("customer", id);
}

/** GET /v1/customers */
export function listCustomers(state: StripeState, query: Form): StripeAnswer {
  const email = textOf(query, "email");
  const items = [...state.customers.values()]
    .filter((customer) => email === undefined || customer.email === email)
    .toReversed();
  return page("/v1/customers", items, {
    limit: textOf(query, "limit"),
    startingAfter: textOf(query, "starting_after"),
  });
}

/** One clause of the search language, by metadata. */
const CLAUSE = /^metadata\["([\w.-]+)"\]:"((?:[^"\\]|\\.)*)"$/;

/** GET /v1/customers/search */
export function searchCustomers(state: StripeState, query: Form): StripeAnswer {
  const clause = CLAUSE.exec(textOf(query, "query") ?? "");
  if (!clause) {
    return problem(400, "The emulator searches by one clause of metadata", { param: "query" });
  }
  const [, name = "", quoted = ""] = clause;
  const value = quoted.replaceAll(/\\(.)/g, "$1").toLowerCase();
  const data = [...state.customers.values()]
    .filter((customer) => customer.metadata[name]?.toLowerCase() === value)
    .toReversed();
  return executed({
    object: "search_result",
    url: "/v1/customers/search",
    data,
    has_more: false,
    next_page: null,
  });
}
