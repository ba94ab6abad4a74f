import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  currencies,
  formatMoney,
  isoExponent,
  money,
  parseMoney,
  PaymentUsageError,
} from "../../src/payments/index.ts";

const anyCurrency = fc.constantFrom(...currencies);
const anyMoney = fc.record({ amount: fc.maxSafeInteger(), currency: anyCurrency });

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    if (error instanceof PaymentUsageError) return error.code;
    throw error;
  }
  return undefined;
}

function withDigits(wanted: number): string {
  return currencies.filter((code) => isoExponent(code) === wanted).join(" ");
}

describe("money", () => {
  it("reads decimal strings by the digits of their currency", () => {
    expect(parseMoney("12.50", "EUR")).toEqual({ amount: 1250, currency: "EUR" });
    expect(parseMoney("12.5", "eur")).toEqual({ amount: 1250, currency: "EUR" });
    expect(parseMoney("-0.05", "USD")).toEqual({ amount: -5, currency: "USD" });
    expect(parseMoney("500", "JPY")).toEqual({ amount: 500, currency: "JPY" });
    expect(parseMoney("1.234", "BHD")).toEqual({ amount: 1234, currency: "BHD" });
    expect(parseMoney("1.2345", "CLF")).toEqual({ amount: 12345, currency: "CLF" });
    expect(parseMoney("90071992547409.91", "EUR").amount).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([
    "12.345",
    "12.340",
    "1e3",
    "+1",
    " 1",
    "1 ",
    "1,000.00",
    "1.",
    ".5",
    "",
    "-",
    "01.00",
    "0x10",
    "١٢",
    "NaN",
    "90071992547409.92",
    "9".repeat(400),
  ])("refuses %j as an amount of EUR", (text) => {
    expect(codeOf(() => parseMoney(text, "EUR"))).toBe("INVALID_MONEY");
  });

  it("refuses numbers where it wants a string, and fractions of a yen", () => {
    expect(codeOf(() => parseMoney(12.5 as never, "EUR"))).toBe("INVALID_MONEY");
    expect(codeOf(() => parseMoney("1.0", "JPY"))).toBe("INVALID_MONEY");
  });

  it.each([12.5, Number.NaN, Infinity, 2 ** 53, "12" as never, null as never])(
    "refuses %j as a number of minor units",
    (amount) => {
      expect(codeOf(() => money(amount, "EUR"))).toBe("INVALID_MONEY");
    },
  );

  it.each(["", "EU", "EURO", "XXX", "XAU", "toString", undefined as never])(
    "refuses %j as a currency",
    (currency) => {
      expect(codeOf(() => money(1, currency))).toBe("UNKNOWN_CURRENCY");
      expect(codeOf(() => parseMoney("1", currency))).toBe("UNKNOWN_CURRENCY");
    },
  );

  it("knows no minus zero", () => {
    expect(Object.is(money(-0, "EUR").amount, 0)).toBe(true);
    expect(Object.is(parseMoney("-0.00", "EUR").amount, 0)).toBe(true);
  });

  it("writes what it reads, for every amount of every currency", () => {
    fc.assert(
      fc.property(anyMoney, (value) => {
        const text = formatMoney(value);
        expect(parseMoney(text, value.currency)).toEqual(money(value.amount, value.currency));
        expect(text.split(".")[1]?.length ?? 0).toBe(isoExponent(value.currency));
      }),
    );
  });

  it("either reads a text exactly or refuses it, whatever the text", () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^-?\d{0,18}(\.\d{0,4})?$/));
    fc.assert(
      fc.property(text, anyCurrency, (decimal, currency) => {
        const refused = codeOf(() => parseMoney(decimal, currency));
        if (refused !== undefined) return refused === "INVALID_MONEY";
        const { amount } = parseMoney(decimal, currency);
        const exponent = isoExponent(currency) ?? 0;
        const digits = decimal.replace(/[-.]/g, "");
        const given = decimal.split(".")[1]?.length ?? 0;
        const exact = BigInt(digits) * 10n ** BigInt(exponent - given);
        return BigInt(Math.abs(amount)) === exact;
      }),
    );
  });

  it("has the exponents of ISO 4217, not those of the runtime", () => {
    expect(withDigits(0)).toBe(
      "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    );
    expect(withDigits(3)).toBe("BHD IQD JOD KWD LYD OMR TND");
    expect(withDigits(4)).toBe("CLF UYW");
    expect(isoExponent("MGA")).toBe(2);
    expect(isoExponent("HUF")).toBe(2);
    expect(new Set(currencies).size).toBe(currencies.length);
    expect(currencies.every((code) => /^[A-Z]{3}$/.test(code))).toBe(true);
  });
});
