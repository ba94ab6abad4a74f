import type { StripeAnswer } from "./stripe-emulator-answer.ts";
import { problem } from "./stripe-emulator-answer.ts";
import type { Form } from "./stripe-emulator-form.ts";

/** A parameter that the endpoint does not have, as Stripe refuses it. */
export function unknownParameter(form: Form, known: readonly string[]): StripeAnswer | undefined {
  const unknown = Object.keys(form).find((name) => !known.includes(name));
  return unknown === undefined
    ? undefined
    : problem(400, `Received unknown parameter: ${unknown}`, {
        code: "parameter_unknown",
        param: unknown,
      });
}

const THREE_DECIMALS = ["bhd", "jod", "kwd", "omr", "tnd"];
const MOST_AMOUNT = 99_999_999;

/** Source: https://docs.stripe.com/currencies#minor-units */
export function amountProblem(
  amount: string | undefined,
  currency: string,
): StripeAnswer | undefined {
  if (!/^[a-z]{3}$/.test(currency)) {
    return problem(400, "Invalid currency", { param: "currency" });
  }
  if (amount === undefined || !/^\d+$/.test(amount)) {
    return problem(400, "Invalid integer", { code: "parameter_invalid_integer", param: "amount" });
  }
  if (Number(amount) < 1) {
    return problem(400, "Amount must be at least 1", { code: "amount_too_small", param: "amount" });
  }
  if (Number(amount) > MOST_AMOUNT) {
    return problem(400, "Amount is too large", { code: "amount_too_large", param: "amount" });
  }
  if (THREE_DECIMALS.includes(currency) && !amount.endsWith("0")) {
    return problem(400, "The last digit of the amount has to be 0", { param: "amount" });
  }
  return undefined;
}

/** The metadata of a form: text under any name. */
export function metadataOf(form: Form): Readonly<Record<string, string>> {
  const { metadata } = form;
  if (typeof metadata !== "object") return {};
  return Object.fromEntries(
    Object.entries(metadata).flatMap(([name, value]) =>
      typeof value === "string" && value !== "" ? [[name, value]] : [],
    ),
  );
}
