import { refuse } from "./refusal.ts";

/** How a platform writes the time: whole seconds or milliseconds since the epoch, or RFC 3339. */
export type TimestampUnit = "s" | "ms" | "iso";

const UNIT_MS: Readonly<Record<TimestampUnit, number>> = { s: 1000, ms: 1, iso: 1 };
const MAX_DIGITS = 15;
const RFC_3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/** Milliseconds since the epoch, or `undefined` where the text is not, from end to end, a time in this unit. */
export function parseTimestamp(text: string, unit: TimestampUnit): number | undefined {
  if (unit === "iso") return parseIsoTime(text);
  // Number() alone would also take signs, spaces, fractions, exponents and hex.
  if (text.length === 0 || text.length > MAX_DIGITS) return undefined;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 48 || code > 57) return undefined;
  }
  return Number(text) * UNIT_MS[unit];
}

/**
 * Milliseconds since the epoch of an RFC 3339 time, which must say its offset from UTC; `undefined` for anything else.
 * Fractions beyond the millisecond are cut off. Source: https://www.rfc-editor.org/rfc/rfc3339#section-5.6
 */
export function parseIsoTime(text: unknown): number | undefined {
  const match = typeof text === "string" ? RFC_3339.exec(text) : null;
  if (!match) return undefined;
  const [, seconds = "", fraction = "", offset = ""] = match;
  const time = Date.parse(seconds + fraction.slice(0, 4) + offset);
  return Number.isNaN(time) ? undefined : time;
}

/**
 * Refuses a time that is too far from now on either side. Both are cut to the platform's unit first, so that a second's
 * fraction, which the sender cannot express, never decides.
 */
export function checkFreshness(
  time: number,
  now: number,
  unit: TimestampUnit,
  toleranceMs: number,
): void {
  const unitMs = UNIT_MS[unit];
  const ageMs = (Math.floor(now / unitMs) - Math.floor(time / unitMs)) * unitMs;
  if (Math.abs(ageMs) <= toleranceMs) return;
  const distance = `${Math.abs(ageMs) / 1000} s`;
  const hint = `the tolerance is ${toleranceMs / 1000} s. Check this machine's clock`;
  if (ageMs > 0) refuse("TIMESTAMP_EXPIRED", `the timestamp is ${distance} old, ${hint}`);
  refuse("TIMESTAMP_IN_FUTURE", `the timestamp is ${distance} in the future, ${hint}`);
}
