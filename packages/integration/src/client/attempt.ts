import { createAbortScope } from "./abort-scope.ts";
import type { AttemptOptions, AttemptParts } from "./attempt-parts.ts";
import { ATTEMPT_OPTION_NAMES, attemptMsOption, resolveAttemptParts } from "./attempt-parts.ts";
import { parsedForLog } from "./body.ts";
import { knownKeys } from "./check.ts";
import type { CircuitPass } from "./circuit-breaker.ts";
import { IntegrationError, withParts } from "./errors.ts";
import type { Exchanged, SdkFetch, WireRequest } from "./exchange.ts";
import { exchange, toSdkFetch } from "./exchange.ts";
import { notify } from "./hooks.ts";
import { networkError } from "./network-error.ts";
import { codeOfStatus, outcomeOfStatus } from "./status-code.ts";
import { readRequestId } from "./vendor-error.ts";
import { readFetchCall } from "./wire-request.ts";

/** One attempt, as the policy loop asks for it. */
interface AttemptCall extends WireRequest {
  /** 1 for the first. */
  readonly attempt: number;
  /** Milliseconds, from when it is sent until its body has been read. */
  readonly attemptMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Hands a success out with its body unread; until that has been read, these signals end it. */
  readonly stream?: readonly (AbortSignal | undefined)[] | undefined;
  /** The path for the log. */
  readonly template?: string | undefined;
}

/** Resolves to any answer that was read whole, whatever its status, and rejects with an `IntegrationError`. */
export type RunAttempt = (call: AttemptCall) => Promise<Response>;

export interface AttemptFetchOptions extends AttemptOptions {
  /** Milliseconds for an attempt, its body included, 1 to 2^31 - 1, default 30,000. */
  readonly timeoutMs?: number;
}

/**
 * A `fetch` that makes one attempt, for a vendor's SDK that has its own retries: with a time-out, a circuit breaker, a
 * throttle, a limit of size, quota readings and a log. It resolves to the vendor's answer, whatever its status, with its
 * body read whole, and rejects with an `IntegrationError`.
 * @throws CONFIG_ERROR
 */
export function createAttemptFetch(options: AttemptFetchOptions): SdkFetch {
  knownKeys("The options", options, [...ATTEMPT_OPTION_NAMES, "timeoutMs"]);
  const attemptMs = attemptMsOption("timeoutMs", options.timeoutMs);
  const run = createAttempt(resolveAttemptParts(options));
  return toSdkFetch(async (input, init) =>
    run({ ...(await readFetchCall(input, init)), attempt: 1, attemptMs }),
  );
}

/** What is known of an attempt that is under way. */
interface Progress {
  sentAt?: number;
  headers?: Headers;
  status?: number;
}

