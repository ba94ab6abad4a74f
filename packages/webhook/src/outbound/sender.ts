import { WebhookError } from "../errors.ts";
import type { WebhookEvent } from "../event.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import { isPromise } from "../maybe-promise.ts";
import type {
  DeliveryStore,
  Enqueued,
  NewDelivery,
  StoredMessage,
  StoredSubscription,
} from "../store/delivery-store.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { patternsOf } from "./event-patterns.ts";
import { compileFilter } from "./filter.ts";
import type { ReplayRange, SendOptions } from "./manager-types.ts";
import type { Mutable } from "./mutable.ts";
import type { OutboundWebhookManagerOptions, ResolvedOptions } from "./options.ts";
import { checkEvent, serialisePayload, toJson } from "./payload.ts";
import { checkTenant } from "./subscriptions.ts";
import { subscriptionView } from "./views.ts";
import type { Waiters } from "./waiters.ts";

export interface SenderParts {
  readonly store: DeliveryStore;
  readonly options: ResolvedOptions;
  readonly transform: OutboundWebhookManagerOptions["transform"];
  readonly maxAttempts: number;
  readonly dispatcher: Dispatcher;
  readonly waiters: Waiters;
}

/** Takes events in: checks, matches, stores, and has them attempted. */
export interface Sender {
  send(event: WebhookEvent, options: SendOptions): Promise<string[]>;
  replay(range: ReplayRange): Promise<string[]>;
}

const REPLAY_PAGE = 500;
const MAX_KEY_LENGTH = 255;

function checkKey(key: string | undefined): string | undefined {
  if (key === undefined) return undefined;
  if (typeof key !== "string" || key === "" || key.length > MAX_KEY_LENGTH) {
    throw new WebhookError(
      "INVALID_OPTION",
      `idempotencyKey must be a text of 1 to ${MAX_KEY_LENGTH} characters`,
    );
  }
  return key;
}

/** Whether a new delivery's first attempt depends on nothing but a free slot, so that one can wait for it. */
export function isAttemptedSoon(subscription: StoredSubscription, now: number): boolean {
  const { status, quietUntil } = subscription.endpoint;
  if (status === "paused" || status === "disabled" || (quietUntil ?? 0) > now) return false;
  // In an ordered lane the failed one in front goes first, when its time has come.
  return !(subscription.ordered && status === "failing");
}

