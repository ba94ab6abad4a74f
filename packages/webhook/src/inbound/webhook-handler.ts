import { WebhookError } from "../errors.ts";
import type { VerificationCode } from "../errors.ts";
import type { InboundVerifier, VerifiedWebhookEvent } from "./inbound-verifier.ts";
import type { HeadersInput, RawBody, Reply, RequestContext } from "./provider.ts";
import type { ReplayGuard } from "./replay-guard.ts";
import { replayKeyOf } from "./replay-guard.ts";
import { BodyFault, readBounded } from "./bounded-body.ts";

/** A request of whatever server, as far as a handler reads it. */
export interface IncomingWebhook {
  readonly method: string;
  /** Absolute, or path and query. */
  readonly url: string;
  readonly headers: HeadersInput;
  /**
   * Reads the body, up to a bound.
   * @throws BodyFault for a body that is too large or breaks off
   */
  readBody(maxBytes: number): Promise<RawBody>;
}

/** A request that was not believed. Safe to log. */
export interface RefusedWebhook {
  readonly provider: string;
  readonly code: VerificationCode;
  readonly reason: string;
  readonly status: number;
}

export interface WebhookHandlerOptions {
  readonly verifier: InboundVerifier;
  /**
   * Handles an event that is genuine. While it runs the platform waits for its answer, most of them for a few seconds
   * only: take the event over, and do the work afterwards. If it throws or rejects the answer is 500, and the platform
   * sends the event again.
   */
  readonly onEvent: (event: VerifiedWebhookEvent, incoming: IncomingWebhook) => unknown;
  /** Lets each event be handled once. Default: none, every repetition is handled. */
  readonly replayGuard?: ReplayGuard;
  /** How long the guard remembers an event, in ms. 1 or more, default 259,200,000 (3 days). */
  readonly replayTtlMs?: number;
  /**
   * How long the guard holds an event for `onEvent`, in ms: longer than it ever takes. If the process dies meanwhile, the
   * platform's next attempt after that is handled. 1 or more, default 300,000 (5 minutes).
   */
  readonly replayReservationMs?: number;
  /** Largest body in bytes; a larger one is answered with 413. 1 or more, default 1,048,576 (1 MiB). */
  readonly maxBodyBytes?: number;
  /** Adds to what is known of a request, such as its public URL behind a proxy. */
  readonly context?: (incoming: IncomingWebhook) => RequestContext;
  /**
   * Hears of each refusal, but for a platform's own probes with a wrong signature. Default: what is wrong with this
   * application's own set-up (`CONFIG`) goes to `console.error`, the same thing once; the rest is the sender's.
   */
  readonly onRefused?: (refused: RefusedWebhook, incoming: IncomingWebhook) => unknown;
  /** Hears what `onEvent` or the guard threw. Default: `console.error`. */
  readonly onError?: (error: unknown, event: VerifiedWebhookEvent) => unknown;
}

/** Answers the requests of servers on web standards: `Bun.serve`, Hono, Elysia, Next, Deno. */
export interface WebhookHandler {
  (request: Request): Promise<Response>;
  /** The same in plain data, for adapters to other servers such as `toNodeHandler`. */
  readonly reply: (incoming: IncomingWebhook) => Promise<Reply>;
}

const MIB = 1_048_576;
const THREE_DAYS_MS = 259_200_000;
const FIVE_MINUTES_MS = 300_000;

/**
 * Makes a handler that verifies each request, hands genuine events to `onEvent`, and answers as the platform expects.
 * @throws WebhookError INVALID_OPTION
 */
