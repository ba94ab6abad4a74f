import type { HeadersInput } from "./provider.ts";

/** Finds a header's value by its lower-case name; `undefined` where it is absent or empty. */
export type HeaderReader = (name: string) => string | undefined;

/** Reads headers in any of the forms that frameworks have, or `undefined` where these are no headers at all. */
export function headerReader(headers: HeadersInput): HeaderReader | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  if (headers instanceof Headers) return (name) => headers.get(name) || undefined;
  if (isIterable(headers)) return readerOfPairs(headers);
  return (name) => fromRecord(headers, name);
}

function isIterable(
  headers: Exclude<HeadersInput, Headers>,
): headers is Iterable<readonly [string, string]> {
  return Symbol.iterator in headers;
}

function readerOfPairs(pairs: Iterable<unknown>): HeaderReader {
  // A map, because a header may be called `__proto__`.
  const values = new Map<string, string>();
  for (const pair of pairs) {
    if (!Array.isArray(pair) || typeof pair[0] !== "string") continue;
    const name = pair[0].toLowerCase();
    const value = textOf(pair[1]);
    const earlier = values.get(name);
    if (value !== undefined)
      values.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  return (name) => values.get(name);
}

function fromRecord(headers: Readonly<Record<string, unknown>>, name: string): string | undefined {
  // Node and Bun hand out lower-case names, so the search through all of them is the exception.
  if (Object.hasOwn(headers, name)) return textOf(headers[name]);
  for (const key of Object.keys(headers)) {
    if (key.length === name.length && key.toLowerCase() === name) return textOf(headers[key]);
  }
  return undefined;
}

function textOf(value: unknown): string | undefined {
  const text = Array.isArray(value)
    ? value.every((item) => typeof item === "string") && value.join(", ")
    : value;
  return typeof text === "string" ? text.trim() || undefined : undefined;
}
