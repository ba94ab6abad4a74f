/**
 * How many decimal digits the minor unit of a currency has, by ISO 4217. A table of our own, because the runtimes'
 * `Intl` data differ from each other (MGA, HUF, IQD) and from the standard.
 * Source: https://www.six-group.com/en/products-services/financial-information/data-standards.html
 */
const BY_EXPONENT: readonly (readonly [exponent: number, codes: string])[] = [
  [0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"],
  [
    2,
    `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP
     COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
     JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN
     NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL
     THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG`,
  ],
  // Withdrawn in 2025 and 2026: what was paid in them may still be refunded.
  [2, "ANG BGN"],
  [3, "BHD IQD JOD KWD LYD OMR TND"],
  [4, "CLF UYW"],
];

const EXPONENTS: ReadonlyMap<string, number> = new Map(
  BY_EXPONENT.flatMap(([exponent, codes]) =>
    codes.split(/\s+/).map((code): [string, number] => [code, exponent]),
  ),
);

/** Every currency that this package knows, as upper-case ISO 4217 codes in alphabetical order. */
export const currencies: readonly string[] = [...EXPONENTS.keys()].toSorted();

/**
 * The number of decimal digits of a currency's minor unit: 0, 2, 3 or 4.
 * @param currency an upper-case ISO 4217 code
 * @returns nothing for a code that is not in the table
 */
export function isoExponent(currency: string): number | undefined {
  return EXPONENTS.get(currency);
}
