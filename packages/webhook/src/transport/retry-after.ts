/** Longer than any wait that is meant: about 68 years, the largest number that HTTP caches are asked to hold. */
const MAX_SECONDS = 2 ** 31 - 1;

/**
 * Reads a `Retry-After` header: seconds, or a date in one of HTTP's three forms.
 * Sources: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 and https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
 * @param nowMs the time that a date is counted from, in milliseconds since the epoch
 * @returns milliseconds to wait, 0 for a date in the past; `undefined` for an absent or malformed header and for
 *   waits above 2^31 - 1 seconds
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.replace(/^[ \t]+|[ \t]+$/g, "") ?? "";
  const delayMs = /^\d+$/.test(text)
    ? Number(text) * 1000
    : delayUntil(parseHttpDate(text, nowMs), nowMs);
  return delayMs === undefined || delayMs > MAX_SECONDS * 1000 ? undefined : delayMs;
}

function delayUntil(dateMs: number | undefined, nowMs: number): number | undefined {
  return dateMs === undefined ? undefined : Math.max(0, dateMs - nowMs);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MONTH = `(?<month>${MONTHS.join("|")})`;
const TIME = String.raw`(?<hour>[01]\d|2[0-3]):(?<minute>[0-5]\d):(?<second>[0-5]\d|60)`;
const SHORT_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const LONG_DAY = "(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)";

const FORMS: readonly RegExp[] = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(String.raw`^${SHORT_DAY}, (?<day>\d\d) ${MONTH} (?<year>\d{4}) ${TIME} GMT$`),
  // Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(String.raw`^${LONG_DAY}, (?<day>\d\d)-${MONTH}-(?<year>\d\d) ${TIME} GMT$`),
  // Sun Nov  6 08:49:37 1994
  new RegExp(String.raw`^${SHORT_DAY} ${MONTH} (?<day>\d\d| \d) ${TIME} (?<year>\d{4})$`),
];

/** Milliseconds since the epoch. The day of the week is not compared with the date: it adds nothing to it. */
function parseHttpDate(text: string, nowMs: number): number | undefined {
  const found = FORMS.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined);
  if (!found) return undefined;
  const { year = "", month = "", day, hour, minute, second } = found;
  const fullYear = year.length === 2 ? centuryOf(Number(year), nowMs) : Number(year);
  const date = new Date(0);
  // Not `Date.UTC`, which takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(fullYear, MONTHS.indexOf(month), Number(day));
  // The 30th of February has become the 1st or 2nd of March.
  if (date.getUTCDate() !== Number(day)) return undefined;
  return date.setUTCHours(Number(hour), Number(minute), Number(second));
}

/** A two-digit year that seems to lie more than 50 years ahead is of the past century (RFC 9110, section 5.6.7). */
function centuryOf(year: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const sameCentury = thisYear - (thisYear % 100) + year;
  return sameCentury > thisYear + 50 ? sameCentury - 100 : sameCentury;
}
