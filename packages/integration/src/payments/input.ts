import type { PaymentFailure } from "./failure.ts";
import { refusal } from "./failure.ts";
import type { Money } from "./money.ts";
import { money } from "./money.ts";
import type { PaymentProvider, ProviderTypes } from "./provider.ts";

/** What a header takes, and short enough for a key with its endpoint before it. */
const OPERATION_ID = /^[\x21-\x7e]{1,200}$/;
const VENDOR_ID = /^[\x21-\x7e]{1,255}$/;
const USER_ID = /^[^\p{Cc}\p{Cs}]{1,500}$/u;

type IdName = "operationId" | "paymentMethodId" | "paymentId" | "userId";

const RULES: Readonly<Record<IdName, readonly [rule: RegExp, wanted: string]>> = {
  operationId: [OPERATION_ID, "1 to 200 printable ASCII characters without spaces"],
  paymentMethodId: [VENDOR_ID, "1 to 255 printable ASCII characters without spaces"],
  paymentId: [VENDOR_ID, "the id of a payment"],
  userId: [USER_ID, "1 to 500 characters without control characters"],
};

/** Why one of the given ids cannot be used, or nothing. The message does not repeat it. */
export function refuseIds(ids: Partial<Record<IdName, unknown>>): PaymentFailure | undefined {
  for (const name of ["operationId", "paymentMethodId", "paymentId", "userId"] as const) {
    if (!(name in ids)) continue;
    const [rule, wanted] = RULES[name];
    const id = ids[name];
    if (typeof id !== "string" || !rule.test(id)) {
      return refusal("INVALID_ARGUMENT", `${name} has to be ${wanted}`);
    }
  }
  return undefined;
}

export type CheckedMoney = { readonly money: Money } | { readonly refused: PaymentFailure };

/** A positive sum that the provider can transfer exactly. */
export function checkAmount<T extends ProviderTypes>(
  provider: PaymentProvider<T>,
  value: Money,
): CheckedMoney {
  let checked: Money;
  try {
    checked = money(value.amount, value.currency);
  } catch (error) {
    return { refused: refusal("INVALID_AMOUNT", messageOf(error)) };
  }
  if (checked.amount <= 0) {
    return { refused: refusal("INVALID_AMOUNT", "The amount has to be more than 0") };
  }
  const refused = provider.refuseMoney(checked);
  return refused ? { refused } : { money: checked };
}

export type CheckedOptions =
  { readonly json: string | undefined } | { readonly refused: PaymentFailure };

/** Provider options as the JSON that is stored, so that every repeat sends the same. */
export function checkOptions(options: object | undefined): CheckedOptions {
  if (options === undefined) return { json: undefined };
  try {
    const json: unknown = JSON.stringify(options);
    if (typeof json === "string" && json.startsWith("{")) return { json };
  } catch {
    // Said below: bigints and cycles are not what JSON can hold.
  }
  return { refused: refusal("INVALID_ARGUMENT", "providerOptions have to be a plain JSON object") };
}

/** Whether two stored options say the same, in whatever order. */
export function sameOptions(a: string | undefined, b: string | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && sorted(a) === sorted(b));
}

function sorted(json: string): string {
  return JSON.stringify(JSON.parse(json), (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "The amount is not valid";
}
