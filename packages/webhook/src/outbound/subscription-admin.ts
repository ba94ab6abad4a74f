import { WebhookError } from "../errors.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import { mapMaybe } from "../maybe-promise.ts";
import type { DeliveryStore, EndpointState, StoredSubscription } from "../store/delivery-store.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { HEALTHY } from "./endpoint-health.ts";
import { patternsOf } from "./event-patterns.ts";
import type { Announce } from "./hooks.ts";
import type { SubscriptionFilter, WebhookManager } from "./manager-types.ts";
import type { ResolvedOptions } from "./options.ts";
import type { SubscriptionInput } from "./subscriptions.ts";
import {
  createSubscription,
  generateSecret,
  rotateSecret,
  updateSubscription,
} from "./subscriptions.ts";
import { subscriptionView } from "./views.ts";
import type { Waiters } from "./waiters.ts";

const DAY_MS = 86_400_000;

export interface SubscriptionAdminParts {
  readonly store: DeliveryStore;
  readonly options: ResolvedOptions;
  readonly dispatcher: Dispatcher;
  readonly waiters: Waiters;
  readonly announce: Announce;
  readonly checkUrl: (url: string) => URL;
  /** @throws WebhookError CLOSED */
  readonly checkOpen: () => void;
}

/** What of a manager is about who receives what. */
type SubscriptionAdmin = Pick<
  WebhookManager<"sync">,
  | "subscribe"
  | "update"
  | "unsubscribe"
  | "getSubscription"
  | "listSubscriptions"
  | "rotateSecret"
  | "pause"
  | "disable"
  | "enable"
>;

/** The part of a manager that is about who receives what. Synchronous as long as the store is. */
export function createSubscriptionAdmin(parts: SubscriptionAdminParts): SubscriptionAdmin {
  const { store, options, dispatcher, waiters, announce, checkOpen } = parts;
  const { clock, newId } = options;
  const rules = {
    checkUrl: parts.checkUrl,
    signatureHeader: options.signatureHeader,
    concurrencyPerEndpoint: options.concurrencyPerEndpoint,
  };

  /** Replaces a subscription; the result is `false` where there is none. */
  const change = (
    id: string,
    next: (current: StoredSubscription) => StoredSubscription,
  ): MaybePromise<boolean> => {
    checkOpen();
    const found: MaybePromise<StoredSubscription | undefined> = store.subscriptions.get(id);
    return mapMaybe(found, (current): MaybePromise<boolean> => {
      if (!current) return false;
      const put: MaybePromise<void> = store.subscriptions.put(next(current));
      return mapMaybe(put, () => {
        dispatcher.wake(id);
        return true;
      });
    });
  };

  const setEndpoint = (id: string, endpoint: EndpointState): MaybePromise<boolean> =>
    mapMaybe(
      change(id, (current) => ({ ...current, endpoint, updatedAt: clock.now() })),
      (isThere) => {
        const moment = () => ({ subscriptionId: id, endpoint });
        if (isThere && endpoint.status !== "ok") waiters.letGo(id);
        if (isThere && endpoint.status === "disabled") announce("endpointDisabled", moment);
        if (isThere && endpoint.status === "ok") announce("endpointRecovered", moment);
        return isThere;
      },
    );

  // As in the manager: with a store whose reads are promises these are promises too, which its type says.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return {
    subscribe(input: SubscriptionInput): MaybePromise<string> {
      checkOpen();
      const subscription = createSubscription(newId(), input, rules, clock.now());
      const put: MaybePromise<void> = store.subscriptions.put(subscription);
      return mapMaybe(put, () => subscription.id);
    },
    update: (id: string, changes: Partial<Omit<SubscriptionInput, "secret">>) =>
      change(id, (current) => updateSubscription(current, changes, rules, clock.now())),
    unsubscribe(id: string): MaybePromise<boolean> {
      const deleted: MaybePromise<boolean> = store.subscriptions.delete(id, clock.now());
      dispatcher.forget(id);
      waiters.letGo(id);
      return deleted;
    },
    getSubscription: (id: string) => {
      const found: MaybePromise<StoredSubscription | undefined> = store.subscriptions.get(id);
      return mapMaybe(found, (subscription) => subscription && subscriptionView(subscription));
    },
    listSubscriptions: ({ event, active, tenant }: SubscriptionFilter = {}) => {
      const patterns = event === undefined ? undefined : patternsOf(event);
      const all: MaybePromise<readonly StoredSubscription[]> = store.subscriptions.list();
      return mapMaybe(all, (list) =>
        list
          .filter(
            (each) =>
              (active === undefined || each.active === active) &&
              (tenant === undefined || each.tenant === tenant) &&
              (!patterns || patterns.some((pattern) => each.events.includes(pattern))),
          )
          .map(subscriptionView),
      );
    },
    rotateSecret(id: string, rotation: { secret?: string; overlapMs?: number } = {}) {
      const { secret = generateSecret(), overlapMs = DAY_MS } = rotation;
      const changed = change(id, (current) =>
        rotateSecret(current, secret, overlapMs, clock.now()),
      );
      return mapMaybe(changed, (isThere) => {
        if (!isThere) throw new WebhookError("NOT_FOUND", `there is no subscription ${id}`);
        return secret;
      });
    },
    pause: (id: string) =>
      setEndpoint(id, { status: "paused", reason: "paused by hand", failures: 0 }),
    disable: (id: string, reason = "disabled by hand") =>
      setEndpoint(id, { status: "disabled", reason, failures: 0 }),
    enable: (id: string) => setEndpoint(id, HEALTHY),
  } as SubscriptionAdmin;
}
