import { configError } from "./errors.ts";
import type { WireRequest } from "./exchange.ts";

export interface FetchCall extends WireRequest {
  readonly signal: AbortSignal | undefined;
}

/**
 * The arguments of a `fetch` call.
 * @throws CONFIG_ERROR for what is no http(s) request; the text does not repeat the URL
 */
export async function readFetchCall(
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<FetchCall> {
  if (input instanceof Request) return readRequest(new Request(input, init));
  const { body } = init;
  return {
    url: checkUrl(String(input)),
    method: checkMethod(init.method ?? "GET"),
    headers: toHeaders(init.headers),
    body: body ?? undefined,
    signal: init.signal ?? undefined,
  };
}

/** Read whole: a retry could not read its stream again. */
async function readRequest(request: Request): Promise<FetchCall> {
  const body = request.body === null ? undefined : await request.arrayBuffer();
  return {
    url: checkUrl(request.url),
    method: checkMethod(request.method),
    headers: new Headers(request.headers),
    body,
    signal: request.signal,
  };
}

/** Bun's `fetch` would also read `file:`, `data:` and `s3:`. */
function checkUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:")
    throw configError("The URL must be absolute and begin with https:// or http://");
  if (url.username !== "" || url.password !== "")
    throw configError("The URL holds credentials: send them in a header");
  url.hash = "";
  return url;
}

/** @throws CONFIG_ERROR for what is no method, and for those that `fetch` forbids */
export function checkMethod(method: string): string {
  const upper = typeof method === "string" ? method.toUpperCase() : "";
  if (/^[A-Z]{1,20}$/.test(upper) && !["CONNECT", "TRACE", "TRACK"].includes(upper)) return upper;
  throw configError("The method must be one of HTTP's, such as GET or POST");
}

/** @throws CONFIG_ERROR for a header that cannot be sent; the text does not repeat its value */
export function toHeaders(init: RequestInit["headers"]): Headers {
  try {
    return new Headers(init);
  } catch {
    throw configError(
      "A header cannot be sent: its name or its value holds a character that is not allowed",
    );
  }
}
