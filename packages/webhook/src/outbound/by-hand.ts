import type { Clock } from "../clock.ts";
import type { DeliveryStore, StoreFilter, StoredSubscription } from "../store/delivery-store.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { isAttemptedSoon } from "./sender.ts";
import type { AwaitedDelivery, Waiters } from "./waiters.ts";

export interface ByHandParts {
  readonly store: DeliveryStore;
  readonly clock: Clock;
  readonly waiters: Waiters;
  readonly dispatcher: Dispatcher;
  /** What a finished delivery gets. */
  readonly moreAttempts: number;
}

/** By hand means now, whatever the endpoint asked for with `Retry-After`. */
async function endQuiet(
  store: DeliveryStore,
  subscription: StoredSubscription,
): Promise<StoredSubscription> {
  const { quietUntil, ...endpoint } = subscription.endpoint;
  if (quietUntil === undefined) return subscription;
  const next = { ...subscription, endpoint };
  await store.subscriptions.put(next);
  return next;
}

/**
 * Attempts deliveries now: the failed ones, unless the filter names others by id or status.
 * @returns how many were sent, once each that can be attempted has been
 */
export async function retryByHand(filter: StoreFilter, parts: ByHandParts): Promise<number> {
  const { store, clock, waiters, dispatcher } = parts;
  const isNamed = filter.ids !== undefined || filter.status !== undefined;
  const watch = waiters.watch();
  const awaited: AwaitedDelivery[] = [];
  try {
    const ids = await store.requeue(
      isNamed ? filter : { ...filter, status: ["failed"] },
      clock.now(),
      parts.moreAttempts,
    );
    const subscriptions = new Map<string, StoredSubscription | undefined>();
    for (const id of ids) {
      const got = store.deliveries.get(id);
      // oxlint-disable-next-line no-await-in-loop -- a value, not a promise, with most stores
      const delivery = got instanceof Promise ? await got : got;
      if (!delivery) continue;
      const { subscriptionId } = delivery;
      if (!subscriptions.has(subscriptionId)) {
        // oxlint-disable-next-line no-await-in-loop -- once per subscription
        const found = await store.subscriptions.get(subscriptionId);
        // oxlint-disable-next-line no-await-in-loop -- once per subscription
        subscriptions.set(subscriptionId, found && (await endQuiet(store, found)));
      }
      const subscription = subscriptions.get(subscriptionId);
      // Its head has just been made due, so that a failing ordered lane moves too.
      if (subscription && isAttemptedSoon({ ...subscription, ordered: false }, clock.now())) {
        awaited.push({ id, subscriptionId });
      }
    }
  } catch (error) {
    watch.cancel();
    throw error;
  }
  const sent = watch.wait(awaited);
  dispatcher.wake();
  return sent;
}
