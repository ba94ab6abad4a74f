import type { AbortScope } from "./abort-scope.ts";
import { createAttempt } from "./attempt.ts";
import type { AttemptOptions, AttemptParts } from "./attempt-parts.ts";
import { ATTEMPT_OPTION_NAMES, attemptMsOption, resolveAttemptParts } from "./attempt-parts.ts";
import type { Authenticator, Credentials } from "./auth.ts";
import { functionOption, isMade, knownKeys, msOption } from "./check.ts";
import { IntegrationError, withParts } from "./errors.ts";
import type { WireRequest } from "./exchange.ts";
import type { AttemptOnce, PolicyEnd } from "./policy-loop.ts";
import { runPolicy } from "./policy-loop.ts";
import type { RetryBudget, RetryBudgetOptions } from "./retry-budget.ts";
import { createRetryBudget } from "./retry-budget.ts";
import type { RetryOptions, RetryPolicy } from "./retry-policy.ts";
import { isIdempotentMethod, resolveRetryPolicy } from "./retry-policy.ts";

export interface TimeoutOptions {
  /** Milliseconds for one attempt, its body included, 1 to 2^31 - 1, default 30,000. */
  readonly attemptMs?: number;
  /** Milliseconds for the call with all attempts, waits and queues, 1 to 2^31 - 1, default 60,000. */
  readonly totalMs?: number;
}

export interface EngineOptions extends AttemptOptions {
  readonly timeouts?: TimeoutOptions;
  /** `false` makes one attempt. */
  readonly retry?: RetryOptions | false;
  /** `false` leaves retries to `maxRetries` alone. */
  readonly budget?: RetryBudgetOptions | RetryBudget | false;
  /** A number from 0 to below 1, for jitter. */
  readonly random?: () => number;
}

/** The names of `EngineOptions`. */
export const ENGINE_OPTION_NAMES: readonly string[] = [
  ...ATTEMPT_OPTION_NAMES,
  "timeouts",
  "retry",
  "budget",
  "random",
];

export interface EngineCall extends WireRequest {
  /** The caller's word that a repeat is harmless. */
  readonly idempotent?: boolean | undefined;
  readonly replayable: boolean;
  readonly timeouts?: TimeoutOptions | undefined;
  readonly signals: readonly (AbortSignal | undefined)[];
  readonly stream?: boolean | undefined;
  readonly template?: string | undefined;
  readonly auth?: Authenticator | undefined;
}

export interface Engine {
  readonly parts: AttemptParts;
  readonly policy: RetryPolicy;
  readonly budget: RetryBudget | undefined;
  /** Never rejects, except with CONFIG_ERROR for bad time-outs of the call. */
  run(call: EngineCall): Promise<PolicyEnd>;
}

/** Attempts and policy loop together: what the client and the retrying fetch share. */
export function createEngine(options: EngineOptions): Engine {
  const parts = resolveAttemptParts(options);
  const policy = resolveRetryPolicy(options.retry);
  const budget = budgetOf(options.budget);
  const defaults = resolveTimeouts(options.timeouts, {});
  const random = functionOption("random", options.random, Math.random);
  const runAttempt = createAttempt(parts);
  const { name, hooks, clock } = parts;

  return {
    parts,
    policy,
    budget,
    async run(call) {
      const { attemptMs, totalMs } = resolveTimeouts(call.timeouts, defaults);
      const keyed = call.headers.has(policy.idempotencyHeader);
      let renewed = false;

      const request = (attempt: number, scope: AbortScope, credentials: Credentials | undefined) =>
        runAttempt({
          ...call,
          headers: credentials ? withCredentials(call.headers, credentials) : call.headers,
          attempt,
          attemptMs,
          signal: scope.signal,
          stream: call.stream ? call.signals : undefined,
        });
      const once: AttemptOnce = async ({ attempt, scope }) => {
        const { auth } = call;
        const credentials = auth && (await credentialsOf(scope, () => auth.current()));
        const response = await request(attempt, scope, credentials);
        const refused = response.status === 401 && auth?.renewable && !renewed && call.replayable;
        if (!refused || !credentials) return { response, attempts: 1 };
        renewed = true;
        try {
          const fresh = await credentialsOf(scope, () => auth.renew(credentials));
          return { response: await request(attempt + 1, scope, fresh), attempts: 2 };
        } catch (error) {
          throw error instanceof IntegrationError ? afterRefusal(error) : error;
        }
      };
      const repeatable = isIdempotentMethod(call.method) || keyed || call.idempotent === true;
      return runPolicy(
        {
          method: call.method,
          repeatable,
          keyed,
          replayable: call.replayable,
          totalMs,
          signals: call.signals,
        },
        once,
        { name, policy, budget, hooks, clock, random },
      );
    },
  };
}

function budgetOf(value: EngineOptions["budget"]): RetryBudget | undefined {
  if (value === false) return undefined;
  return isMade<RetryBudget>(value, "take") ? value : createRetryBudget(value);
}

function resolveTimeouts(
  options: TimeoutOptions | undefined,
  defaults: TimeoutOptions,
): Required<TimeoutOptions> {
  if (options !== undefined) knownKeys("timeouts", options, ["attemptMs", "totalMs"]);
  const totalMs = msOption("timeouts.totalMs", options?.totalMs ?? defaults.totalMs, 60_000);
  const attemptMs = attemptMsOption("timeouts.attemptMs", options?.attemptMs ?? defaults.attemptMs);
  return { totalMs, attemptMs };
}

/** The credentials come last: a call's own headers cannot replace them. */
function withCredentials(headers: Headers, credentials: Credentials): Headers {
  const all = new Headers(headers);
  for (const [name, value] of credentials.headers) all.set(name, value);
  return all;
}

/** Until there are credentials, nothing has been sent. */
async function credentialsOf(
  scope: AbortScope,
  fetchCredentials: () => Promise<Credentials>,
): Promise<Credentials> {
  try {
    scope.signal.throwIfAborted();
    return await scope.race(fetchCredentials());
  } catch (error) {
    throw error instanceof IntegrationError ? withParts(error, { outcome: "not_sent" }) : error;
  }
}

/** The request before was made, and refused with a 401. */
function afterRefusal(error: IntegrationError): IntegrationError {
  return withParts(error, {
    attempts: error.attempts + 1,
    ...(error.outcome === "not_sent" && { outcome: "rejected" }),
    ...(error.code === "AUTH_ERROR" && { status: 401 }),
  });
}
