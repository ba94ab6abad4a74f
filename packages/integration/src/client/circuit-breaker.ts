import { CircuitState as WindowState, CountBreaker } from "cockatiel";
import { functionOption, integerOption, knownKeys, msOption, shareOption } from "./check.ts";
import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";

/** `closed` lets calls through, `open` refuses them, `half_open` lets one through to see. */
export type CircuitState = "closed" | "open" | "half_open";

export interface CircuitBreakerOptions {
  /** The circuit opens when more than this share of the last calls failed, between 0 and 1, default 0.5. */
  readonly failureRate?: number;
  /** How many of the last calls are looked at, 1 to 10,000, default 20. */
  readonly windowSize?: number;
  /** Fewer calls than this never open the circuit, 1 to `windowSize`, default 10 or `windowSize` if that is less. */
  readonly minimumCalls?: number;
  /** Milliseconds until one call may try again, 1 to 2^31 - 1, default 30,000. */
  readonly openMs?: number;
  /** Called on each change; what it throws changes nothing. */
  readonly onChange?: (state: CircuitState) => void;
  readonly clock?: Clock;
}

/** The leave to make one call. Report how it went exactly once; later reports are ignored. */
export interface CircuitPass {
  /** The vendor answered, even if with a 4xx. */
  succeeded(): void;
  /** No answer came, or a 5xx. */
  failed(): void;
  /** Nothing was learnt, as when the caller aborted. */
  cancelled(): void;
}

export interface CircuitBreaker {
  state(): CircuitState;
  /** @returns `undefined` where the call must not be made */
  enter(): CircuitPass | undefined;
  /** Whether `enter` would let a call through now. */
  allows(): boolean;
  /** Milliseconds until a call may try; 0 where it may now or where a trial call is under way. */
  retryAfterMs(): number;
}

/**
 * Stops calls to a vendor that fails, and finds out with single calls when it is back.
 *
 * The window of calls is cockatiel's. Its policy around that is not used: it makes a second caller wait for the trial
 * call, takes a trial call that was aborted for a success, and cannot be given a clock.
 * @throws CONFIG_ERROR
 */
export function createCircuitBreaker(options: CircuitBreakerOptions = {}): CircuitBreaker {
  const names = ["failureRate", "windowSize", "minimumCalls", "openMs", "onChange", "clock"];
  knownKeys("breaker", options, names);
  const size = integerOption("breaker.windowSize", options.windowSize, {
    min: 1,
    max: 10_000,
    fallback: 20,
  });
  const failureRate = shareOption("breaker.failureRate", options.failureRate, 0.5);
  const minimumCalls = integerOption("breaker.minimumCalls", options.minimumCalls, {
    min: 1,
    max: size,
    fallback: Math.min(10, size),
  });
  const newWindow = (): CountBreaker =>
    new CountBreaker({ threshold: failureRate, size, minimumNumberOfCalls: minimumCalls });
  const openMs = msOption("breaker.openMs", options.openMs, 30_000);
  const onChange = functionOption("breaker.onChange", options.onChange, () => {});
  const clock = options.clock ?? systemClock;

  let calls = newWindow();
  let openedAt: number | undefined;
  // Each opening and closing begins a new epoch: a call of an earlier one is too old to tell anything.
  let epoch = 0;
  let trial = false;

  const changed = (state: CircuitState): void => {
    epoch += 1;
    trial = false;
    try {
      onChange(state);
    } catch {
      // A listener must not change what the circuit does.
    }
  };
  const open = (): void => {
    openedAt = clock.now();
    changed("open");
  };
  const close = (): void => {
    openedAt = undefined;
    calls = newWindow();
    changed("closed");
  };
  const leftMs = (): number =>
    openedAt === undefined ? 0 : Math.max(0, openedAt + openMs - clock.now());
  const state = (): CircuitState => {
    if (openedAt === undefined) return "closed";
    return leftMs() > 0 ? "open" : "half_open";
  };
  const allows = (): boolean => openedAt === undefined || (leftMs() === 0 && !trial);

  return {
    state,
    allows,
    retryAfterMs: leftMs,
    enter() {
      if (!allows()) return undefined;
      const isTrial = openedAt !== undefined;
      if (isTrial) {
        changed("half_open");
        trial = true;
      }
      const own = epoch;
      let reported = false;
      const report = (act: () => void) => (): void => {
        if (reported || own !== epoch) return;
        reported = true;
        act();
      };
      return {
        succeeded: report(() => (isTrial ? close() : calls.success(WindowState.Closed))),
        failed: report(() => {
          if (isTrial || calls.failure(WindowState.Closed)) open();
        }),
        cancelled: report(() => {
          trial = false;
        }),
      };
    },
  };
}
