import { describe, expect, test } from "vitest";
import { parseRetryAfter } from "../../src/transport/retry-after.ts";

/** Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110's examples. */
const EXAMPLE = 784_111_777_000;
const NOW = Date.UTC(2026, 0, 15, 12, 0, 0);

describe("seconds", () => {
  test.each([
    ["0", 0],
    ["1", 1_000],
    ["120", 120_000],
    ["007", 7_000],
    [" 120\t", 120_000],
    ["2147483647", 2_147_483_647_000],
  ])("%j", (value, expected) => {
    expect(parseRetryAfter(value, NOW)).toBe(expected);
  });
});

describe("dates", () => {
  test.each([
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
  ])("%j, in each of the three forms of RFC 9110", (value) => {
    expect(parseRetryAfter(value, EXAMPLE - 5_500)).toBe(5_500);
    expect(parseRetryAfter(value, EXAMPLE)).toBe(0);
    expect(parseRetryAfter(value, EXAMPLE + 1)).toBe(0);
  });

  test("a two-digit year lies at most 50 years ahead", () => {
    const days = (year: number) => Date.UTC(year, 5, 1) - NOW;
    expect(parseRetryAfter("Monday, 01-Jun-26 00:00:00 GMT", NOW)).toBe(days(2026));
    expect(parseRetryAfter("Monday, 01-Jun-76 00:00:00 GMT", NOW)).toBe(days(2076));
    expect(parseRetryAfter("Wednesday, 01-Jun-77 00:00:00 GMT", NOW)).toBe(0);
    expect(parseRetryAfter("Thursday, 01-Jun-95 00:00:00 GMT", NOW)).toBe(0);
  });

  test("a leap day and a leap second are dates", () => {
    expect(parseRetryAfter("Tue, 29 Feb 2028 00:00:00 GMT", NOW)).toBe(Date.UTC(2028, 1, 29) - NOW);
    expect(parseRetryAfter("Thu, 31 Dec 2026 23:59:60 GMT", NOW)).toBe(Date.UTC(2027, 0, 1) - NOW);
  });

  test("a four-digit year is meant as it stands", () => {
    expect(parseRetryAfter("Sat, 01 Jan 0094 00:00:00 GMT", NOW)).toBe(0);
  });
});

describe("anything else is ignored", () => {
  test.each([
    undefined,
    "",
    " ",
    "-1",
    "+1",
    "1.5",
    "1e3",
    "0x10",
    "1,000",
    "120, 120",
    "120s",
    "1 2",
    "１２０",
    "Infinity",
    "NaN",
    "soon",
    "2147483648",
    "99999999999999999999",
    "9".repeat(400),
    "2026-01-15T12:00:10Z",
    "Thu, 15 Jan 2026 12:00:10",
    "Thu, 15 Jan 2026 12:00:10 UTC",
    "Thu, 15 Jan 2026 12:00:10 +0000",
    "Thu, 15 Jan 2026 12:00:10 gmt",
    "thu, 15 jan 2026 12:00:10 GMT",
    "Thu, 15 Jan 26 12:00:10 GMT",
    "Thu, 5 Jan 2026 12:00:10 GMT",
    "Thu,15 Jan 2026 12:00:10 GMT",
    "Thursday, 15 Jan 2026 12:00:10 GMT",
    "Thu, 15-Jan-26 12:00:10 GMT",
    "Thu, 31 Apr 2026 12:00:10 GMT",
    "Sun, 29 Feb 2026 12:00:10 GMT",
    "Thu, 00 Jan 2026 12:00:10 GMT",
    "Thu, 32 Jan 2026 12:00:10 GMT",
    "Thu, 15 Foo 2026 12:00:10 GMT",
    "Foo, 15 Jan 2026 12:00:10 GMT",
    "Thu, 15 Jan 2026 24:00:00 GMT",
    "Thu, 15 Jan 2026 12:60:00 GMT",
    "Thu, 15 Jan 2026 12:00:61 GMT",
    "Thu Jan 5 12:00:10 2026",
    "Thu Jan 15 12:00:10 26",
    "Thu, 15 Jan 2026 12:00:10 GMT, 120",
    "Thu, 15 Jan 2026 12:00:10 GMT\n",
    "Fri, 31 Dec 9999 23:59:59 GMT",
  ])("%j", (value) => {
    expect(parseRetryAfter(value, NOW)).toBeUndefined();
  });
});
