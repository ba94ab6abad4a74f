import type {
  AttemptRecord,
  Counters,
  DeliveryStatus,
  Enqueued,
  NewDelivery,
  Settlement,
  StoredMessage,
  StoredSubscription,
  StoreFilter,
} from "../../store/delivery-store.ts";

export interface ModelDelivery {
  readonly id: string;
  readonly subscriptionId: string;
  readonly event: ModelMessage;
  status: DeliveryStatus;
  attempts: number;
  maxAttempts: number;
  readonly createdAt: number;
  /** When it was finished; meaningless before. */
  finishedAt: number;
  dueAt: number | undefined;
  lastStatus: number | undefined;
  lastError: string | undefined;
  /** The newest claim's. */
  token: number;
  /** When the lease ends; `undefined` without one. */
  leaseUntil: number | undefined;
  readonly log: AttemptRecord[];
}

interface ModelMessage {
  readonly message: StoredMessage;
  readonly deliveryIds: readonly string[];
}

/**
 * The store in its plainest form: arrays, scanned from end to end for every question. What a driver answers is compared
 * with this.
 */
export interface Model {
  readonly subscriptions: Map<string, StoredSubscription>;
  /** In the order of creation. */
  readonly deliveries: ModelDelivery[];
  readonly messages: ModelMessage[];
  isHeld(subscriptionId: string): boolean;
  find(id: string): ModelDelivery | undefined;
  select(filter: StoreFilter): ModelDelivery[];
  match(patterns: readonly string[], tenant: string | undefined): string[];
  enqueue(message: StoredMessage, deliveries: readonly NewDelivery[]): Enqueued;
  redeliver(event: ModelMessage, deliveries: readonly NewDelivery[]): void;
  /** What every claim does first. */
  endLeases(now: number): void;
  /** What a claim may take of a subscription, in due order. */
  available(subscriptionId: string, now: number): ModelDelivery[];
  /** When a subscription's next attempt is due; `undefined` where none is to come by itself. */
  dueAt(subscriptionId: string): number | undefined;
  /** A settlement that the store has accepted. */
  settle(delivery: ModelDelivery, settlement: Settlement): void;
  requeue(filter: StoreFilter, at: number, moreAttempts: number): string[];
  cancel(filter: StoreFilter, at: number, reason: string): number;
  deleteSubscription(id: string, at: number): boolean;
  /** The finishing times of what `prune` has to remove, in ascending order. */
  prunable(bounds: { before?: number; keep?: number; limit: number }): number[];
  remove(ids: ReadonlySet<string>): void;
  counters(): Counters;
}

/** The error of deliveries whose subscription was deleted; drivers word it as they like. */
export const ANY_ERROR = "(any error)";

export function isFinished({ status }: { status: DeliveryStatus }): boolean {
  return status === "sent" || status === "dead";
}

