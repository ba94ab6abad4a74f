import type { DeliveryStore } from "../../src/store/delivery-store.ts";

/**
 * Two connections to one file as one store: the calls go to both in turn, but a worker's always to the same one, as its
 * process would.
 */
export function inTurns(
  one: DeliveryStore<"sync">,
  two: DeliveryStore<"sync">,
): DeliveryStore<"sync"> {
  let calls = 0;
  /** Knows the time of the last claim, as a process with a clock of its own would. */
  let newest = one;
  const next = (): DeliveryStore<"sync"> => ((calls += 1) % 2 === 0 ? one : two);
  const workers = new Map<string, DeliveryStore<"sync">>();
  const ofWorker = (worker: string): DeliveryStore<"sync"> => {
    let store = workers.get(worker);
    if (!store) workers.set(worker, (store = workers.size % 2 === 0 ? one : two));
    return store;
  };
  return {
    capabilities: one.capabilities,
    enqueue: (...given) => next().enqueue(...given),
    claim: (request) => (newest = ofWorker(request.worker)).claim(request),
    settle: (...given) => next().settle(...given),
    nextDueAt: () => newest.nextDueAt(),
    subscriptions: {
      put: (...given) => next().subscriptions.put(...given),
      get: (...given) => next().subscriptions.get(...given),
      list: () => next().subscriptions.list(),
      match: (...given) => next().subscriptions.match(...given),
      delete: (...given) => next().subscriptions.delete(...given),
    },
    deliveries: {
      get: (...given) => next().deliveries.get(...given),
      list: (...given) => next().deliveries.list(...given),
    },
    attempts: { list: (...given) => next().attempts.list(...given) },
    messages: { list: (...given) => next().messages.list(...given) },
    requeue: (...given) => next().requeue(...given),
    cancel: (...given) => next().cancel(...given),
    redeliver: (...given) => next().redeliver(...given),
    stats: () => next().stats(),
    prune: (...given) => next().prune(...given),
    async close(...given) {
      await one.close(...given);
      await two.close(...given);
    },
  };
}
