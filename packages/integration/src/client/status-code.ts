import type { IntegrationErrorCode, Outcome } from "./errors.ts";

/** The code of an answer that is no success. */
export function codeOfStatus(status: number): IntegrationErrorCode {
  if (status === 429) return "RATE_LIMITED";
  return status === 401 || status === 403 ? "AUTH_ERROR" : "HTTP_ERROR";
}

/** What an answer that is no success says about whether the vendor acted: of a 5xx nobody knows. */
export function outcomeOfStatus(status: number): Outcome {
  return status >= 300 && status < 500 ? "rejected" : "unknown";
}

const RANK: Readonly<Record<Outcome, number>> = { not_sent: 0, rejected: 1, unknown: 2 };

/** Of two attempts the one that may have done more. */
export function worseOutcome(a: Outcome, b: Outcome): Outcome {
  return RANK[a] >= RANK[b] ? a : b;
}

/** The vendor saw these before it looked at the operation, so they say nothing about an attempt before. */
const UNDECIDED: ReadonlySet<number> = new Set([401, 403, 407, 408, 409, 425, 429]);

/**
 * Whether an answer also tells what became of the earlier attempts with the same idempotency key: the vendor answers for
 * the operation, not for the attempt.
 */
export function settlesEarlier(status: number): boolean {
  return status < 500 && !UNDECIDED.has(status);
}
