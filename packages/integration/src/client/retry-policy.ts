import { integerOption, knownKeys, msOption } from "./check.ts";
import { configError } from "./errors.ts";
import type { IntegrationError } from "./errors.ts";
import { readRetryAfter } from "./retry-after.ts";

export interface RetryOptions {
  /** Retries after the first attempt, 0 to 20, default 3. */
  readonly maxRetries?: number;
  /** Milliseconds: the first wait is a random part of this, each further one of twice as much. 1 to 2^31 - 1, default 300. */
  readonly baseDelayMs?: number;
  /** Milliseconds that no computed wait passes; `Retry-After` may. 1 to 2^31 - 1, default 20,000. */
  readonly maxDelayMs?: number;
  /** Statuses that are tried again, default 408, 425, 429, 500, 502, 503 and 504. */
  readonly statuses?: readonly number[];
  /** Default `Idempotency-Key`. A POST or PATCH that carries it may be repeated. */
  readonly idempotencyHeader?: string;
}

/** Those options, checked and complete. */
export type RetryPolicy = Required<Omit<RetryOptions, "statuses">> & {
  readonly statuses: ReadonlySet<number>;
};

const STATUSES: readonly number[] = [408, 425, 429, 500, 502, 503, 504];

/** @throws CONFIG_ERROR */
export function resolveRetryPolicy(options: RetryOptions | false | undefined): RetryPolicy {
  const { statuses = STATUSES, ...given } = options === false ? { maxRetries: 0 } : (options ?? {});
  const names = ["maxRetries", "baseDelayMs", "maxDelayMs", "idempotencyHeader"];
  knownKeys("retry", given, names);
  if (
    !Array.isArray(statuses) ||
    !statuses.every((status) => Number.isInteger(status) && status >= 400 && status <= 599)
  )
    throw configError("retry.statuses must be a list of statuses from 400 to 599");
  const { idempotencyHeader = "Idempotency-Key" } = given;
  if (!/^[\w-]{1,64}$/.test(idempotencyHeader))
    throw configError("retry.idempotencyHeader must be the name of a header");
  return {
    maxRetries: integerOption("retry.maxRetries", given.maxRetries, {
      min: 0,
      max: 20,
      fallback: 3,
    }),
    baseDelayMs: msOption("retry.baseDelayMs", given.baseDelayMs, 300),
    maxDelayMs: msOption("retry.maxDelayMs", given.maxDelayMs, 20_000),
    statuses: new Set(statuses),
    idempotencyHeader,
  };
}

/**
 * Exponential backoff with full jitter.
 * Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 * @param retry zero for the first
 * @param random from 0 to below 1
 * @returns milliseconds, never above `maxDelayMs`
 */
export function backoffMs(
  retry: number,
  policy: Pick<RetryPolicy, "baseDelayMs" | "maxDelayMs">,
  random: number,
): number {
  return random * Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** retry);
}

/**
 * A wait that the vendor asked for, and up to a tenth more, so that those who were told the same do not come back at the
 * same moment.
 */
export function requestedMs(waitMs: number, random: number): number {
  return waitMs * (1 + random / 10);
}

/** How one attempt of a call ended. */
export type AttemptResult =
  | { readonly response: Response; readonly error?: undefined }
  | { readonly response?: undefined; readonly error: IntegrationError };

export interface RetryVerdict {
  readonly kind: "failure" | "throttling";
  /** Milliseconds that the vendor asked to wait. */
  readonly waitMs: number | undefined;
}

const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/** Whether a repeat of a request does no more than the request. */
export function isIdempotentMethod(method: string): boolean {
  return IDEMPOTENT.has(method);
}

/**
 * Whether, and after what wait, a failed attempt may be followed by another one.
 * @param repeatable whether a repeat is harmless even if the vendor has acted; otherwise only what provably was not
 *   executed is repeated
 */
export function judgeAttempt(
  result: AttemptResult,
  repeatable: boolean,
  policy: Pick<RetryPolicy, "statuses">,
  nowMs: number,
): RetryVerdict | undefined {
  if (result.error) return judgeError(result.error, repeatable);
  const { status, headers } = result.response;
  if (!policy.statuses.has(status) || !(repeatable || status === 429)) return undefined;
  const waitMs = readRetryAfter(headers, nowMs);
  return { kind: status === 429 ? "throttling" : "failure", waitMs };
}

function judgeError(error: IntegrationError, repeatable: boolean): RetryVerdict | undefined {
  const { code, outcome, retryable, retryAfterMs: waitMs } = error;
  if (!retryable || !(repeatable || outcome === "not_sent")) return undefined;
  if (code === "QUOTA_EXHAUSTED") return { kind: "throttling", waitMs };
  return code === "NETWORK_ERROR" || code === "TIMEOUT" ? { kind: "failure", waitMs } : undefined;
}
