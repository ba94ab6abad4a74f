import type { DeliveryStore } from "../../src/store/delivery-store.ts";

/**
 * Two connections to one file as one store: the calls go to both in turn, but a worker's always to the same one, as its
 * process would. Before each the event loop turns: no process hears of what another one does any sooner.
 */
export function inTurns(
  one: DeliveryStore<"sync">,
  two: DeliveryStore<"sync">,
): DeliveryStore<"async"> {
  let calls = 0;
  /** Knows the time of the last claim, as a process with a clock of its own would. */
  let newest = one;
  const workers = new Map<string, DeliveryStore<"sync">>();
  const next = async (): Promise<DeliveryStore<"sync">> => {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    calls += 1;
    return calls % 2 === 0 ? one : two;
  };
  const ofWorker = (worker: string): DeliveryStore<"sync"> => {
    let store = workers.get(worker);
    if (!store) workers.set(worker, (store = workers.size % 2 === 0 ? one : two));
    return store;
  };
  return {
    capabilities: { ...one.capabilities, sync: false },
    enqueue: async (...given) => (await next()).enqueue(...given),
    async claim(request) {
      await next();
      newest = ofWorker(request.worker);
      return newest.claim(request);
    },
    settle: async (...given) => (await next()).settle(...given),
    async nextDueAt() {
      await next();
      return newest.nextDueAt();
    },
    subscriptions: {
      put: async (...given) => (await next()).subscriptions.put(...given),
      get: async (...given) => (await next()).subscriptions.get(...given),
      list: async () => (await next()).subscriptions.list(),
      match: async (...given) => (await next()).subscriptions.match(...given),
      delete: async (...given) => (await next()).subscriptions.delete(...given),
    },
    deliveries: {
      get: async (...given) => (await next()).deliveries.get(...given),
      list: async (...given) => (await next()).deliveries.list(...given),
    },
    attempts: { list: async (...given) => (await next()).attempts.list(...given) },
    messages: { list: async (...given) => (await next()).messages.list(...given) },
    requeue: async (...given) => (await next()).requeue(...given),
    cancel: async (...given) => (await next()).cancel(...given),
    redeliver: async (...given) => (await next()).redeliver(...given),
    stats: async () => {
      const { oldestDueAt, ...counters } = (await next()).stats();
      return { ...counters, oldestDueAt };
    },
    prune: async (...given) => (await next()).prune(...given),
    async close(...given) {
      await one.close(...given);
      await two.close(...given);
    },
  };
}
