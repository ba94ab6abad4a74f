import type { WebhookEvent } from "../event.ts";
import type { AttemptRecord, DeliveryStatus, Read, StoreMode } from "../store/delivery-store.ts";
import type { SendWait } from "./options.ts";
import type { SubscriptionInput } from "./subscriptions.ts";
import type { OutboundStats, WebhookDelivery, WebhookSubscription } from "./views.ts";

export interface SendOptions {
  /**
   * The same key again within the retention sends nothing and resolves to the delivery ids of the first time.
   * Default: the event's id with `sendEvent`, none with `send`.
   */
  readonly idempotencyKey?: string;
  /** When to resolve. Default: the manager's. */
  readonly wait?: SendWait;
  /** Only subscriptions of this tenant receive it; without one, only those without one. */
  readonly tenant?: string;
  /** A transaction of a store that can join one: the event is stored if it commits. */
  readonly tx?: unknown;
}

export interface SubscriptionFilter {
  /** Only those that receive this type of event. */
  readonly event?: string;
  readonly active?: boolean;
  readonly tenant?: string;
}

export interface DeliveryFilter {
  readonly ids?: readonly string[];
  readonly status?: DeliveryStatus | readonly DeliveryStatus[];
  /** The event's type. */
  readonly event?: string;
  readonly eventId?: string;
  readonly subscriptionId?: string;
  /** Created at or after, in ms since the epoch. */
  readonly since?: number;
  /** Created before, in ms since the epoch. */
  readonly until?: number;
}

export interface DeliveryQuery extends DeliveryFilter {
  /** 1 or more, default 1,000. */
  readonly limit?: number;
  /** The `seq` of the last delivery of the page before. */
  readonly after?: number;
}

export interface ReplayRange {
  readonly subscriptionId: string;
  /** Events that were accepted at or after, in ms since the epoch. */
  readonly since?: number;
  /** Events that were accepted before, in ms since the epoch. */
  readonly until?: number;
}

/** The sender, over a store that reads at once (`"sync"`) or later (`"async"`). */
export interface WebhookManager<Mode extends StoreMode> {
  /**
   * Adds a subscription and returns its id.
   * @throws WebhookError INVALID_URL, BLOCKED_ADDRESS, INVALID_SECRET, INVALID_HEADER, INVALID_OPTION
   */
  subscribe(input: SubscriptionInput): Read<Mode, string>;
  /** Changes a subscription; `false` if there is none of this id. A new URL starts with a clean record. */
  update(id: string, change: Partial<Omit<SubscriptionInput, "secret">>): Read<Mode, boolean>;
  /** Removes a subscription and gives up its unfinished deliveries; `false` if there was none. */
  unsubscribe(id: string): Read<Mode, boolean>;
  getSubscription(id: string): Read<Mode, WebhookSubscription | undefined>;
  listSubscriptions(filter?: SubscriptionFilter): Read<Mode, WebhookSubscription[]>;
  /**
   * Makes another secret sign; the old ones go on signing until the overlap is over.
   * @returns the new secret
   */
  rotateSecret(
    id: string,
    options?: { readonly secret?: string; readonly overlapMs?: number },
  ): Read<Mode, string>;
  /** Holds the endpoint's deliveries until `enable`; new events are still recorded. */
  pause(id: string): Read<Mode, boolean>;
  /** As `pause`, and hooks are told that the endpoint is disabled. */
  disable(id: string, reason?: string): Read<Mode, boolean>;
  /** Resumes a paused or disabled endpoint and forgets its failures. */
  enable(id: string): Read<Mode, boolean>;

  /**
   * Sends an event made of a type and a payload to every subscription that wants it.
   * @returns the ids of its deliveries
   */
  send(type: string, payload: unknown, options?: SendOptions): Promise<string[]>;
  /** Sends an event. Sent again with the same id, it is not sent again. */
  sendEvent(event: WebhookEvent, options?: SendOptions): Promise<string[]>;
  getDelivery(id: string): Read<Mode, WebhookDelivery | undefined>;
  /** In the order of creation. */
  listDeliveries(query?: DeliveryQuery): Read<Mode, WebhookDelivery[]>;
  /** The attempts of one delivery, the first one first. */
  listAttempts(deliveryId: string): Read<Mode, AttemptRecord[]>;
  /**
   * Attempts deliveries now: all failed ones, or those of the filter, dead and sent ones too if their status or id
   * says so. Finished ones get a full round of attempts. Resolves when each has been attempted once.
   * @returns how many were sent
   */
  retry(filter?: DeliveryFilter): Promise<number>;
  /**
   * Sends what was stored in a range once more to one subscription, as far as it wants it, whether it had it already or
   * not. Resolves when all of it is stored for delivery.
   * @returns the ids of the deliveries
   */
  replay(range: ReplayRange): Promise<string[]>;
  stats(): Read<Mode, OutboundStats>;
  /** The lower-case hex HMAC that the signature header carries for this payload. */
  sign(payload: unknown, secret: string): string;

  /**
   * Waits until nothing is in flight and nothing due is left; later retries are not waited for.
   * @returns whether it came to that within `timeoutMs`; default: as long as it takes
   */
  drain(options?: { readonly timeoutMs?: number }): Promise<boolean>;
  /**
   * Takes no more events, drains, gives back what is left and closes the store.
   * @param options `timeoutMs` bounds the draining; default 30,000
   */
  close(options?: { readonly timeoutMs?: number }): Promise<void>;
  /** Stops at once: attempts in flight end, and what is only in memory is forgotten. */
  destroy(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The sender over the memory or SQLite store: reads are plain values. */
export type OutboundWebhookManager = WebhookManager<"sync">;
/** The sender over a store whose reads take time: the same methods, and every read is a promise. */
export type AsyncOutboundWebhookManager = WebhookManager<"async">;
