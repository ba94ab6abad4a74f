import { WebhookError } from "../errors.ts";

/** What a failed attempt looked like, for `retryIf`. */
export interface FailedAttempt {
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  readonly errorClass: string;
  /** Attempts made so far, this one included. */
  readonly attempts: number;
  readonly event: string;
  readonly subscriptionId: string;
}

export interface RetryOptions {
  /** Retries after the first attempt: 5 means up to 6 attempts, 0 means one. Default 5, or the schedule's length. */
  readonly maxRetries?: number;
  /** Delay before the first retry in ms; it doubles with each. 1 or more, default 1,000. */
  readonly retryInterval?: number;
  /** Longest delay between attempts in ms, default 60,000. */
  readonly maxRetryInterval?: number;
  /**
   * Delays in ms before each retry, instead of the exponential ones; `"standard"` is the schedule of the Standard
   * Webhooks specification: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
   */
  readonly retrySchedule?: readonly number[] | "standard";
  /** Longest `Retry-After` that is obeyed, in ms; longer ones count as this. Default 3,600,000 (1 h). */
  readonly maxRetryAfter?: number;
  /** Whether a failure is worth another attempt. Default: always, but for 410. */
  readonly retryIf?: (failure: FailedAttempt) => boolean;
}

/** The retry rules of a manager, with all defaults in place. */
export interface RetryPolicy {
  readonly maxRetries: number;
  /** The delay before the retry with this number, 0 for the first, before jitter. */
  readonly baseDelay: (retry: number) => number;
  readonly maxRetryAfter: number;
  readonly retryIf: (failure: FailedAttempt) => boolean;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const STANDARD_SCHEDULE: readonly number[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/** Refuses a number that is not an integer within bounds. */
export function checkInteger(name: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new WebhookError(
      "INVALID_OPTION",
      `${name} must be a whole number of ${least} or more, not ${String(value)}`,
    );
  }
  return value;
}

/**
 * Checks the retry options and fills in the defaults.
 * @param onError hears of a `retryIf` that throws; the delivery is then tried again
 */
export function createRetryPolicy(
  options: RetryOptions,
  onError: (error: unknown) => void,
): RetryPolicy {
  const { retryIf } = options;
  const retryInterval = checkInteger("retryInterval", options.retryInterval ?? SECOND, 1);
  const maxRetryInterval = checkInteger("maxRetryInterval", options.maxRetryInterval ?? MINUTE, 1);
  const schedule = options.retrySchedule === "standard" ? STANDARD_SCHEDULE : options.retrySchedule;
  if (schedule !== undefined) {
    if (!Array.isArray(schedule) || schedule.length === 0) {
      throw new WebhookError(
        "INVALID_OPTION",
        'retrySchedule must be "standard" or a list of delays in ms with one entry at least',
      );
    }
    for (const delay of schedule) checkInteger("each delay of retrySchedule", delay, 0);
  }
  return {
    maxRetries: checkInteger("maxRetries", options.maxRetries ?? schedule?.length ?? 5, 0),
    baseDelay: schedule
      ? (retry) => schedule[Math.min(retry, schedule.length - 1)] ?? 0
      : (retry) => Math.min(retryInterval * 2 ** retry, maxRetryInterval),
    maxRetryAfter: checkInteger("maxRetryAfter", options.maxRetryAfter ?? HOUR, 0),
    retryIf(failure) {
      try {
        return retryIf?.(failure) ?? true;
      } catch (error) {
        // A rule that is broken must not lose an event.
        onError(error);
        return true;
      }
    },
  };
}

/**
 * When to try again: the base delay with equal jitter (half of it fixed, half random), and never before what the
 * endpoint asked for with `Retry-After`.
 * Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 * @param retry 0 for the first retry
 * @param random from 0 up to 1
 * @param retryAfterMs what the endpoint asked for
 * @returns milliseconds from now
 */
export function retryDelay(
  policy: RetryPolicy,
  retry: number,
  random: number,
  retryAfterMs: number | undefined,
): number {
  const base = policy.baseDelay(retry);
  const delay = Math.round(base / 2 + (base / 2) * random);
  return Math.max(delay, Math.min(retryAfterMs ?? 0, policy.maxRetryAfter));
}
