import { isPromise } from "../maybe-promise.ts";
import type { DeliveryStore } from "../store/delivery-store.ts";
import type { ResolvedOptions } from "./options.ts";

export interface Pruner {
  /** A delivery has ended. */
  touch(): void;
  stop(): void;
}

/** So many ended deliveries, or so much time, between two rounds. */
const EVERY = 256;
const INTERVAL_MS = 60_000;
/** In chunks, so that no round blocks. */
const CHUNK = 1024;

/** Keeps the store within the retention, a little at a time. */
export function createPruner(parts: {
  readonly store: DeliveryStore;
  readonly options: ResolvedOptions;
  onError(error: unknown): void;
}): Pruner {
  const { store, options } = parts;
  const { clock, maxAgeMs, keep } = options;
  let touched = 0;
  let isRunning = false;
  let cancel: (() => void) | undefined;

  const prune = async (): Promise<void> => {
    if (isRunning) return;
    isRunning = true;
    touched = 0;
    try {
      const before = clock.now() - maxAgeMs;
      const pruned = store.prune({
        before,
        ...(keep === undefined ? {} : { keep }),
        limit: CHUNK,
      });
      const removed = isPromise(pruned) ? await pruned : pruned;
      if (removed === CHUNK) touched = EVERY;
    } catch (error) {
      parts.onError(error);
    } finally {
      isRunning = false;
    }
  };

  const expireHeld = async (): Promise<void> => {
    const now = clock.now();
    try {
      await store.cancel(
        { held: true, until: now - maxAgeMs },
        now,
        "it was held for longer than the retention",
      );
    } catch (error) {
      parts.onError(error);
    }
  };

  const tick = (): void => {
    cancel = clock.after(INTERVAL_MS, () => {
      void prune();
      void expireHeld();
      tick();
    });
  };
  tick();

  return {
    touch() {
      touched += 1;
      if (touched >= EVERY) void prune();
    },
    stop: () => cancel?.(),
  };
}
