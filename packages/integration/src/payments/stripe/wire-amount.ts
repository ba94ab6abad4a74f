import { isoExponent } from "../currencies.ts";
import { PaymentUsageError } from "../errors.ts";
import type { Money } from "../money.ts";
import { money } from "../money.ts";

/** An amount as Stripe's API writes it. */
export interface StripeAmount {
  readonly amount: number;
  /** A lower-case ISO 4217 code. */
  readonly currency: string;
}

/** Stripe takes these without decimal digits. MGA has two by ISO, so its amounts must be whole ariary. */
const NO_DECIMALS: ReadonlySet<string> = new Set(
  "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split(" "),
);

/** Stripe takes these with three decimal digits, of which the last must be 0. */
const THREE_DECIMALS: ReadonlySet<string> = new Set("BHD JOD KWD OMR TND".split(" "));

/** How a currency's ISO minor unit becomes Stripe's: `iso × times ÷ by`, which has to leave an integer. */
interface Scale {
  readonly times: number;
  readonly by: number;
  /** What an amount on the wire must be a multiple of. */
  readonly step: number;
}

function scaleOf(currency: string): Scale | undefined {
  // Stripe's page lists UGX as without decimals in one place and with two in another: a factor of 100 is no guess to make.
  if (currency === "UGX") return undefined;
  // Without decimals by ISO, but with two on the wire, for the sake of old integrations.
  if (currency === "ISK") return { times: 100, by: 1, step: 100 };
  const exponent = isoExponent(currency);
  if (exponent === undefined) return undefined;
  if (NO_DECIMALS.has(currency)) return { times: 1, by: 10 ** exponent, step: 1 };
  if (THREE_DECIMALS.has(currency)) return { times: 1, by: 1, step: 10 };
  return exponent === 2 ? { times: 1, by: 1, step: 1 } : undefined;
}

/**
 * Converts a sum to what Stripe expects, or refuses: nothing is ever rounded.
 * Source: https://docs.stripe.com/currencies#minor-units
 * @throws PaymentUsageError `UNSUPPORTED_MONEY` for a currency that Stripe does not take or contradicts itself about
 * (UGX), and for an amount that the wire cannot carry exactly; `INVALID_MONEY` or `UNKNOWN_CURRENCY`
 */
export function toStripeAmount(value: Money): StripeAmount {
  const { amount, currency } = money(value.amount, value.currency);
  const scale = scaleOf(currency);
  if (scale === undefined) {
    throw new PaymentUsageError("UNSUPPORTED_MONEY", `${currency} cannot be charged by Stripe`);
  }
  const wire = exactly(amount, scale.times, scale.by);
  if (wire === undefined || wire % scale.step !== 0) {
    throw new PaymentUsageError(
      "UNSUPPORTED_MONEY",
      `Stripe takes ${currency} in steps of ${(scale.step * scale.by) / scale.times} minor units, and no more than ` +
        `${Number.MAX_SAFE_INTEGER} of its own; ${amount} is refused, not rounded`,
    );
  }
  return { amount: wire, currency: currency.toLowerCase() };
}

/**
 * Converts what Stripe says to a sum in ISO minor units.
 * @returns nothing for a currency that {@link toStripeAmount} refuses, or an amount that is no whole number of minor units
 */
export function fromStripeAmount(value: StripeAmount): Money | undefined {
  const currency = value.currency.toUpperCase();
  const scale = scaleOf(currency);
  if (scale === undefined) return undefined;
  const amount = exactly(value.amount, scale.by, scale.times);
  return amount === undefined ? undefined : money(amount, currency);
}

/** `amount × times ÷ by` where that is a safe integer without rounding. */
function exactly(amount: number, times: number, by: number): number | undefined {
  const product = amount * times;
  return Number.isSafeInteger(product) && product % by === 0 ? product / by : undefined;
}
