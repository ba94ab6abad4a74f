import type { Clock } from "../clock.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import { isPromise } from "../maybe-promise.ts";
import type { DeliveryStore, Settlement, SettleResult } from "../store/delivery-store.ts";

/** Writes down what became of attempts, again and again if the store fails: the attempts themselves were made. */
export interface Recorder {
  record(settlement: Settlement): MaybePromise<SettleResult>;
  /** So many results wait for a store that fails that nothing new is to be begun: they would pile up. */
  isBehind(): boolean;
  /** What cannot be written down from now on is given up. */
  stop(): void;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5000;

/** How long to leave a store alone that has failed so many times before. */
export function storeRetryMs(failures: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** failures, LAST_RETRY_MS);
}

export function createRecorder(parts: {
  readonly store: DeliveryStore;
  readonly clock: Clock;
  readonly mostWaiting: number;
  onError(error: unknown): void;
}): Recorder {
  const { store, clock } = parts;
  let waiting = 0;
  let isStopped = false;

  const later =
    (settlement: Settlement, failures: number) =>
    async (error: unknown): Promise<SettleResult> => {
      parts.onError(error);
      if (isStopped) return "fenced";
      waiting += 1;
      await new Promise<void>((resolve) => {
        clock.after(storeRetryMs(failures), resolve);
      });
      waiting -= 1;
      try {
        const [result = "fenced"] = await store.settle([settlement]);
        return result;
      } catch (next) {
        return later(settlement, failures + 1)(next);
      }
    };

  return {
    record(settlement) {
      try {
        const settled = store.settle([settlement]);
        return isPromise(settled)
          ? settled.then(([result = "fenced"]) => result).catch(later(settlement, 0))
          : (settled[0] ?? "fenced");
      } catch (error) {
        return later(settlement, 0)(error);
      }
    },
    isBehind: () => waiting >= parts.mostWaiting,
    stop() {
      isStopped = true;
    },
  };
}
