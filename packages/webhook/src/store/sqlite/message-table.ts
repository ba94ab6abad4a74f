import type { StoredMessage } from "../delivery-store.ts";
import type { Sql } from "./database.ts";
import type { MessageRow } from "./delivery-row.ts";
import { messageValues, storedMessage } from "./delivery-row.ts";

/** Events, with those that were read last in memory. */
export interface MessageTable {
  /** `undefined` where it has just been pruned elsewhere. */
  get(seq: number): StoredMessage | undefined;
  /** Brings those into memory that are not, as far as there is room. */
  load(seqs: readonly number[]): void;
  has(seq: number): boolean;
  add(seq: number, message: StoredMessage, deliveryIds: readonly string[]): void;
  /** The ids of then, if an event of the same tenant had the same idempotency key. */
  twinOf(message: StoredMessage): readonly string[] | undefined;
  list(filter: {
    readonly since?: number;
    readonly until?: number;
    readonly after?: number;
    readonly limit: number;
  }): { readonly seq: number; readonly message: StoredMessage }[];
  /** Removes it unless a delivery refers to it. */
  drop(seq: number): void;
  forget(): void;
}

const MOST_KEPT = 256;
const MOST_KEPT_BYTES = 4 * 1024 * 1024;

/** Finds and writes events on one connection, whichever it is. */
export function createMessageWriter(sql: Sql): Pick<MessageTable, "add" | "twinOf"> {
  const insert = sql("INSERT INTO webhook_message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const byEventId = sql<{ delivery_ids: string }>(
    "SELECT delivery_ids FROM webhook_message INDEXED BY webhook_message_event " +
      "WHERE event_id = ? AND tenant IS ? AND idempotency_key IS NULL AND delivery_ids IS NOT NULL",
  );
  const byKey = sql<{ delivery_ids: string }>(
    "SELECT delivery_ids FROM webhook_message INDEXED BY webhook_message_key " +
      "WHERE idempotency_key = ? AND tenant IS ?",
  );
  return {
    add: (seq, message, deliveryIds) => {
      insert.run(...messageValues(seq, message, deliveryIds));
    },
    twinOf({ idempotencyKey: key, tenant = null }) {
      if (key === undefined) return undefined;
      const row = byEventId.get(key, tenant) ?? byKey.get(key, tenant);
      // The list was written by `messageValues`.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return row && (JSON.parse(row.delivery_ids) as string[]);
    },
  };
}

export function createMessageTable(sql: Sql): MessageTable {
  const writer = createMessageWriter(sql);
  const select = sql<MessageRow>("SELECT * FROM webhook_message WHERE seq = ?");
  const selectAll = sql<MessageRow>(
    "SELECT * FROM webhook_message WHERE seq IN (SELECT value FROM json_each(?))",
  );
  const exists = sql<{ seq: number }>("SELECT seq FROM webhook_message WHERE seq = ?");
  const page = sql<{ seq: number }>(
    "SELECT seq FROM webhook_message INDEXED BY webhook_message_age " +
      "WHERE seq > ? AND created_at >= ? AND created_at < ? ORDER BY seq LIMIT ?",
  );
  const remove = sql(
    "DELETE FROM webhook_message WHERE seq = ?1 " +
      "AND NOT EXISTS (SELECT 1 FROM webhook_delivery WHERE message = ?1)",
  );
  const kept = new Map<number, StoredMessage>();
  let keptBytes = 0;

  const keep = (seq: number, message: StoredMessage): StoredMessage => {
    kept.set(seq, message);
    keptBytes += message.payload.length;
    for (const [oldest, { payload }] of kept) {
      if (kept.size <= MOST_KEPT && keptBytes <= MOST_KEPT_BYTES) break;
      kept.delete(oldest);
      keptBytes -= payload.length;
    }
    return message;
  };

  const get = (seq: number): StoredMessage | undefined => {
    const known = kept.get(seq);
    if (known) return known;
    const row = select.get(seq);
    return row && keep(seq, storedMessage(row));
  };

  return {
    ...writer,
    get,
    load(seqs) {
      const missing = new Set(seqs.filter((seq) => !kept.has(seq)));
      if (missing.size < 2) return;
      for (const row of selectAll.all(JSON.stringify([...missing])))
        keep(row.seq, storedMessage(row));
    },
    has: (seq) => exists.get(seq) !== undefined,
    list({ since = -Infinity, until = Infinity, after = 0, limit }) {
      return page.all(after, since, until, limit).flatMap(({ seq }) => {
        const message = get(seq);
        return message ? [{ seq, message }] : [];
      });
    },
    drop(seq) {
      if (remove.run(seq) === 0) return;
      keptBytes -= kept.get(seq)?.payload.length ?? 0;
      kept.delete(seq);
    },
    forget() {
      kept.clear();
      keptBytes = 0;
    },
  };
}
