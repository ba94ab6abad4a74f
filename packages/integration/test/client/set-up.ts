import type { ManualClock } from "@ventostack/webhook/testing";
import { createManualClock } from "@ventostack/webhook/testing";
import type {
  IntegrationClient,
  IntegrationClientOptions,
  IntegrationError,
  IntegrationResult,
  LogEntry,
  RetryMoment,
} from "@ventostack/integration/client";
import { createIntegrationClient } from "@ventostack/integration/client";

export { createManualClock };

export interface TestClient {
  readonly client: IntegrationClient;
  readonly clock: ManualClock;
  /** Log entries, in order. */
  readonly logs: LogEntry[];
  /** Waits before retries; each passes at once. */
  readonly retries: RetryMoment[];
}

/** A client whose waits pass at once, whose jitter is the longest, and which logs into a list. */
export function makeClient(
  baseUrl: string,
  options: Partial<IntegrationClientOptions> = {},
): TestClient {
  const clock = createManualClock();
  const logs: LogEntry[] = [];
  const retries: RetryMoment[] = [];
  const client = createIntegrationClient({
    name: "vendor",
    baseUrl,
    clock,
    random: () => 0.999_999,
    log: { sink: (entry) => void logs.push(entry) },
    ...options,
    hooks: {
      onRetry(moment) {
        retries.push(moment);
        void clock.advance(moment.delayMs);
      },
      ...options.hooks,
    },
  });
  return { client, clock, logs, retries };
}

/** The error of a result that must be a failure. */
export function errorOf(result: IntegrationResult<unknown>): IntegrationError {
  if (result.success) throw new Error(`Expected a failure, got status ${result.status}`);
  return result.error;
}

/** The data of a result that must be a success. */
export function dataOf<T>(result: IntegrationResult<T>): T {
  if (!result.success) throw new Error(`Expected a success, got ${result.error.code}`);
  return result.data;
}

/** What a promise rejects with; listens at once, so that it may reject at any time. */
export function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error("Expected a rejection");
    },
    (error: unknown) => error,
  );
}
