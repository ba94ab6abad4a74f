import type { AbortScope } from "./abort-scope.ts";
import type { WireBody } from "./body.ts";
import { IntegrationError, withParts } from "./errors.ts";
import { networkError } from "./network-error.ts";
import { outcomeOfStatus } from "./status-code.ts";
import { discard, readBody, wasDecoded, watchedBody } from "./read-body.ts";

/** What sends a request: the platform's `fetch`, or one of a test's. */
export type FetchFunction = {
  (input: string | URL | Request, init?: RequestInit): Promise<Response>;
};

/** A `fetch` to hand to an SDK, such as to `Stripe.createFetchHttpClient`. */
export interface SdkFetch extends FetchFunction {
  /** Does nothing: each attempt opens its own connection. Bun's type of a `fetch` asks for it. */
  preconnect(url: string | URL): void;
}

/** Makes a `fetch` of ours one that has the type of Bun's, too. */
export function toSdkFetch(fetch: FetchFunction): SdkFetch {
  return Object.assign(fetch, { preconnect: () => {} });
}

/**
 * `refuse` (default) makes every redirect a REDIRECT_BLOCKED. `same-origin` follows up to five of them for GET and
 * HEAD, as long as they stay on the same scheme, host and port.
 */
export type RedirectPolicy = "refuse" | "same-origin";

export interface WireRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body?: WireBody | undefined;
}

export interface ExchangeOptions {
  readonly integration: string;
  readonly fetch: FetchFunction;
  readonly redirect: RedirectPolicy;
  readonly maxResponseBytes: number;
  /** Hands a success out with its body unread. */
  readonly stream: boolean;
  readonly scope: AbortScope;
  /** Told of the headers as soon as they are there. */
  readonly onHeaders: (response: Response) => void;
}

const MAX_REDIRECTS = 5;

export interface Exchanged {
  readonly response: Response;
  /** The body, unless it is handed out unread. */
  readonly bytes?: Uint8Array;
}

/** One request and its answer, the body included. */
export async function exchange(request: WireRequest, options: ExchangeOptions): Promise<Exchanged> {
  const { scope, integration } = options;
  let { url } = request;
  for (let hops = 0; ; hops += 1) {
    // oxlint-disable-next-line no-await-in-loop -- a redirect is known only after the answer
    const response = await send({ ...request, url }, options);
    const location = redirectOf(response);
    if (location === undefined) return finish(response, request.method, options);
    discard(response);
    const target = hops < MAX_REDIRECTS ? allowedTarget(location, url, request, options) : null;
    if (!target) {
      scope.end();
      throw redirectBlocked(response, request.method, integration);
    }
    url = target;
  }
}

async function send(request: WireRequest, options: ExchangeOptions): Promise<Response> {
  const { scope, integration, fetch } = options;
  const { url, method, headers, body } = request;
  try {
    const response = await scope.race(
      // A function of the operator's may also throw at once.
      (async () =>
        fetch(url.href, {
          method,
          headers,
          ...(body !== undefined && { body }),
          ...(body instanceof ReadableStream && { duplex: "half" as const }),
          signal: scope.signal,
          redirect: "manual",
          // Bun sends GET, HEAD, PUT and DELETE a second time, without a word, when a kept connection has died.
          keepalive: false,
        }))(),
    );
    options.onHeaders(response);
    return response;
  } catch (error) {
    throw error instanceof IntegrationError ? error : networkError(error, integration);
  }
}

async function finish(
  response: Response,
  method: string,
  options: ExchangeOptions,
): Promise<Exchanged> {
  const { scope, integration, maxResponseBytes } = options;
  const { status, statusText } = response;
  if (status < 200 || status > 599) {
    discard(response);
    throw impossibleStatus(status, integration);
  }
  const headers = new Headers(response.headers);
  if (wasDecoded(response) && method !== "HEAD") {
    // They describe bytes that nobody will see.
    headers.delete("content-encoding");
    headers.delete("content-length");
  }
  const head = { status, statusText, headers };
  if (options.stream && response.ok) {
    scope.stopClock();
    const body = watchedBody(response, { integration, method, scope });
    return { response: new Response(isBodyless(status) ? null : body, head) };
  }
  try {
    const limits = { integration, method, maxBytes: maxResponseBytes, scope };
    const bytes = await readBody(response, limits);
    const empty = isBodyless(status) || bytes.length === 0;
    return { response: new Response(empty ? null : bytes, head), bytes };
  } catch (error) {
    // The status has been seen, so it decides what is known of the outcome.
    throw error instanceof IntegrationError
      ? withParts(error, { status, outcome: response.ok ? "unknown" : outcomeOfStatus(status) })
      : error;
  }
}

function impossibleStatus(status: number, integration: string): IntegrationError {
  return new IntegrationError({
    code: "HTTP_ERROR",
    message: `${integration} answered with the impossible status ${status}`,
    integration,
    status,
    outcome: "unknown",
  });
}

/** Source: https://fetch.spec.whatwg.org/#null-body-status */
function isBodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

function redirectOf(response: Response): string | undefined {
  // What a browser makes of a redirect that it was told not to follow.
  if (response.type === "opaqueredirect") return "";
  if (!REDIRECTS.has(response.status)) return undefined;
  return response.headers.get("location") ?? undefined;
}

function allowedTarget(
  location: string,
  from: URL,
  { method }: WireRequest,
  { redirect }: ExchangeOptions,
): URL | undefined {
  if (redirect !== "same-origin" || (method !== "GET" && method !== "HEAD")) return undefined;
  if (location === "" || !URL.canParse(location, from.href)) return undefined;
  const target = new URL(location, from);
  const same = target.origin === from.origin && target.username === "" && target.password === "";
  return same ? target : undefined;
}

function redirectBlocked(
  { status }: Response,
  method: string,
  integration: string,
): IntegrationError {
  // 307 and 308 say "send it there instead"; after the others something may have been done here already.
  const untouched = status === 307 || status === 308 || method === "GET" || method === "HEAD";
  return new IntegrationError({
    code: "REDIRECT_BLOCKED",
    message: `${integration} answered with a redirect (${status}), which is not followed: use the URL that it leads to`,
    integration,
    status,
    outcome: untouched ? "rejected" : "unknown",
  });
}
