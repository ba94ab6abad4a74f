/** Longer than any wait that is meant: about 68 years. */
const MAX_SECONDS = 2 ** 31 - 1;

const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/**
 * Reads a `Retry-After` header: seconds, or a date in the form that servers must write.
 * Source: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 * @returns milliseconds to wait, 0 for a date in the past; `undefined` for an absent or malformed header
 */
export function readRetryAfter(headers: Headers, nowMs: number): number | undefined {
  const text = headers.get("retry-after")?.trim() ?? "";
  if (/^\d{1,12}$/.test(text)) return bounded(Number(text) * 1000);
  if (!HTTP_DATE.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : bounded(Math.max(0, at - nowMs));
}

function bounded(delayMs: number): number {
  return Math.min(delayMs, MAX_SECONDS * 1000);
}
