import type { DeliveryStatus, NewDelivery, StoredMessage, StoreFilter } from "./delivery-store.ts";
import { createDueQueue } from "./due-queue.ts";
import type { Lane, Row } from "./memory-lanes.ts";
import { isHeld } from "./memory-lanes.ts";
import type { SeqList } from "./seq-list.ts";
import { createSeqList } from "./seq-list.ts";
import type { ShardedMap } from "./sharded-map.ts";
import { createShardedMap } from "./sharded-map.ts";

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
  readonly rows: Pick<ShardedMap<Row>, "get" | "has">;
  readonly messages: SeqList<MessageEntry>;
  readonly counts: Readonly<Record<DeliveryStatus, number>>;
  /** An event of the same tenant with the same idempotency key. */
  twinOf(message: StoredMessage): MessageEntry | undefined;
  addMessage(message: StoredMessage, deliveryIds: readonly string[]): MessageEntry;
  addDelivery(entry: MessageEntry, delivery: NewDelivery, lane: Lane, at: number): Row;
  setStatus(row: Row, status: DeliveryStatus, at: number): void;
  select(filter: StoreFilter, after: number): Generator<Row, void>;
  /** How many unfinished deliveries are with held endpoints. */
  held(): number;
  /** A lane's deliveries are held from now on, or no longer. */
  hold(lane: Lane, isHeldNow: boolean): void;
  prune(bounds: { before?: number; keep?: number; limit: number }): number;
  clear(): void;
}

/** Tenants' keys are apart; neither part can hold a NUL. */
function idempotencyKeyOf({ tenant, idempotencyKey }: StoredMessage): string | undefined {
  return idempotencyKey === undefined ? undefined : `${tenant ?? ""}\0${idempotencyKey}`;
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
    (filter.held === undefined || (!row.lane.removed && isHeld(row.lane.subscription)))
  );
}

export function createMemoryRecords(): MemoryRecords {
  const rows = createShardedMap<Row>();
  const rowsBySeq = createSeqList<Row>();
  const messages = createSeqList<MessageEntry>();
  const messagesByKey = createShardedMap<MessageEntry>();
  const counts: Record<DeliveryStatus, number> = { pending: 0, failed: 0, sent: 0, dead: 0 };
  let held = 0;
  // By the time of finishing. A queue and no list, because a clock may be set back.
  let finished = createDueQueue<Row>();

  const remove = (row: Row): void => {
    rows.delete(row.id);
    rowsBySeq.remove(row.seq);
    counts[row.status] -= 1;
    const entry = messages.get(row.messageSeq);
    if (!entry) return;
    entry.references -= 1;
    if (entry.references > 0) return;
    messages.remove(entry.seq);
    const key = idempotencyKeyOf(entry.message);
    if (key !== undefined) messagesByKey.delete(key);
  };

  return {
    rows,
    messages,
    counts,
    twinOf(message) {
      const key = idempotencyKeyOf(message);
      return key === undefined ? undefined : messagesByKey.get(key);
    },
    addMessage(message, deliveryIds) {
      const entry = messages.add((seq) => ({ seq, message, deliveryIds, references: 0 }));
      const key = idempotencyKeyOf(message);
      if (key !== undefined) messagesByKey.set(key, entry);
      return entry;
    },
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
        finished.push(at, row);
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
      const named = [...new Set(filter.ids)].flatMap((id) => rows.get(id) ?? []);
      for (const row of named.toSorted((a, b) => a.seq - b.seq)) {
        if (row.seq > after && matches(row, filter)) yield row;
      }
    },
    prune({ before, keep, limit }) {
      let removed = 0;
      while (removed < limit) {
        const at = finished.peekAt();
        const row = finished.peek();
        if (!row) break;
        // Revived since, and finished again at another time or not yet: another entry stands for it, or none.
        const isCurrent = isFinished(row.status) && row.updatedAt === at;
        if (isCurrent && rows.get(row.id) === row) {
          const isOld = before !== undefined && at < before;
          const isTooMany = keep !== undefined && counts.sent + counts.dead > keep;
          if (!isOld && !isTooMany) break;
          remove(row);
          removed += 1;
        }
        finished.pop();
      }
      return removed;
    },
    clear() {
      for (const row of [...rowsBySeq.after(0)]) remove(row);
      finished = createDueQueue();
      held = 0;
    },
  };
}