export function createSender(parts: SenderParts): Sender {
  const { store, options, dispatcher, waiters, transform } = parts;
  const { clock, newId } = options;
  const filters = new WeakMap<object, (payload: unknown) => boolean>();
  const decoder = new TextDecoder();

  const passes = (subscription: StoredSubscription, payload: () => unknown): boolean => {
    const { filter } = subscription;
    if (typeof filter !== "object" || filter === null) return true;
    let test = filters.get(filter);
    if (!test) filters.set(filter, (test = compileFilter(filter)));
    return test(payload());
  };

  /** Which of the matching subscriptions get the event, and what. */
  const plan = (
    message: StoredMessage,
    matched: readonly StoredSubscription[],
    dueAt: number,
  ): { subscription: StoredSubscription; delivery: NewDelivery }[] => {
    let parsed: { readonly value: unknown } | undefined;
    // What the receiver will read, not the sender's object: a Date is a text here too.
    const payload = (): unknown => {
      if (!parsed) {
        const text = decoder.decode(message.payload);
        parsed = { value: message.isText ? text : JSON.parse(text) };
      }
      return parsed.value;
    };
    const planned: { subscription: StoredSubscription; delivery: NewDelivery }[] = [];
    for (const subscription of matched) {
      if (!passes(subscription, payload)) continue;
      const delivery: NewDelivery = {
        id: newId(),
        subscriptionId: subscription.id,
        maxAttempts: parts.maxAttempts,
        dueAt,
      };
      if (!transform) {
        planned.push({ subscription, delivery });
        continue;
      }
      const changed = transform(eventOf(message, payload()), subscriptionView(subscription));
      if (changed === undefined) continue;
      const own = serialisePayload(
        message.isText ? changed.payload : toJson("payload", changed.payload),
        options.maxPayloadBytes,
      ).payload;
      planned.push({ subscription, delivery: { ...delivery, payload: own } });
    }
    return planned;
  };

  const accept = async (
    message: StoredMessage,
    matched: readonly StoredSubscription[],
    sendOptions: SendOptions,
  ): Promise<string[]> => {
    const now = message.createdAt;
    const { tx, wait = options.wait } = sendOptions;
    const planned = plan(message, matched, now);
    const watch = wait === "attempted" && tx === undefined ? waiters.watch() : undefined;
    let enqueued: Enqueued;
    try {
      const enqueueing = store.enqueue(
        message,
        planned.map((each) => each.delivery),
        tx === undefined ? {} : { tx },
      );
      // At once, so that a store can put the claim into the same transaction as the event.
      if (isPromise(enqueueing)) dispatcher.wake();
      enqueued = isPromise(enqueueing) ? await enqueueing : enqueueing;
    } catch (error) {
      watch?.cancel();
      throw error;
    }
    const attempted = watch?.wait(
      enqueued.duplicate
        ? []
        : planned
            .filter((each) => isAttemptedSoon(each.subscription, now))
            .map((each) => each.delivery),
    );
    dispatcher.wake();
    if (tx !== undefined) dispatcher.expectWork();
    await attempted;
    return [...enqueued.deliveryIds];
  };

  return {
    async send(event, sendOptions) {
      checkEvent(event);
      const idempotencyKey = checkKey(sendOptions.idempotencyKey);
      const tenant = checkTenant(sendOptions.tenant);
      if (sendOptions.tx !== undefined && !store.capabilities.transactional) {
        throw new WebhookError(
          "INVALID_OPTION",
          "tx needs a store that shares its database with you, such as createSqliteStore: this one would send even if the " +
            "transaction were rolled back",
        );
      }
      const { payload, isText } = serialisePayload(event.payload, options.maxPayloadBytes);
      const message: Mutable<StoredMessage> = {
        id: event.id,
        type: event.type,
        source: event.source,
        timestamp: event.timestamp,
        payload,
        createdAt: clock.now(),
      };
      if (isText) message.isText = true;
      if (event.metadata !== undefined) message.metadata = toJson("metadata", event.metadata);
      if (tenant !== undefined) message.tenant = tenant;
      if (idempotencyKey !== undefined) message.idempotencyKey = idempotencyKey;
      const matched: MaybePromise<readonly StoredSubscription[]> = store.subscriptions.match(
        patternsOf(message.type),
        tenant,
      );
      return accept(message, isPromise(matched) ? await matched : matched, sendOptions);
    },

    async replay({ subscriptionId, since, until }) {
      const subscription = await store.subscriptions.get(subscriptionId);
      if (!subscription) {
        throw new WebhookError("NOT_FOUND", `there is no subscription ${subscriptionId}`);
      }
      const ids: string[] = [];
      let after = 0;
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- each page begins where the last one ended
        const page = await store.messages.list({
          ...(since === undefined ? {} : { since }),
          ...(until === undefined ? {} : { until }),
          after,
          limit: REPLAY_PAGE,
        });
        for (const { seq, message } of page) {
          after = seq;
          const wanted =
            message.tenant === subscription.tenant &&
            patternsOf(message.type).some((pattern) => subscription.events.includes(pattern));
          const planned = wanted ? plan(message, [subscription], clock.now()) : [];
          if (planned.length === 0) continue;
          const deliveries = planned.map((each) => each.delivery);
          // oxlint-disable-next-line no-await-in-loop -- one after the other keeps the order
          await store.redeliver(seq, deliveries);
          ids.push(...deliveries.map((delivery) => delivery.id));
        }
        if (page.length < REPLAY_PAGE) break;
      }
      dispatcher.wake(subscriptionId);
      return ids;
    },
  };
}

function eventOf(message: StoredMessage, payload: unknown): WebhookEvent {
  const { id, type, source, timestamp, metadata } = message;
  return {
    id,
    type,
    source,
    timestamp,
    payload: structuredClone(payload),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it was written from such a record
    ...(metadata && { metadata: JSON.parse(metadata) as Record<string, unknown> }),
  };
}
