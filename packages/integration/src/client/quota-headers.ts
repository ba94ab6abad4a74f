import type { BareItem, Item, Parameters } from "structured-headers";
import { parseDictionary, parseList } from "structured-headers";
import { readRetryAfter } from "./retry-after.ts";

/** How many calls a vendor still allows, as far as its last answers say. */
export interface QuotaWindow {
  /** The vendor's name of the window, else the header it was read from. */
  readonly name: string;
  /** Calls that the window allows in all. */
  readonly limit?: number;
  /** Calls that are left, 0 or more. */
  readonly remaining: number;
  /** When the window starts anew, milliseconds since the epoch. */
  readonly resetAt?: number;
}

/**
 * Reads every quota window that an answer names.
 *
 * `Retry-After` (with status 429), `RateLimit` and `RateLimit-Policy` (structured fields, and the older form with
 * `limit=, remaining=, reset=`), `RateLimit-Limit/-Remaining/-Reset`, and the same with `X-RateLimit-` or
 * `X-Rate-Limit-`, also with a suffix (`-day`) and with several values in one header. A reset above 10^12 is
 * milliseconds since the epoch, above 10^9 seconds since the epoch, else seconds from now. What is malformed is ignored.
 * Source: https://www.ietf.org/archive/id/draft-ietf-httpapi-ratelimit-headers-10.html
 * @param scrub a window's name that this would change is not shown
 */
export function readQuota(
  answer: { readonly status: number; readonly headers: Headers },
  nowMs: number,
  scrub: (text: string) => string,
): readonly QuotaWindow[] {
  const { status, headers } = answer;
  return [
    ...retryAfterWindow(status, headers, nowMs),
    ...structuredWindows(headers, nowMs, scrub),
    ...plainWindows(headers, nowMs),
  ];
}

function retryAfterWindow(status: number, headers: Headers, nowMs: number): QuotaWindow[] {
  const waitMs = status === 429 ? readRetryAfter(headers, nowMs) : undefined;
  return waitMs === undefined
    ? []
    : [{ name: "retry-after", remaining: 0, resetAt: nowMs + waitMs }];
}

/** The current draft: `RateLimit: "day";r=50;t=30` and `RateLimit-Policy: "day";q=100;w=86400`. */
function structuredWindows(
  headers: Headers,
  nowMs: number,
  scrub: (text: string) => string,
): QuotaWindow[] {
  const text = headers.get("ratelimit");
  if (text === null) return [];
  const limits = new Map(
    items(headers.get("ratelimit-policy")).map(([name, params]) => [name, count(params.get("q"))]),
  );
  const named = items(text).flatMap(([name, params], index) =>
    toWindow(
      isHarmless(name, scrub) ? name : `ratelimit#${index}`,
      { limit: limits.get(name), remaining: params.get("r"), reset: params.get("t") },
      nowMs,
    ),
  );
  return named.length > 0 ? named : olderStructuredWindow(text, nowMs);
}

function olderStructuredWindow(text: string, nowMs: number): QuotaWindow[] {
  const fields = attempt(() => parseDictionary(text));
  const value = (key: string): unknown => fields?.get(key)?.[0];
  return toWindow(
    "ratelimit",
    { limit: value("limit"), remaining: value("remaining"), reset: value("reset") },
    nowMs,
  );
}

/** A window's name is the vendor's to choose and ends in warnings and logs: a word, and no secret. */
function isHarmless(name: string, scrub: (text: string) => string): boolean {
  return /^[\w.:-]{1,64}$/.test(name) && scrub(name) === name;
}

function items(text: string | null): readonly (readonly [string, Parameters])[] {
  const list = text === null ? [] : (attempt(() => parseList(text)) ?? []);
  return list
    .filter((entry): entry is Item => !Array.isArray(entry[0]))
    .map(([value, params]) => [nameOf(value), params] as const)
    .filter(([name]) => name !== "");
}

function nameOf(value: BareItem): string {
  if (typeof value === "string") return value;
  // A token; the package does not say so in its type of a bare item's text.
  return typeof value === "object" && "toString" in value ? value.toString() : "";
}

const PLAIN = /^(?:x-rate-?limit|ratelimit)-(limit|remaining|reset)(-[a-z0-9-]{1,32})?$/;

function plainWindows(headers: Headers, nowMs: number): QuotaWindow[] {
  const families = new Map<string, Map<string, string[]>>();
  for (const [name, value] of headers) {
    const [, field = "", suffix = ""] = PLAIN.exec(name) ?? [];
    if (field === "") continue;
    const family = name.slice(0, name.lastIndexOf(`-${field}${suffix}`)) + suffix;
    const fields = families.get(family) ?? new Map<string, string[]>();
    families.set(family, fields.set(field, value.split(",")));
  }
  return [...families].flatMap(([family, fields]) => {
    const remaining = fields.get("remaining") ?? [];
    return remaining.flatMap((left, index) =>
      toWindow(
        remaining.length > 1 ? `${family}#${index}` : family,
        {
          limit: firstNumber(fields.get("limit")?.[index]),
          remaining: firstNumber(left),
          reset: firstNumber(fields.get("reset")?.[index] ?? fields.get("reset")?.[0]),
        },
        nowMs,
      ),
    );
  });
}

/** The number before the parameters: an older draft writes `100, 100;w=60` as the limit. */
function firstNumber(text: string | undefined): number | undefined {
  const digits = /^\s*(\d{1,15}(?:\.\d{1,9})?)\s*(?:;.*)?$/.exec(text ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}

interface WindowFields {
  readonly limit: unknown;
  readonly remaining: unknown;
  readonly reset: unknown;
}

function toWindow(name: string, fields: WindowFields, nowMs: number): QuotaWindow[] {
  const remaining = count(fields.remaining);
  if (remaining === undefined) return [];
  const limit = count(fields.limit);
  const reset = count(fields.reset);
  return [
    {
      name,
      remaining,
      ...(limit !== undefined && { limit }),
      ...(reset !== undefined && { resetAt: resetAt(reset, nowMs) }),
    },
  ];
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function resetAt(value: number, nowMs: number): number {
  if (value > 1e12) return value;
  return value > 1e9 ? value * 1000 : nowMs + value * 1000;
}

function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    // A malformed header says nothing about the quota.
    return undefined;
  }
}
