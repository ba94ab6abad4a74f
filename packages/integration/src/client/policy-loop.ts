import type { AbortScope } from "./abort-scope.ts";
import { createAbortScope } from "./abort-scope.ts";
import type { Clock } from "./clock.ts";
import type { Outcome } from "./errors.ts";
import { IntegrationError, withParts } from "./errors.ts";
import type { IntegrationHooks } from "./hooks.ts";
import { notify } from "./hooks.ts";
import type { RetryBudget } from "./retry-budget.ts";
import type { AttemptResult, RetryPolicy, RetryVerdict } from "./retry-policy.ts";
import { backoffMs, judgeAttempt, requestedMs } from "./retry-policy.ts";
import { networkError } from "./network-error.ts";
import { outcomeOfStatus, settlesEarlier, worseOutcome } from "./status-code.ts";

export interface PolicyLoopOptions {
  readonly name: string;
  readonly policy: RetryPolicy;
  readonly budget: RetryBudget | undefined;
  readonly hooks: IntegrationHooks;
  readonly clock: Clock;
  readonly random: () => number;
}

export interface PolicyCall {
  readonly method: string;
  /** A repeat is harmless even if the vendor has acted. */
  readonly repeatable: boolean;
  /** The same key goes with each attempt, so a later answer also speaks for the earlier attempts. */
  readonly keyed: boolean;
  /** The body can be sent again. */
  readonly replayable: boolean;
  /** Milliseconds for the whole call. */
  readonly totalMs: number;
  readonly signals: readonly (AbortSignal | undefined)[];
}

/** One attempt within a call. Rejects with an `IntegrationError` whose `attempts` says how many requests it made. */
export type AttemptOnce = (context: {
  /** 1 for the first request of the call. */
  readonly attempt: number;
  readonly scope: AbortScope;
}) => Promise<{ readonly response: Response; readonly attempts: number }>;

export type PolicyEnd = AttemptResult & {
  readonly attempts: number;
  /** Over all attempts; of no meaning after a success. */
  readonly outcome: Outcome;
  /** What the vendor asked to wait, where that is longer than the call may last. */
  readonly tooLongMs?: number;
};

/** Runs a call: attempts, waits and retries, until an answer, a final failure, the deadline or an abort. Never rejects. */
export async function runPolicy(
  call: PolicyCall,
  once: AttemptOnce,
  options: PolicyLoopOptions,
): Promise<PolicyEnd> {
  const { name, policy, budget, hooks, clock, random } = options;
  const deadlineAt = clock.now() + call.totalMs;
  const scope = createAbortScope({
    integration: name,
    clock,
    timeoutMs: call.totalMs,
    what: "The call",
    signals: call.signals,
  });
  let attempts = 0;
  let outcome: Outcome = "not_sent";
  let lastCost = 0;

  try {
    for (let retry = 0; ; retry += 1) {
      // oxlint-disable-next-line no-await-in-loop -- a retry follows its predecessor
      const { result, sent } = await settle(once, { attempt: attempts + 1, scope }, name);
      attempts += sent;
      const { response } = result;
      if (response && response.status < 400) {
        budget?.succeeded(lastCost);
        return { response, attempts, outcome };
      }
      const own: Outcome = response
        ? outcomeOfStatus(response.status)
        : (result.error?.outcome ?? outcome);
      const settles = call.keyed && response !== undefined && settlesEarlier(response.status);
      outcome = settles ? own : worseOutcome(outcome, own);
      const end: PolicyEnd = { ...result, attempts, outcome };

      const verdict =
        call.replayable && retry < policy.maxRetries
          ? judgeAttempt(result, call.repeatable, policy, clock.now())
          : undefined;
      if (!verdict) return end;
      const delayMs = delayOf(verdict, retry, policy, random());
      if (clock.now() + delayMs >= deadlineAt) {
        return verdict.waitMs === undefined ? end : { ...end, tooLongMs: verdict.waitMs };
      }
      const cost = budget ? budget.take(verdict.kind) : 0;
      if (cost === undefined) return end;
      lastCost = cost;
      notify(hooks.onRetry, {
        integration: name,
        method: call.method,
        retry: retry + 1,
        delayMs,
        ...(response ? { status: response.status } : { errorCode: result.error.code }),
      });
      // oxlint-disable-next-line no-await-in-loop -- the wait before the retry
      const stopped = await sleep(delayMs, clock, scope);
      if (stopped) return { error: stopped, attempts, outcome };
    }
  } finally {
    scope.end();
  }
}

/**
 * The failure of a call as a whole, once more than the last attempt is counted in.
 * @param failure the last attempt's
 */
export function wholeFailure(failure: IntegrationError, end: PolicyEnd): IntegrationError {
  const { attempts, outcome, tooLongMs } = end;
  return withParts(failure, {
    attempts,
    outcome,
    ...(tooLongMs !== undefined && failure.code !== "QUOTA_EXHAUSTED" && { code: "RATE_LIMITED" }),
    ...(tooLongMs !== undefined && { retryAfterMs: tooLongMs }),
  });
}

function delayOf(
  verdict: RetryVerdict,
  retry: number,
  policy: RetryPolicy,
  random: number,
): number {
  return verdict.waitMs === undefined
    ? backoffMs(retry, policy, random)
    : requestedMs(verdict.waitMs, random);
}

async function settle(
  once: AttemptOnce,
  context: Parameters<AttemptOnce>[0],
  name: string,
): Promise<{ readonly result: AttemptResult; readonly sent: number }> {
  try {
    const { response, attempts } = await once(context);
    return { result: { response }, sent: attempts };
  } catch (thrown) {
    const error = thrown instanceof IntegrationError ? thrown : networkError(thrown, name);
    return { result: { error }, sent: error.attempts };
  }
}

/** @returns why the wait ended early */
async function sleep(
  delayMs: number,
  clock: Clock,
  scope: AbortScope,
): Promise<IntegrationError | undefined> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(delayMs, resolve);
  try {
    await scope.race(promise);
    return undefined;
  } catch (error) {
    return error instanceof IntegrationError ? error : undefined;
  } finally {
    cancel();
  }
}
