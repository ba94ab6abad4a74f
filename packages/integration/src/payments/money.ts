import { isoExponent } from "./currencies.ts";
import { PaymentUsageError } from "./errors.ts";

/** An exact sum of money. */
export interface Money {
  /** In minor units by ISO 4217: cents for EUR, yen for JPY, fils for BHD. A safe integer. */
  readonly amount: number;
  /** An upper-case ISO 4217 code. */
  readonly currency: string;
}

/** A decimal number without exponent, sign `+`, leading zeros or separators of thousands. */
const DECIMAL = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?$/;

/** More digits than the greatest safe integer has, so that hostile text is refused before it is computed with. */
const MOST_CHARACTERS = 24;

/**
 * Checks a sum of money.
 * @param amount in minor units, a safe integer; negative is allowed here, a payment wants more than 0
 * @param currency an ISO 4217 code in either case
 * @throws PaymentUsageError `INVALID_MONEY` or `UNKNOWN_CURRENCY`
 */
export function money(amount: number, currency: string): Money {
  const { code } = exponentOf(currency);
  if (!Number.isSafeInteger(amount)) {
    throw new PaymentUsageError(
      "INVALID_MONEY",
      `An amount is a safe integer in minor units (1250 for 12.50 EUR), not ${describe(amount)}`,
    );
  }
  // Minus zero is a safe integer, and JSON and comparisons disagree about it.
  return { amount: amount === 0 ? 0 : amount, currency: code };
}

/**
 * Reads a decimal number such as `"12.50"`. Nothing is rounded: digits that the currency does not have are refused,
 * zeros too, because `"12.340"` EUR may be twelve thousand to its author.
 * @param text with a point, without spaces, exponent, `+` or separators; numbers are refused, for they are not exact
 * @param currency an ISO 4217 code in either case
 * @throws PaymentUsageError `INVALID_MONEY` or `UNKNOWN_CURRENCY`
 */
export function parseMoney(text: string, currency: string): Money {
  const { code, exponent } = exponentOf(currency);
  const parts = typeof text === "string" && text.length <= MOST_CHARACTERS && DECIMAL.exec(text);
  if (!parts) {
    throw new PaymentUsageError(
      "INVALID_MONEY",
      'A decimal amount is a string of digits with at most one point, such as "12.50"',
    );
  }
  const [, sign, whole = "", fraction = ""] = parts;
  if (fraction.length > exponent) {
    throw new PaymentUsageError(
      "INVALID_MONEY",
      `${code} has ${exponent} decimal digits, the text has ${fraction.length}; round it before, on purpose`,
    );
  }
  const amount = Number(whole + fraction.padEnd(exponent, "0"));
  if (!Number.isSafeInteger(amount)) {
    throw new PaymentUsageError("INVALID_MONEY", "The amount is beyond the greatest safe integer");
  }
  return money(sign ? -amount : amount, code);
}

/**
 * Writes the amount as a decimal number with all digits of its currency: `"12.50"`, `"-0.05"`, `"500"` for JPY.
 * What {@link parseMoney} reads. Not for people: that is the task of a formatter that knows their language.
 * @throws PaymentUsageError `INVALID_MONEY` or `UNKNOWN_CURRENCY`
 */
export function formatMoney(value: Money): string {
  const { amount, currency } = money(value.amount, value.currency);
  const { exponent } = exponentOf(currency);
  const digits = String(Math.abs(amount)).padStart(exponent + 1, "0");
  const sign = amount < 0 ? "-" : "";
  if (exponent === 0) return sign + digits;
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

function exponentOf(currency: string): { code: string; exponent: number } {
  const code = typeof currency === "string" ? currency.toUpperCase() : "";
  const exponent = isoExponent(code);
  if (exponent === undefined) {
    throw new PaymentUsageError(
      "UNKNOWN_CURRENCY",
      "The currency is not a code of ISO 4217 that has minor units, such as EUR",
    );
  }
  return { code, exponent };
}

function describe(amount: unknown): string {
  return typeof amount === "number" ? String(amount) : `a ${typeof amount}`;
}
