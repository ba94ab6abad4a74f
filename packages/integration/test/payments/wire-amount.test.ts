import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  currencies,
  fromStripeAmount,
  PaymentUsageError,
  toStripeAmount,
} from "../../src/payments/index.ts";

interface Rule {
  readonly iso: number;
  readonly wire: number;
  /** In ISO minor units. */
  readonly step: number;
}

/**
 * What an amount of so many ISO minor units is on the wire, by the vendor's page on currencies.
 * Source: https://docs.stripe.com/currencies
 */
const SPECIAL: Readonly<Record<string, Rule | "refused">> = {
  BIF: { iso: 7, wire: 7, step: 1 },
  CLP: { iso: 7, wire: 7, step: 1 },
  DJF: { iso: 7, wire: 7, step: 1 },
  GNF: { iso: 7, wire: 7, step: 1 },
  JPY: { iso: 7, wire: 7, step: 1 },
  KMF: { iso: 7, wire: 7, step: 1 },
  KRW: { iso: 7, wire: 7, step: 1 },
  MGA: { iso: 700, wire: 7, step: 100 },
  PYG: { iso: 7, wire: 7, step: 1 },
  RWF: { iso: 7, wire: 7, step: 1 },
  VND: { iso: 7, wire: 7, step: 1 },
  VUV: { iso: 7, wire: 7, step: 1 },
  XAF: { iso: 7, wire: 7, step: 1 },
  XOF: { iso: 7, wire: 7, step: 1 },
  XPF: { iso: 7, wire: 7, step: 1 },
  BHD: { iso: 1230, wire: 1230, step: 10 },
  JOD: { iso: 1230, wire: 1230, step: 10 },
  KWD: { iso: 1230, wire: 1230, step: 10 },
  OMR: { iso: 1230, wire: 1230, step: 10 },
  TND: { iso: 1230, wire: 1230, step: 10 },
  ISK: { iso: 7, wire: 700, step: 1 },
  UGX: "refused",
  // In ISO 4217, but not among what Stripe takes.
  IQD: "refused",
  LYD: "refused",
  CLF: "refused",
  UYI: "refused",
  UYW: "refused",
};

function expected(currency: string): Rule | "refused" {
  return SPECIAL[currency] ?? { iso: 1999, wire: 1999, step: 1 };
}

function taken(currency: string): Rule {
  const rule = expected(currency);
  if (rule === "refused") throw new Error(`${currency} is refused`);
  return rule;
}

function refusal(amount: number, currency: string): string | undefined {
  try {
    toStripeAmount({ amount, currency });
  } catch (error) {
    if (error instanceof PaymentUsageError) return error.code;
    throw error;
  }
  return undefined;
}

describe("amounts on Stripe's wire", () => {
  it.each(currencies.filter((currency) => expected(currency) !== "refused"))(
    "writes and reads %s as Stripe does",
    (currency) => {
      const { iso, wire, step } = taken(currency);
      const onWire = { amount: wire, currency: currency.toLowerCase() };
      expect(toStripeAmount({ amount: iso, currency })).toEqual(onWire);
      expect(fromStripeAmount(onWire)).toEqual({ amount: iso, currency });
      // One more minor unit is refused, unless the currency is taken in single ones.
      expect(refusal(iso + 1, currency)).toBe(step > 1 ? "UNSUPPORTED_MONEY" : undefined);
    },
  );

  it.each(currencies.filter((currency) => expected(currency) === "refused"))(
    "refuses %s, in both directions",
    (currency) => {
      expect(refusal(1000, currency)).toBe("UNSUPPORTED_MONEY");
      expect(fromStripeAmount({ amount: 1000, currency })).toBeUndefined();
    },
  );

  it("covers every currency that is special", () => {
    expect(Object.keys(SPECIAL).filter((currency) => !currencies.includes(currency))).toEqual([]);
  });

  it("reads back what it writes, or refuses", () => {
    const anyMoney = fc.record({
      amount: fc.maxSafeInteger(),
      currency: fc.constantFrom(...currencies),
    });
    fc.assert(
      fc.property(anyMoney, (value) => {
        const refused = refusal(value.amount, value.currency);
        if (refused !== undefined) return refused === "UNSUPPORTED_MONEY";
        const { amount, currency } = fromStripeAmount(toStripeAmount(value)) ?? {};
        return amount === value.amount && currency === value.currency;
      }),
    );
  });

  it("says which steps a currency is taken in", () => {
    expect(() => toStripeAmount({ amount: 1234, currency: "KWD" })).toThrow(/steps of 10/);
    expect(() => toStripeAmount({ amount: 150, currency: "MGA" })).toThrow(/steps of 100/);
  });

  it("refuses an amount that only rounding would carry", () => {
    expect(refusal(Number.MAX_SAFE_INTEGER, "ISK")).toBe("UNSUPPORTED_MONEY");
    expect(refusal(9_007_199_254_740_901, "MGA")).toBe("UNSUPPORTED_MONEY");
    expect(fromStripeAmount({ amount: 750, currency: "isk" })).toBeUndefined();
  });
});
