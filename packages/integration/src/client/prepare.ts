import { encodeBody } from "./body.ts";
import { knownKeys } from "./check.ts";
import type { EngineCall } from "./engine.ts";
import { configError } from "./errors.ts";
import { buildUrl } from "./path.ts";
import type { ResponseKind } from "./result.ts";
import type { RequestOptionsWithBody } from "./types.ts";
import { checkMethod, toHeaders } from "./wire-request.ts";

export interface PrepareContext {
  readonly base: URL;
  readonly headers: Headers;
  readonly idempotencyHeader: string;
}

/** A call's options without what only concerns its answer. */
export type CallOptions = Omit<RequestOptionsWithBody, "schema">;

/** The names of a call's options. */
const NAMES: readonly string[] = [
  "params",
  "query",
  "headers",
  "schema",
  "responseType",
  "idempotencyKey",
  "idempotent",
  "signal",
  "timeouts",
  "body",
  "next",
  "maxPages",
];

/**
 * What goes over the wire for a call.
 * @throws CONFIG_ERROR
 */
export function prepareCall(
  method: string,
  path: string,
  options: CallOptions,
  context: PrepareContext,
): EngineCall {
  knownKeys("The options of a call", options, NAMES);
  const verb = checkMethod(method);
  const { url, template } = buildUrl(context.base, path, options);
  const { body, contentType, replayable } = encodeBody(options.body);
  if (body !== undefined && (verb === "GET" || verb === "HEAD"))
    throw configError(`A ${verb} cannot have a body: put its values into the query`);
  const headers = new Headers(context.headers);
  if (!headers.has("accept")) headers.set("accept", acceptOf(options.responseType));
  if (contentType !== undefined) headers.set("content-type", contentType);
  for (const [name, value] of callHeaders(options.headers)) headers.set(name, value);
  const { idempotencyKey } = options;
  if (idempotencyKey !== undefined) {
    // 255 is the most that Stripe takes.
    if (typeof idempotencyKey !== "string" || !/^[\u0021-\u007e]{1,255}$/.test(idempotencyKey))
      throw configError("idempotencyKey must be 1 to 255 visible ASCII characters");
    headers.set(context.idempotencyHeader, idempotencyKey);
  }
  return {
    url,
    method: verb,
    headers,
    body,
    template: `${context.base.pathname.replace(/\/+$/, "")}${template.startsWith("/") ? "" : "/"}${template}`,
    replayable,
    idempotent: options.idempotent,
    timeouts: options.timeouts,
    signals: [options.signal],
  };
}

/** `fetch` computes these; with a wrong one the next request on the connection could be a smuggled one. */
const COMPUTED = ["host", "content-length", "transfer-encoding", "connection"] as const;

/** @throws CONFIG_ERROR */
export function callHeaders(init: Readonly<Record<string, string>> | undefined): Headers {
  const headers = toHeaders(init);
  const computed = COMPUTED.find((name) => headers.has(name));
  if (computed !== undefined) throw configError(`The header ${computed} cannot be set`);
  return headers;
}

/**
 * The base URL of a client.
 * @throws CONFIG_ERROR; the text does not repeat the URL, which may hold a password
 */
export function checkBaseUrl(value: unknown): URL {
  const text = value instanceof URL || typeof value === "string" ? String(value) : "";
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:")
    throw configError("baseUrl must be an absolute URL that begins with https:// or http://");
  if (url.username !== "" || url.password !== "")
    throw configError("baseUrl holds credentials: give them as auth");
  if (url.search !== "" || url.hash !== "")
    throw configError("baseUrl must end with its path, without query and fragment");
  return url;
}

function acceptOf(kind: ResponseKind | undefined): string {
  return kind === "text" || kind === "bytes" ? "*/*" : "application/json";
}
