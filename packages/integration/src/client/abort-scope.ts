import type { Clock } from "./clock.ts";
import { IntegrationError, withParts } from "./errors.ts";

/** Something that ends when its time is up or a signal says so, and says which it was. */
export interface AbortScope {
  /** For whatever works under this scope. Its reason is an `IntegrationError`. */
  readonly signal: AbortSignal;
  /** Settles as the work does, or rejects with an `IntegrationError` as soon as the scope is aborted. */
  race<T>(work: Promise<T>): Promise<T>;
  /** Stops the clock; signals still count. */
  stopClock(): void;
  /** Lets go of clock and signals. */
  end(): void;
}

export interface AbortScopeOptions {
  readonly integration: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** What took too long, for the error's text: "an attempt", "the call". */
  readonly what: string;
  readonly signals: readonly (AbortSignal | undefined)[];
}

/**
 * Not `AbortSignal.any` and `AbortSignal.timeout`: they cannot be given a clock, and a time-out of theirs cannot be
 * told from a caller's abort by its type on every runtime.
 */
export function createAbortScope(options: AbortScopeOptions): AbortScope {
  const { integration, clock, timeoutMs, what, signals } = options;
  const controller = new AbortController();
  // Not one promise that all work is raced against: it would keep a reaction for each chunk of a long body.
  const racing = new Set<(reason: unknown) => void>();

  const abort = (reason: IntegrationError): void => {
    if (controller.signal.aborted) return;
    end();
    controller.abort(reason);
    for (const reject of racing) reject(reason);
  };
  const stopClock = clock.after(timeoutMs, () => {
    abort(
      new IntegrationError({
        code: "TIMEOUT",
        message: `${what} to ${integration} took longer than ${timeoutMs} ms`,
        integration,
        outcome: "unknown",
        retryable: true,
      }),
    );
  });
  const unlink = signals.map((signal) => {
    const listen = (): void => abort(reasonOf(signal, integration));
    signal?.addEventListener("abort", listen, { once: true });
    return () => signal?.removeEventListener("abort", listen);
  });
  function end(): void {
    stopClock();
    for (const remove of unlink) remove();
  }
  const already = signals.find((signal) => signal?.aborted);
  if (already) abort(reasonOf(already, integration));

  return {
    signal: controller.signal,
    stopClock,
    end,
    async race<T>(work: Promise<T>): Promise<T> {
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      racing.add(reject);
      if (controller.signal.aborted) reject(controller.signal.reason);
      work.then(resolve, reject);
      try {
        return await promise;
      } finally {
        racing.delete(reject);
      }
    },
  };
}

/**
 * A scope around this one has said why; anything else is the caller's own abort. What is aborted may have been sent; who
 * knows that it was not says so.
 */
function reasonOf(signal: AbortSignal | undefined, integration: string): IntegrationError {
  const reason: unknown = signal?.reason;
  if (reason instanceof IntegrationError) return withParts(reason, { outcome: "unknown" });
  return new IntegrationError({
    code: "ABORTED",
    message: `The call to ${integration} was aborted`,
    integration,
    outcome: "unknown",
  });
}
