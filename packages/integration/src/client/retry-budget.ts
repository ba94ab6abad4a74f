import { integerOption, knownKeys } from "./check.ts";

export interface RetryBudgetOptions {
  /** Tokens of a full bucket, 1 to 1,000,000, default 500. */
  readonly capacity?: number;
  /** Tokens that a retry costs, 0 to 1,000,000, default 14. */
  readonly cost?: number;
  /** Tokens that a retry costs after the vendor asked to slow down, 0 to 1,000,000, default 5. */
  readonly throttlingCost?: number;
}

/** Bounds the retries of all calls together, so that a vendor in trouble is not met with a multiple of the load. */
export interface RetryBudget {
  /**
   * Pays for one retry.
   * @returns the tokens paid; `undefined` where too few are left and the retry must not be made
   */
  take(kind: "failure" | "throttling"): number | undefined;
  /**
   * A call succeeded: what its last retry cost comes back, and one token where it needed none. Without that one
   * token a bucket that was once empty would never allow a retry again.
   */
  succeeded(lastCost: number): void;
  /** Tokens left. */
  available(): number;
}

/**
 * A token bucket for retries, as the AWS SDKs have it.
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 * @throws CONFIG_ERROR
 */
export function createRetryBudget(options: RetryBudgetOptions = {}): RetryBudget {
  knownKeys("budget", options, ["capacity", "cost", "throttlingCost"]);
  const max = 1_000_000;
  const capacity = integerOption("budget.capacity", options.capacity, {
    min: 1,
    max,
    fallback: 500,
  });
  const cost = integerOption("budget.cost", options.cost, { min: 0, max, fallback: 14 });
  const throttlingCost = integerOption("budget.throttlingCost", options.throttlingCost, {
    min: 0,
    max,
    fallback: 5,
  });
  let tokens = capacity;

  return {
    take(kind) {
      const price = kind === "throttling" ? throttlingCost : cost;
      if (tokens < price) return undefined;
      tokens -= price;
      return price;
    },
    succeeded(lastCost) {
      tokens = Math.min(capacity, tokens + (lastCost > 0 ? lastCost : 1));
    },
    available: () => tokens,
  };
}
