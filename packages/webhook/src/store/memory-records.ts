import type { DeliveryStatus, NewDelivery, StoredMessage, StoreFilter } from "./delivery-store.ts";
import type { Lane, Row } from "./memory-lanes.ts";
import { isHeld } from "./memory-lanes.ts";
import type { SeqList } from "./seq-list.ts";
import { createSeqList } from "./seq-list.ts";

/** An event, for as long as deliveries refer to it. */
export interface MessageEntry {
  readonly seq: number;
  readonly message: StoredMessage;
  deliveryIds: readonly string[];
  /** Deliveries that still refer to it. */
  references: number;
}

/** Deliveries and events by id and in order, with their counts. */
export interface MemoryRecords {
  readonly rows: ReadonlyMap<string, Row>;
  readonly messages: SeqList<MessageEntry>;
  readonly counts: Readonly<Record<DeliveryStatus, number>>;
  messageByKey(key: string): MessageEntry | undefined;
  addMessage(message: StoredMessage, deliveryIds: readonly string[]): MessageEntry;
  addDelivery(entry: MessageEntry, delivery: NewDelivery, lane: Lane, at: number): Row;
  /** Removes an event that nothing refers to. */
  dropUnused(entry: MessageEntry): void;
  setStatus(row: Row, status: DeliveryStatus, at: number): void;
  select(filter: StoreFilter, after: number): Generator<Row, void>;
  /** How many unfinished deliveries are with held endpoints. */
  held(): number;
  /** A lane's deliveries are held from now on, or no longer. */
  hold(lane: Lane, isHeldNow: boolean): void;
  prune(bounds: { before?: number; keep?: number; limit: number }): number;
  clear(): void;
}

export function isFinished(status: DeliveryStatus): boolean {
  return status === "sent" || status === "dead";
}

function matches(row: Row, filter: StoreFilter): boolean {
  return (
    (filter.status === undefined || filter.status.includes(row.status)) &&
    (filter.event === undefined || row.message.type === filter.event) &&
    (filter.eventId === undefined || row.message.id === filter.eventId) &&
    (filter.subscriptionId === undefined || row.subscriptionId === filter.subscriptionId) &&
    (filter.since === undefined || row.createdAt >= filter.since) &&
    (filter.until === undefined || row.createdAt < filter.until) &&
    (filter.held === undefined || isHeld(row.lane.subscription))
  );
}

export function createMemoryRecords(): MemoryRecords {
  const rows = new Map<string, Row>();
  const rowsBySeq = createSeqList<Row>();
  const messages = createSeqList<MessageEntry>();
  const messagesByKey = new Map<string, MessageEntry>();
  const counts: Record<DeliveryStatus, number> = { pending: 0, failed: 0, sent: 0, dead: 0 };
  let held = 0;
  // Finished rows in the order of finishing; `finishedFrom` is the first that still counts.
  let finished: { row: Row; at: number }[] = [];
  let finishedFrom = 0;

  const dropUnused = (entry: MessageEntry): void => {
    if (entry.references > 0) return;
    messages.remove(entry.seq);
    const key = entry.message.idempotencyKey;
    if (key !== undefined) messagesByKey.delete(key);
  };

  const remove = (row: Row): void => {
    rows.delete(row.id);
    rowsBySeq.remove(row.seq);
    counts[row.status] -= 1;
    const entry = messages.get(row.messageSeq);
    if (!entry) return;
    entry.references -= 1;
    dropUnused(entry);
  };

  return {
    rows,
    messages,
    counts,
    messageByKey: (key) => messagesByKey.get(key),
    addMessage(message, deliveryIds) {
      const entry = messages.add((seq) => ({ seq, message, deliveryIds, references: 0 }));
      if (message.idempotencyKey !== undefined) messagesByKey.set(message.idempotencyKey, entry);
      return entry;
    },
    dropUnused,
    held: () => held,
    hold(lane, isHeldNow) {
      held += isHeldNow ? lane.live : -lane.live;
    },
    setStatus(row, status, at) {
      const wasFinished = isFinished(row.status);
      counts[row.status] -= 1;
      counts[status] += 1;
      row.status = status;
      row.updatedAt = at;
      if (isFinished(status)) {
        row.dueAt = undefined;
        finished.push({ row, at });
      }
      if (wasFinished === isFinished(status)) return;
      const change = wasFinished ? 1 : -1;
      row.lane.live += change;
      if (isHeld(row.lane.subscription)) held += change;
    },
    addDelivery(entry, delivery, lane, at) {
      const row = rowsBySeq.add((seq) => ({
        seq,
        id: delivery.id,
        subscriptionId: delivery.subscriptionId,
        message: entry.message,
        messageSeq: entry.seq,
        payload: delivery.payload,
        lane,
        status: "pending",
        attempts: 0,
        maxAttempts: delivery.maxAttempts,
        createdAt: at,
        updatedAt: at,
        dueAt: delivery.dueAt,
        lastStatus: undefined,
        lastError: undefined,
        token: 0,
        leased: false,
        leaseUntil: 0,
        log: undefined,
      }));
      rows.set(row.id, row);
      entry.references += 1;
      counts.pending += 1;
      lane.live += 1;
      if (isHeld(lane.subscription)) held += 1;
      return row;
    },
    *select(filter, after) {
      if (!filter.ids) {
        for (const row of rowsBySeq.after(after)) if (matches(row, filter)) yield row;
        return;
      }
      const named = filter.ids.flatMap((id) => rows.get(id) ?? []);
      for (const row of named.toSorted((a, b) => a.seq - b.seq)) {
        if (row.seq > after && matches(row, filter)) yield row;
      }
    },
    prune({ before, keep, limit }) {
      let removed = 0;
      while (removed < limit && finishedFrom < finished.length) {
        const entry = finished[finishedFrom];
        if (!entry) break;
        const { row, at } = entry;
        // Revived since, and finished again at another time or not yet: a later entry stands for it, or none.
        const isCurrent = isFinished(row.status) && row.updatedAt === at && rows.has(row.id);
        if (isCurrent) {
          const isOld = before !== undefined && at < before;
          const isTooMany = keep !== undefined && counts.sent + counts.dead > keep;
          if (!isOld && !isTooMany) break;
          remove(row);
          removed += 1;
        }
        finishedFrom += 1;
      }
      if (finishedFrom > 1024 && finishedFrom * 2 > finished.length) {
        finished = finished.slice(finishedFrom);
        finishedFrom = 0;
      }
      return removed;
    },
    clear() {
      for (const row of [...rowsBySeq.after(0)]) remove(row);
      finished = [];
      finishedFrom = 0;
      held = 0;
    },
  };
}