/** The attempt of both `createAttemptFetch` and the policy loop. */
export function createAttempt(parts: AttemptParts): RunAttempt {
  const { name, breaker, throttle, quota, log, hooks, clock } = parts;

  const send = async (call: AttemptCall, progress: Progress): Promise<Exchanged> => {
    const scope = createAbortScope({
      integration: name,
      clock,
      timeoutMs: call.attemptMs,
      what: "An attempt",
      signals: [call.signal, ...(call.stream ?? [])],
    });
    try {
      progress.sentAt = clock.now();
      const exchanged = await exchange(call, {
        ...parts,
        integration: name,
        stream: call.stream !== undefined,
        scope,
        onHeaders({ status, headers }) {
          progress.status = status;
          progress.headers = headers;
          quota.update({ status, headers });
        },
      });
      // A body that is handed out unread ends the scope itself.
      if (exchanged.bytes) scope.end();
      return exchanged;
    } catch (error) {
      scope.end();
      throw error;
    }
  };

  const guarded = async (call: AttemptCall, progress: Progress): Promise<Exchanged> => {
    if (call.signal?.aborted) throw call.signal.reason;
    const pass = breaker?.enter();
    if (breaker && !pass) throw circuitOpen();
    try {
      const exchanged = await send(call, progress);
      if (exchanged.response.status >= 500) pass?.failed();
      else pass?.succeeded();
      return exchanged;
    } catch (error) {
      reportTo(pass, error);
      throw error;
    }
  };

  const run = async (call: AttemptCall, progress: Progress): Promise<Exchanged> => {
    const pausedMs = quota.pausedForMs();
    if (pausedMs > 0) throw quotaExhausted(pausedMs);
    // Nobody queues up for a circuit that is open.
    if (breaker && !breaker.allows()) throw circuitOpen();
    if (!throttle) return guarded(call, progress);
    return throttle.run(() => guarded(call, progress), call.signal);
  };

  const report = (call: AttemptCall, progress: Progress, end: AttemptEnd): void => {
    const now = clock.now();
    const entry = log.log({
      ...end,
      at: now,
      method: call.method,
      url: call.url,
      template: call.template,
      attempt: call.attempt,
      durationMs: progress.sentAt === undefined ? 0 : now - progress.sentAt,
      status: progress.status,
      requestId: progress.headers && readRequestId(progress.headers, log.scrub),
      circuit: breaker?.state(),
      quotaRemaining: quota.strictest()?.remaining,
      requestHeaders: call.headers,
      responseHeaders: progress.headers,
      requestBody: () => parsedForLog(call.body),
    });
    notify(hooks.onAttempt, entry);
  };

  return async (call) => {
    const progress: Progress = {};
    try {
      const { response, bytes } = await run(call, progress);
      report(call, progress, {
        ...endOfStatus(response),
        responseBody: () => bytes && parsedForLog(new TextDecoder().decode(bytes)),
      });
      return response;
    } catch (error) {
      const failure = failureOf(error, call, progress);
      const { outcome, code: errorCode, reason } = failure;
      report(call, progress, { outcome, errorCode, reason });
      throw failure;
    }
  };

  function circuitOpen(): IntegrationError {
    return new IntegrationError({
      code: "CIRCUIT_OPEN",
      message: `The circuit of ${name} is open: too many calls failed lately`,
      integration: name,
      outcome: "not_sent",
      retryable: true,
      retryAfterMs: breaker?.retryAfterMs(),
    });
  }

  function quotaExhausted(retryAfterMs: number): IntegrationError {
    return new IntegrationError({
      code: "QUOTA_EXHAUSTED",
      message: `The quota of ${name} is used up`,
      integration: name,
      outcome: "not_sent",
      retryable: true,
      retryAfterMs,
    });
  }

  function failureOf(error: unknown, call: AttemptCall, progress: Progress): IntegrationError {
    const sent = progress.sentAt !== undefined;
    const known = error instanceof IntegrationError ? error : undefined;
    const failure = known ?? (call.signal?.aborted ? aborted() : networkError(error, name));
    return withParts(failure, {
      attempts: sent ? 1 : 0,
      ...(!sent && { outcome: "not_sent" as const }),
      requestId: progress.headers && readRequestId(progress.headers, log.scrub),
    });
  }

  function aborted(): IntegrationError {
    return new IntegrationError({
      code: "ABORTED",
      message: `The call to ${name} was aborted`,
      integration: name,
      outcome: "not_sent",
    });
  }
}

type AttemptEnd = Pick<
  Parameters<AttemptParts["log"]["log"]>[0],
  "outcome" | "errorCode" | "reason" | "responseBody"
>;

function endOfStatus({ ok, status }: Response): AttemptEnd {
  return ok
    ? { outcome: "ok" }
    : { outcome: outcomeOfStatus(status), errorCode: codeOfStatus(status) };
}

/** No answer, or a 5xx, counts against the vendor. An answer that we would not take is still an answer. */
function reportTo(pass: CircuitPass | undefined, error: unknown): void {
  const failure = error instanceof IntegrationError ? error : undefined;
  if (failure?.code === "NETWORK_ERROR" || failure?.code === "TIMEOUT") pass?.failed();
  else if (failure === undefined || failure.code === "ABORTED") pass?.cancelled();
  else if ((failure.status ?? 0) >= 500) pass?.failed();
  else pass?.succeeded();
}
