import type { Clock } from "../clock.ts";
import type { DeliveryStore } from "../store/delivery-store.ts";

/** Looks for work that came into the store by another way than this process's calls. */
export interface StoreWatch {
  /** Something will come soon: looks often for a while. */
  hurry(): void;
  stop(): void;
}

const FIRST_DELAY_MS = 1;
const AFTER_FAILURE_MS = 5000;

/** Does nothing for a store that nobody else can write to. */
export function createStoreWatch(parts: {
  readonly store: DeliveryStore;
  readonly clock: Clock;
  onChange(): void;
  onError(error: unknown): void;
}): StoreWatch {
  const { clock } = parts;
  const { changes } = parts.store;
  if (!changes) return { hurry() {}, stop() {} };
  let delayMs = changes.pollMs;
  let cancel: (() => void) | undefined;
  let isStopped = false;

  const look = async (): Promise<void> => {
    try {
      const changed = await changes.poll(clock.now());
      delayMs = Math.min(delayMs * 2, changes.pollMs);
      if (changed && !isStopped) parts.onChange();
    } catch (error) {
      delayMs = AFTER_FAILURE_MS;
      if (!isStopped) parts.onError(error);
    }
    wait();
  };

  const wait = (): void => {
    cancel?.();
    if (!isStopped) cancel = clock.after(delayMs, () => void look());
  };

  wait();
  return {
    hurry() {
      delayMs = Math.min(FIRST_DELAY_MS, changes.pollMs);
      wait();
    },
    stop() {
      isStopped = true;
      cancel?.();
    },
  };
}
