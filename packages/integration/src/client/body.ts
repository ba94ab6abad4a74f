import { configError } from "./errors.ts";

/** What `fetch` takes as a body. */
export type WireBody = NonNullable<RequestInit["body"]>;

export interface EncodedBody {
  readonly body?: WireBody;
  readonly contentType?: string;
  /** A stream can be read only once, so its request cannot be repeated. */
  readonly replayable: boolean;
}

/**
 * A body as `fetch` takes it. What is no text, bytes, form or stream is written as JSON, once: a later change to the
 * object does not change what a retry sends.
 * @throws CONFIG_ERROR for what JSON cannot express
 */
export function encodeBody(value: unknown): EncodedBody {
  if (value === undefined) return { replayable: true };
  if (value instanceof ReadableStream) return { body: value, replayable: false };
  // Named here, because only Node's `fetch` would name it.
  if (typeof value === "string")
    return { body: value, contentType: "text/plain;charset=UTF-8", replayable: true };
  if (isWireBody(value)) return { body: value, replayable: true };
  const json = toJson(value);
  if (json === undefined)
    throw configError("The body cannot be written as JSON: it holds a cycle, a BigInt or no value");
  return { body: json, contentType: "application/json", replayable: true };
}

function isWireBody(
  value: unknown,
): value is Blob | FormData | URLSearchParams | ArrayBuffer | Uint8Array<ArrayBuffer> {
  return (
    value instanceof Uint8Array ||
    value instanceof ArrayBuffer ||
    value instanceof URLSearchParams ||
    value instanceof FormData ||
    value instanceof Blob
  );
}

function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** A request's or an answer's body for the log, where it is JSON. */
export function parsedForLog(body: unknown): unknown {
  if (typeof body !== "string") return undefined;
  try {
    const parsed: unknown = JSON.parse(body);
    return parsed;
  } catch {
    return undefined;
  }
}