export function createModel(): Model {
  const subscriptions = new Map<string, StoredSubscription>();
  const deliveries: ModelDelivery[] = [];
  const messages: ModelMessage[] = [];

  const add = (event: ModelMessage, list: readonly NewDelivery[], at?: number): void => {
    for (const { id, subscriptionId, maxAttempts, dueAt } of list) {
      if (!subscriptions.has(subscriptionId)) continue;
      deliveries.push({
        id,
        subscriptionId,
        event,
        status: "pending",
        attempts: 0,
        maxAttempts,
        createdAt: at ?? dueAt,
        finishedAt: Number.NaN,
        dueAt,
        lastStatus: undefined,
        lastError: undefined,
        token: 0,
        leaseUntil: undefined,
        log: [],
      });
    }
  };

  const finish = (delivery: ModelDelivery, status: "sent" | "dead", at: number): void => {
    delivery.status = status;
    delivery.finishedAt = at;
    delivery.dueAt = undefined;
    delivery.leaseUntil = undefined;
  };

  const unfinishedOf = (subscriptionId: string): ModelDelivery[] =>
    deliveries.filter((each) => each.subscriptionId === subscriptionId && !isFinished(each));

  /** What may be attempted next of a subscription, due or not. */
  const candidates = (subscriptionId: string): ModelDelivery[] => {
    const subscription = subscriptions.get(subscriptionId);
    if (!subscription || model.isHeld(subscriptionId)) return [];
    const unfinished = unfinishedOf(subscriptionId);
    const free = unfinished.filter((each) => each.leaseUntil === undefined);
    if (!subscription.ordered) return free;
    return free.length < unfinished.length ? [] : free.slice(0, 1);
  };

  const dueTime = (delivery: ModelDelivery): number =>
    Math.max(
      delivery.dueAt ?? Number.NaN,
      subscriptions.get(delivery.subscriptionId)?.endpoint.quietUntil ?? 0,
    );

  const model: Model = {
    subscriptions,
    deliveries,
    messages,
    isHeld(subscriptionId) {
      const status = subscriptions.get(subscriptionId)?.endpoint.status;
      return status === "paused" || status === "disabled";
    },
    find: (id) => deliveries.find((each) => each.id === id),
    select: (filter) =>
      deliveries.filter(
        (each) =>
          (!filter.ids || filter.ids.includes(each.id)) &&
          (!filter.status || filter.status.includes(each.status)) &&
          (filter.event === undefined || each.event.message.type === filter.event) &&
          (filter.eventId === undefined || each.event.message.id === filter.eventId) &&
          (filter.subscriptionId ?? each.subscriptionId) === each.subscriptionId &&
          each.createdAt >= (filter.since ?? -Infinity) &&
          each.createdAt < (filter.until ?? Infinity) &&
          (!filter.held || model.isHeld(each.subscriptionId)),
      ),
    match: (patterns, tenant) =>
      [...subscriptions.values()]
        .filter(
          (each) =>
            each.active &&
            each.tenant === tenant &&
            each.events.some((event) => patterns.includes(event)),
        )
        .map((each) => each.id),
    enqueue(message, list) {
      const known = messages.find(
        (each) =>
          message.idempotencyKey !== undefined &&
          each.message.idempotencyKey === message.idempotencyKey &&
          each.message.tenant === message.tenant,
      );
      if (known) return { deliveryIds: known.deliveryIds, duplicate: true };
      const reachable = list.filter((each) => subscriptions.has(each.subscriptionId));
      const deliveryIds = reachable.map((each) => each.id);
      const event = { message, deliveryIds };
      if (reachable.length > 0) messages.push(event);
      add(event, reachable, message.createdAt);
      return { deliveryIds, duplicate: false };
    },
    redeliver: (event, list) => add(event, list),
    endLeases(now) {
      for (const each of deliveries) {
        if (each.leaseUntil !== undefined && each.leaseUntil <= now) each.leaseUntil = undefined;
      }
    },
    available: (subscriptionId, now) =>
      candidates(subscriptionId)
        .filter((each) => dueTime(each) <= now)
        .toSorted((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0)),
    dueAt(subscriptionId) {
      const times = candidates(subscriptionId).map(dueTime);
      return times.length === 0 ? undefined : Math.min(...times);
    },
    settle(delivery, { result, at, dueAt, error, attempt, endpoint }) {
      const subscription = subscriptions.get(delivery.subscriptionId);
      if (subscription && endpoint) {
        subscriptions.set(subscription.id, { ...subscription, endpoint });
      }
      delivery.leaseUntil = undefined;
      if (attempt) {
        delivery.attempts += 1;
        delivery.lastStatus = attempt.status;
        delivery.log.push(attempt);
      }
      if (result !== "release") delivery.lastError = error;
      if (result === "sent" || result === "dead") return finish(delivery, result, at);
      if (result === "failed") delivery.status = "failed";
      delivery.dueAt = dueAt ?? at;
    },
    requeue(filter, at, moreAttempts) {
      const chosen = model
        .select(filter)
        .filter((each) => each.leaseUntil === undefined && subscriptions.has(each.subscriptionId));
      for (const each of chosen) {
        each.dueAt = at;
        if (!isFinished(each)) continue;
        each.status = each.attempts > 0 ? "failed" : "pending";
        each.maxAttempts = each.attempts + moreAttempts;
      }
      return chosen.map((each) => each.id);
    },
    cancel(filter, at, reason) {
      const chosen = model
        .select(filter)
        .filter((each) => each.leaseUntil === undefined && !isFinished(each));
      for (const each of chosen) {
        finish(each, "dead", at);
        each.lastError = reason;
      }
      return chosen.length;
    },
    deleteSubscription(id, at) {
      for (const each of unfinishedOf(id)) {
        finish(each, "dead", at);
        each.lastError = ANY_ERROR;
      }
      return subscriptions.delete(id);
    },
    prunable({ before = -Infinity, keep = Infinity, limit }) {
      const times = deliveries.filter(isFinished).map((each) => each.finishedAt);
      times.sort((a, b) => a - b);
      const old = times.filter((at) => at < before).length;
      return times.slice(0, Math.min(limit, Math.max(old, times.length - keep)));
    },
    remove(ids) {
      const kept = deliveries.filter((each) => !ids.has(each.id));
      deliveries.splice(0, deliveries.length, ...kept);
      const used = new Set(kept.map((each) => each.event));
      messages.splice(0, messages.length, ...messages.filter((each) => used.has(each)));
    },
    counters() {
      const due = [...subscriptions.keys()].flatMap((id) => model.dueAt(id) ?? []);
      return {
        subscriptions: subscriptions.size,
        pending: model.select({ status: ["pending"] }).length,
        failed: model.select({ status: ["failed"] }).length,
        sent: model.select({ status: ["sent"] }).length,
        dead: model.select({ status: ["dead"] }).length,
        held: model.select({ held: true, status: ["pending", "failed"] }).length,
        oldestDueAt: due.length === 0 ? undefined : Math.min(...due),
      };
    },
  };
  return model;
}
