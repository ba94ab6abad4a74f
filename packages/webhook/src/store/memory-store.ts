import { WebhookError } from "../errors.ts";
import type {
  Claimed,
  Counters,
  DeliveryStore,
  NewDelivery,
  Settlement,
  SettleResult,
  StoredSubscription,
} from "./delivery-store.ts";
import type { Lane, Row } from "./memory-lanes.ts";
import { createMemoryLanes, isHeld } from "./memory-lanes.ts";
import { createMemoryLeases } from "./memory-leases.ts";
import type { MessageEntry } from "./memory-records.ts";
import { createPatternIndex } from "./pattern-index.ts";
import { createMemoryRecords, isFinished } from "./memory-records.ts";

const MAX_ATTEMPTS_KEPT = 50;

/** Keeps everything in this process's memory: fast, and lost with the process. The default store. */
export function createMemoryStore(): DeliveryStore<"sync"> {
  const lanes = createMemoryLanes();
  const records = createMemoryRecords();
  const subscriptions = new Map<string, Lane>();
  const byPattern = createPatternIndex<Lane>();
  const leases = createMemoryLeases();
  let tokens = 0;

  /** Leaves out subscriptions that were removed between matching and storing: there is nobody to deliver to. */
  const deliverable = (deliveries: readonly NewDelivery[]): readonly NewDelivery[] => {
    const found = deliveries.filter((delivery) => subscriptions.has(delivery.subscriptionId));
    const hasTwins = found.length > 1 && new Set(found.map(({ id }) => id)).size < found.length;
    // Before anything is stored, for it is stored whole or not at all.
    if (hasTwins || found.some(({ id }) => records.rows.has(id))) {
      throw new WebhookError("STORE_FAILED", "a delivery's id is taken: ids have to be unique");
    }
    return found;
  };

  const addDelivery = (entry: MessageEntry, delivery: NewDelivery, at: number): void => {
    const lane = subscriptions.get(delivery.subscriptionId);
    if (lane) lanes.push(records.addDelivery(entry, delivery, lane, at));
  };

  /** Comes after the row's other changes: its lane is looked at anew. */
  const endLease = (row: Row): void => {
    leases.delete(row);
    lanes.release(row);
  };

  const expireLeases = (now: number): void => {
    for (const row of leases.expired(now)) {
      endLease(row);
      lanes.push(row);
    }
  };

  const setSubscription = (lane: Lane, next: StoredSubscription): void => {
    const wasHeld = isHeld(lane.subscription);
    const wasOrdered = lane.subscription.ordered;
    lane.subscription = next;
    if (wasHeld !== isHeld(next)) records.hold(lane, !wasHeld);
    if (wasOrdered !== next.ordered) {
      // The queue's keys mean something else now.
      const waiting: Row[] = [];
      lane.queue.retain((row) => {
        waiting.push(row);
        return false;
      });
      for (const row of new Set(waiting)) {
        if (row.dueAt !== undefined && !row.leased) lanes.push(row);
      }
    }
    lanes.changed(lane);
  };

  const settleOne = (settlement: Settlement): SettleResult => {
    const row = records.rows.get(settlement.deliveryId);
    if (!row?.leased || row.token !== settlement.token) return "fenced";
    if (settlement.endpoint && !row.lane.removed) {
      const { subscription } = row.lane;
      setSubscription(row.lane, { ...subscription, endpoint: settlement.endpoint });
    }
    if (settlement.attempt) {
      row.attempts += 1;
      row.lastStatus = settlement.attempt.status;
      (row.log ??= []).push(settlement.attempt);
      if (row.log.length > MAX_ATTEMPTS_KEPT) row.log.shift();
    }
    // A release says nothing about the last attempt.
    if (settlement.result !== "release") row.lastError = settlement.error;
    if (settlement.result === "sent" || settlement.result === "dead") {
      records.setStatus(row, settlement.result, settlement.at);
      endLease(row);
      return "settled";
    }
    if (settlement.result === "failed") records.setStatus(row, "failed", settlement.at);
    row.dueAt = settlement.dueAt ?? settlement.at;
    endLease(row);
    lanes.push(row);
    return "settled";
  };

  return {
    capabilities: { durable: false, sync: true, shared: false, transactional: false },
    enqueue(message, deliveries) {
      const known = records.twinOf(message);
      if (known) return { deliveryIds: known.deliveryIds, duplicate: true };
      const added = deliverable(deliveries);
      const deliveryIds = added.map((delivery) => delivery.id);
      if (added.length === 0) return { deliveryIds, duplicate: false };
      const entry = records.addMessage(message, deliveryIds);
      for (const delivery of added) addDelivery(entry, delivery, message.createdAt);
      return { deliveryIds, duplicate: false };
    },
    claim(request) {
      expireLeases(request.now);
      return lanes.take(request).map((row): Claimed => {
        tokens += 1;
        row.token = tokens;
        leases.add(row, request.now + request.leaseMs);
        return { delivery: row, token: tokens };
      });
    },
    settle: (settlements) => settlements.map(settleOne),
    nextDueAt: () => lanes.nextDueAt(),
    subscriptions: {
      put(subscription) {
        let lane = subscriptions.get(subscription.id);
        if (lane) {
          byPattern.remove(lane);
          setSubscription(lane, subscription);
        } else {
          lane = lanes.create(subscription);
          subscriptions.set(subscription.id, lane);
        }
        byPattern.add(lane);
      },
      get: (id) => subscriptions.get(id)?.subscription,
      list: () => [...subscriptions.values()].map((lane) => lane.subscription),
      match: (patterns, tenant) => byPattern.match(patterns, tenant),
      delete(id, at) {
        const lane = subscriptions.get(id);
        if (!lane) return false;
        const unfinished = new Set(leases.of(lane));
        lane.queue.retain((row) => {
          if (!isFinished(row.status)) unfinished.add(row);
          return false;
        });
        for (const row of unfinished) {
          if (row.leased) endLease(row);
          row.lastError = "the subscription was removed";
          records.setStatus(row, "dead", at);
        }
        byPattern.remove(lane);
        subscriptions.delete(id);
        lane.removed = true;
        lanes.changed(lane);
        return true;
      },
    },
    deliveries: {
      get: (id) => records.rows.get(id),
      list: (filter, page) => {
        const found: Row[] = [];
        for (const row of records.select(filter, page.after ?? 0)) {
          if (found.length >= page.limit) break;
          found.push(row);
        }
        return found;
      },
    },
    attempts: { list: (deliveryId) => records.rows.get(deliveryId)?.log ?? [] },
    messages: {
      list(filter) {
        const found: MessageEntry[] = [];
        for (const entry of records.messages.after(filter.after ?? 0)) {
          if (found.length >= filter.limit) break;
          const { createdAt } = entry.message;
          if (filter.since !== undefined && createdAt < filter.since) continue;
          if (filter.until !== undefined && createdAt >= filter.until) continue;
          found.push(entry);
        }
        return found;
      },
    },
    requeue(filter, at, moreAttempts) {
      const ids: string[] = [];
      for (const row of records.select(filter, 0)) {
        if (row.leased || row.lane.removed) continue;
        ids.push(row.id);
        if (isFinished(row.status)) {
          row.maxAttempts = row.attempts + moreAttempts;
          records.setStatus(row, row.attempts > 0 ? "failed" : "pending", at);
        } else if (row.lane.subscription.ordered || row.dueAt === at) {
          // It is in the queue under the very key that it would get.
          row.dueAt = at;
          lanes.changed(row.lane);
          continue;
        }
        row.dueAt = at;
        lanes.push(row);
      }
      return ids;
    },
    cancel(filter, at, reason) {
      let cancelled = 0;
      for (const row of records.select(filter, 0)) {
        if (row.leased || isFinished(row.status)) continue;
        row.lastError = reason;
        records.setStatus(row, "dead", at);
        lanes.changed(row.lane);
        cancelled += 1;
      }
      return cancelled;
    },
    redeliver(messageSeq, deliveries) {
      const entry = records.messages.get(messageSeq);
      if (!entry) return;
      for (const delivery of deliverable(deliveries)) addDelivery(entry, delivery, delivery.dueAt);
    },
    stats(): Counters {
      return {
        subscriptions: subscriptions.size,
        ...records.counts,
        held: records.held(),
        // Looked up when it is read: everything else here is a counter.
        get oldestDueAt() {
          return lanes.oldestDueAt(subscriptions.values());
        },
      };
    },
    prune: (bounds) => records.prune(bounds),
    close(options) {
      if (options?.drop !== true) return;
      records.clear();
      for (const lane of subscriptions.values()) {
        lane.removed = true;
        lanes.changed(lane);
      }
      subscriptions.clear();
      byPattern.clear();
      leases.clear();
    },
  };
}
