import type { MaybePromise } from "../../src/maybe-promise.ts";
import type { DeliveryStore } from "../../src/store/delivery-store.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";

async function later<T>(run: () => MaybePromise<T>): Promise<T> {
  await Promise.resolve();
  return run();
}

/** The memory store as a database elsewhere would be: everything is promised, and takes a turn. */
export function createPromisedStore(): DeliveryStore<"async"> {
  const store = createMemoryStore();
  return {
    capabilities: { ...store.capabilities, sync: false },
    enqueue: (...given) => later(() => store.enqueue(...given)),
    claim: (...given) => later(() => store.claim(...given)),
    settle: (...given) => later(() => store.settle(...given)),
    nextDueAt: () => later(() => store.nextDueAt()),
    subscriptions: {
      put: (...given) => later(() => store.subscriptions.put(...given)),
      get: (...given) => later(() => store.subscriptions.get(...given)),
      list: () => later(() => store.subscriptions.list()),
      match: (...given) => later(() => store.subscriptions.match(...given)),
      delete: (...given) => later(() => store.subscriptions.delete(...given)),
    },
    deliveries: {
      get: (...given) => later(() => store.deliveries.get(...given)),
      list: (...given) => later(() => store.deliveries.list(...given)),
    },
    attempts: { list: (...given) => later(() => store.attempts.list(...given)) },
    messages: { list: (...given) => later(() => store.messages.list(...given)) },
    requeue: (...given) => later(() => store.requeue(...given)),
    cancel: (...given) => later(() => store.cancel(...given)),
    redeliver: (...given) => later(() => store.redeliver(...given)),
    stats: () => later(() => store.stats()),
    prune: (...given) => later(() => store.prune(...given)),
    close: (...given) => later(() => store.close(...given)),
  };
}
