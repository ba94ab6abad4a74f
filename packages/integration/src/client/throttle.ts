import PQueue from "p-queue";
import { integerOption, knownKeys, msOption } from "./check.ts";
import { configError } from "./errors.ts";

export interface ThrottleOptions {
  /** Requests that are under way together, 1 to 100,000, default no limit. */
  readonly concurrency?: number;
  /** Requests that start in any `intervalMs`, 1 to 1,000,000, default no limit. */
  readonly limit?: number;
  /** Milliseconds, 1 to 2^31 - 1; needed with `limit`. Measured with the machine's clock. */
  readonly intervalMs?: number;
}

export interface Throttle {
  /**
   * Runs the task as soon as there is a slot.
   * @param signal takes a task that still waits out of the queue; the promise rejects with its reason
   */
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Tasks that wait. */
  queued(): number;
}

/**
 * Spaces requests out, so that a vendor's known limits are not run into.
 * @throws CONFIG_ERROR
 */
export function createThrottle(options: ThrottleOptions = {}): Throttle {
  knownKeys("throttle", options, ["concurrency", "limit", "intervalMs"]);
  if ((options.limit === undefined) !== (options.intervalMs === undefined))
    throw configError("throttle.limit and throttle.intervalMs go together: give both or neither");
  const queue = new PQueue({
    ...(options.concurrency !== undefined && {
      concurrency: integerOption("throttle.concurrency", options.concurrency, {
        min: 1,
        max: 100_000,
        fallback: 1,
      }),
    }),
    ...(options.limit !== undefined && {
      intervalCap: integerOption("throttle.limit", options.limit, {
        min: 1,
        max: 1_000_000,
        fallback: 1,
      }),
      interval: msOption("throttle.intervalMs", options.intervalMs, 1),
      // Otherwise twice the limit can start around the border of two windows.
      strict: true,
    }),
  });

  return {
    async run(task, signal) {
      // The queue's own signal frees the slot of a task that runs, while the task has not ended yet.
      const waiting = new AbortController();
      const abort = (): void => waiting.abort(signal?.reason);
      if (signal?.aborted) abort();
      signal?.addEventListener("abort", abort, { once: true });
      try {
        return await queue.add(
          () => {
            signal?.removeEventListener("abort", abort);
            return task();
          },
          { signal: waiting.signal },
        );
      } finally {
        signal?.removeEventListener("abort", abort);
      }
    },
    queued: () => queue.size,
  };
}