export function createWebhookHandler(options: WebhookHandlerOptions): WebhookHandler {
  checkOptions(options);
  const {
    verifier,
    onEvent,
    replayGuard,
    maxBodyBytes = MIB,
    replayTtlMs = THREE_DAYS_MS,
    replayReservationMs = FIVE_MINUTES_MS,
  } = options;
  const { replies } = verifier;
  const onRefused = options.onRefused ?? createConfigLog();

  const refuse = async (
    status: number,
    code: VerificationCode | undefined,
    reason: string,
  ): Promise<Reply> =>
    (await replies.failure?.({ status, reason, ...(code && { code }) })) ?? {
      status,
      body: code ?? reason,
    };

  const report = async (error: unknown, event: VerifiedWebhookEvent): Promise<void> => {
    try {
      await (options.onError ?? logError)(error, event);
    } catch {
      // It only listens.
    }
  };

  const handle = async (event: VerifiedWebhookEvent, incoming: IncomingWebhook): Promise<Reply> => {
    const key = replayGuard && (await replayKeyOf(verifier.provider, event));
    try {
      if (key !== undefined) {
        const reservation = await replayGuard?.reserve(key, replayReservationMs);
        if (reservation === "in-progress") {
          return await refuse(409, undefined, "the event is being handled already");
        }
        if (reservation === "done") return (await replies.success?.(event)) ?? { status: 204 };
      }
    } catch (error) {
      // Handled without its guard it might be handled twice; the platform will come again.
      await report(error, event);
      return refuse(503, undefined, "the event cannot be taken over now");
    }
    try {
      await onEvent(event, incoming);
    } catch (error) {
      await report(error, event);
      if (key !== undefined) await Promise.resolve(replayGuard?.release(key)).catch(() => {});
      return refuse(500, undefined, "the event could not be handled");
    }
    try {
      if (key !== undefined) await replayGuard?.complete(key, replayTtlMs);
    } catch (error) {
      // It was handled all the same: asking for it again would be worse.
      await report(error, event);
    }
    return (await replies.success?.(event)) ?? { status: 204 };
  };

  /** Says so to who listens, but for a platform's own probes. */
  const refuseRequest = async (
    { provider, code, reason, status }: RefusedWebhook,
    incoming: IncomingWebhook,
  ): Promise<Reply> => {
    try {
      if (code !== "SIGNATURE_PROBE") await onRefused({ provider, code, reason, status }, incoming);
    } catch {
      // It only listens.
    }
    return refuse(status, code, reason);
  };

  const answer = async (incoming: IncomingWebhook): Promise<Reply> => {
    const { method, headers } = incoming;
    const context: RequestContext = options.context
      ? { method, url: incoming.url, ...options.context(incoming) }
      : {
          method,
          // Bun makes it when it is asked for, and most platforms sign nothing of it.
          get url() {
            return incoming.url;
          },
        };
    if (method !== "POST") {
      const setUp = await replies.setup?.(context);
      return setUp ?? { status: 405, headers: { allow: "POST" } };
    }
    let body: RawBody;
    try {
      body = await incoming.readBody(maxBodyBytes);
    } catch (error) {
      if (!(error instanceof BodyFault)) throw error;
      const { status, message: reason } = error;
      return status === 500
        ? refuseRequest({ provider: verifier.provider, code: "CONFIG", reason, status }, incoming)
        : refuse(status, undefined, reason);
    }
    const result = await verifier.safeVerify(body, headers, context);
    if (!result.valid) return refuseRequest(result, incoming);
    const { event } = result;
    return (await replies.handshake?.(event)) ?? handle(event, incoming);
  };

  return asHandler(async (incoming) => {
    try {
      return await answer(incoming);
    } catch (error) {
      // A provider's reply or `context` failed. The platform gets an answer, and comes again.
      console.error(`answering a webhook of ${verifier.provider} failed:`, error);
      return { status: 500 };
    }
  });
}

/** Makes a function for web-standard servers of one that answers in plain data. */
export function asHandler(reply: WebhookHandler["reply"]): WebhookHandler {
  const handler = async (request: Request): Promise<Response> => {
    const { status, headers, body } = await reply({
      method: request.method,
      get url() {
        return request.url;
      },
      headers: request.headers,
      readBody: (maxBytes) => readBounded(request, maxBytes),
    });
    return new Response(body ?? null, { status, ...(headers && { headers: { ...headers } }) });
  };
  return Object.assign(handler, { reply });
}

/** Without it, a secret that nobody has set would be no more than a 500 that the platform sees. */
function createConfigLog(): (refused: RefusedWebhook) => void {
  let logged = "";
  return ({ provider, code, reason }) => {
    if (code !== "CONFIG" || reason === logged) return;
    logged = reason;
    console.error(`webhooks of ${provider} are refused: ${reason}`);
  };
}

function logError(error: unknown, event: VerifiedWebhookEvent): void {
  console.error(`handling the webhook event ${event.type} ${event.id} failed:`, error);
}

function checkOptions(options: WebhookHandlerOptions): void {
  const {
    verifier,
    onEvent,
    maxBodyBytes = MIB,
    replayTtlMs = THREE_DAYS_MS,
    replayReservationMs = FIVE_MINUTES_MS,
  } = options;
  if (typeof verifier?.safeVerify !== "function") {
    throw new WebhookError(
      "INVALID_OPTION",
      "verifier must be what createInboundVerifier returned",
    );
  }
  if (typeof onEvent !== "function") {
    throw new WebhookError("INVALID_OPTION", "onEvent must be a function that takes the event");
  }
  for (const [name, value] of Object.entries({ maxBodyBytes, replayTtlMs, replayReservationMs })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new WebhookError("INVALID_OPTION", `${name} must be a whole number of 1 or more`);
    }
  }
}
