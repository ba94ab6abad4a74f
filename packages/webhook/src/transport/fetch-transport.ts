import { createProgress } from "./attempt-progress.ts";
import type { AttemptProgress } from "./attempt-progress.ts";
import { classOfCode, codeOf, messageOf } from "./failure.ts";
import type { NetworkPolicy } from "./network-policy.ts";
import type { BodyCollector } from "./response-parts.ts";
import { createBodyCollector } from "./response-parts.ts";
import type { Transport, TransportRequest } from "./transport.ts";

/** What an injected `fetch` is called with, beside the URL. */
export interface FetchInit {
  readonly method: "POST";
  readonly headers: Record<string, string>;
  /** Text, as payloads are; bytes only where they are not UTF-8. */
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly redirect: "manual";
  readonly signal: AbortSignal;
}

/** As much of a `Response` as is looked at; only the status is needed. */
export interface FetchedResponse {
  readonly status: number;
  readonly headers?: FetchedHeaders | Readonly<Record<string, string>>;
  readonly body?: FetchedBody | null;
}

/** As much of `Headers` as is used; a plain object does as well. */
interface FetchedHeaders {
  forEach(each: (value: string, name: string) => void): void;
}

/** As much of a `ReadableStream` as is used. */
export interface FetchedBody {
  getReader(): {
    read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
    cancel(): Promise<void>;
  };
}

/** The runtime's own `fetch`, a wrapper around it, or a stand-in of a test. */
export type FetchLike = (url: string, init: FetchInit) => Promise<FetchedResponse>;

export interface FetchTransportOptions {
  readonly fetch: FetchLike;
  readonly policy: NetworkPolicy;
}

/**
 * Sends through an injected `fetch`. **Only the URL is checked**: scheme, port, address literals and localhost. Whoever
 * injects a `fetch` that reaches the network decides which addresses its names may resolve to, and what becomes of
 * `tls` and `proxy`, which `fetch` has no place for. Redirects are asked not to be followed.
 *
 * The deadline holds even when the function ignores its signal; what it still does then is its own affair.
 */
export function createFetchTransport({ fetch, policy }: FetchTransportOptions): Transport {
  const running = new Set<AttemptProgress>();
  let isClosed = false;
  return {
    async send(request) {
      const progress = createProgress(request, "http");
      if (isClosed) progress.fail("aborted", CLOSED);
      if (progress.isSettled()) return progress.outcome;
      running.add(progress);
      // Not awaited: an injected function may never settle. It cannot reject either: `run` catches everything.
      void run(fetch, policy, request, progress);
      const outcome = await progress.outcome;
      running.delete(progress);
      return outcome;
    },
    close() {
      isClosed = true;
      for (const progress of running) progress.stop("aborted", CLOSED);
    },
  };
}

const CLOSED = "The transport was closed";

async function run(
  fetch: FetchLike,
  policy: NetworkPolicy,
  request: TransportRequest,
  progress: AttemptProgress,
): Promise<void> {
  try {
    policy.checkUrl(request.url);
  } catch (error) {
    progress.fail("blocked", messageOf(error), codeOf(error));
    return;
  }
  try {
    const controller = new AbortController();
    progress.onStop(() => controller.abort());
    const response = await fetch(request.url, {
      method: request.method,
      headers: headersFor(request.headers),
      body: bodyFor(request.body),
      redirect: "manual",
      signal: controller.signal,
    });
    await receive(response, request.maxResponseBytes, progress);
  } catch (error) {
    const code = codeOf(error);
    const isBody = progress.phase() === "body";
    progress.fail(isBody ? "body" : classOfCode(code), messageOf(error), code);
  }
}

async function receive(
  response: FetchedResponse,
  maxBytes: number,
  progress: AttemptProgress,
): Promise<void> {
  const { status, headers, body } = response;
  if (!Number.isInteger(status) || status < 200) {
    progress.fail("http", `fetch gave no HTTP status but ${String(status)}`);
    return;
  }
  progress.enter("body");
  progress.answered(status, plainHeaders(headers));

  const collector = createBodyCollector(maxBytes);
  // A stand-in of a test may put anything here.
  const reader = typeof body?.getReader === "function" ? body.getReader() : undefined;
  // A deadline that comes while a read is pending must free the connection too.
  progress.onStop(() => void reader?.cancel().catch(() => {}));
  const isWhole = reader === undefined || (await readInto(collector, reader, progress));
  progress.succeed(collector.bytes(), !isWhole);
  if (!isWhole) await reader?.cancel();
}

/** @returns false once there is more than is kept */
async function readInto(
  collector: BodyCollector,
  reader: ReturnType<FetchedBody["getReader"]>,
  progress: AttemptProgress,
): Promise<boolean> {
  while (!progress.isSettled()) {
    // oxlint-disable-next-line no-await-in-loop -- a stream is read in order
    const { done, value } = await reader.read();
    if (done) return true;
    if (value && !collector.add(value)) return false;
  }
  return true;
}

function plainHeaders(headers: FetchedResponse["headers"]): Readonly<Record<string, string>> {
  const found = new Map<string, string>();
  const add = (value: string, name: string): void => {
    found.set(name.toLowerCase(), value);
  };
  if (isFetchedHeaders(headers)) headers.forEach(add);
  else for (const [name, value] of Object.entries(headers ?? {})) add(value, name);
  return Object.fromEntries(found);
}

function isFetchedHeaders(headers: FetchedResponse["headers"]): headers is FetchedHeaders {
  return typeof headers?.forEach === "function";
}

/** `fetch` unpacks what is compressed, a bomb too; the endpoint is asked not to compress. */
function headersFor(given: Readonly<Record<string, string>>): Record<string, string> {
  const others = Object.entries(given).filter(([name]) => name.toLowerCase() !== "accept-encoding");
  return { ...Object.fromEntries(others), "accept-encoding": "identity" };
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function bodyFor(bytes: Uint8Array): string | Uint8Array<ArrayBuffer> {
  try {
    return decoder.decode(bytes);
  } catch {
    return new Uint8Array(bytes);
  }
}
