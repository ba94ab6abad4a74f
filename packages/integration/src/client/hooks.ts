import type { IntegrationErrorCode } from "./errors.ts";
import type { LogEntry } from "./redact.ts";

/** A failed attempt that will be repeated. */
export interface RetryMoment {
  readonly integration: string;
  readonly method: string;
  /** 1 for the first retry. */
  readonly retry: number;
  readonly delayMs: number;
  /** The status of the answer, or the code of the error, that is the reason. */
  readonly status?: number;
  readonly errorCode?: IntegrationErrorCode;
}

/** What they throw changes nothing. */
export interface IntegrationHooks {
  /** After each attempt, with what is logged of it; also without a log. */
  readonly onAttempt?: (entry: LogEntry) => void;
  readonly onRetry?: (moment: RetryMoment) => void;
}

/** Calls a hook of the operator's. */
export function notify<T>(hook: ((moment: T) => void) | undefined, moment: T): void {
  try {
    hook?.(moment);
  } catch {
    // A hook must not change what a call does.
  }
}
