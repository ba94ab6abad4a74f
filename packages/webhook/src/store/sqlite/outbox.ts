import { WebhookError } from "../../errors.ts";
import type { Enqueued, NewDelivery, StoredMessage } from "../delivery-store.ts";
import type { Database, SqliteHandle, Statement } from "./database.ts";
import { createSql } from "./database.ts";
import { typeHash } from "./delivery-row.ts";
import { INSERT_DELIVERY } from "./intake.ts";
import { createMessageWriter } from "./message-table.ts";

interface Head {
  readonly store_id: string;
  readonly next_seq: number;
  readonly next_message: number;
  readonly work: number;
}

interface Target {
  readonly sub: number;
  readonly held: number;
  readonly ordered: number;
}

/** What writes an event through a connection of the caller's. */
type Writer = (message: StoredMessage, deliveries: readonly NewDelivery[]) => Enqueued;

const SELECT_HEAD = "SELECT store_id, next_seq, next_message, work FROM webhook_meta";
const SAVEPOINT = "webhook_send";

function checkHandle(tx: unknown): SqliteHandle {
  if (typeof tx !== "object" || tx === null || !("prepare" in tx) || !("exec" in tx)) {
    throw new WebhookError(
      "INVALID_OPTION",
      "tx must be the open database, a DatabaseSync or bun:sqlite's Database, on which you have begun the transaction",
    );
  }
  // What is used of it has just been looked for.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const handle = tx as SqliteHandle;
  if ((handle.isTransaction ?? handle.inTransaction) === false) {
    throw new WebhookError(
      "INVALID_OPTION",
      "tx has no open transaction: BEGIN one on it before the call, and COMMIT it after",
    );
  }
  return handle;
}

function selectHead(sqlText: (text: string) => Statement<Head>): Head | undefined {
  try {
    return sqlText(SELECT_HEAD).get();
  } catch {
    // No such table: another database.
    return undefined;
  }
}

function createWriter(handle: SqliteHandle, storeId: string): Writer {
  const sql = createSql(handle);
  if (selectHead((text) => sql<Head>(text))?.store_id !== storeId) {
    throw new WebhookError(
      "INVALID_OPTION",
      "tx is open on another database than the store's: the event could not commit together with your data",
    );
  }
  const head = sql<Head>(SELECT_HEAD);
  const messages = createMessageWriter(sql);
  const target = sql<Target>(
    "SELECT s.sub, s.held, s.ordered FROM webhook_lane l JOIN webhook_subscription s ON s.sub = l.sub " +
      "WHERE l.id = ?",
  );
  const insert = sql(INSERT_DELIVERY);
  const setWork = sql("UPDATE webhook_lane SET work = ? WHERE sub = ?");
  const count = sql(
    "UPDATE webhook_meta SET next_seq = next_seq + ?1, next_message = next_message + 1, " +
      "work = work + 1, pending = pending + ?1, held = held + ?2",
  );

  return (message, deliveries) => {
    const known = messages.twinOf(message);
    if (known) return { deliveryIds: known, duplicate: true };
    const added = deliveries.flatMap((delivery) => {
      const found = target.get(delivery.subscriptionId);
      return found ? [{ delivery, found }] : [];
    });
    const deliveryIds = added.map((each) => each.delivery.id);
    const now = head.get();
    if (added.length === 0 || !now) return { deliveryIds, duplicate: false };
    messages.add(now.next_message, message, deliveryIds);
    for (const [index, { delivery, found }] of added.entries()) {
      const seq = now.next_seq + index;
      const { id, maxAttempts, dueAt, payload = null } = delivery;
      const rank = found.ordered ? seq : dueAt;
      const hash = typeHash(message.type);
      const { createdAt } = message;
      insert.run(
        ...[seq, id, found.sub, now.next_message, hash, maxAttempts, createdAt, dueAt, rank],
        ...[null, 0, payload],
      );
      setWork.run(now.work + 1, found.sub);
    }
    count.run(added.length, added.filter((each) => each.found.held).length);
    return { deliveryIds, duplicate: false };
  };
}

/** Stores events through connections of the caller's, within transactions that the caller has begun. */
export function createOutbox(database: Database): {
  enqueue(tx: unknown, message: StoredMessage, deliveries: readonly NewDelivery[]): Enqueued;
} {
  const storeId = database.sql<Head>(SELECT_HEAD).get()?.store_id ?? "";
  const writers = new WeakMap<SqliteHandle, Writer>();

  return {
    enqueue(tx, message, deliveries) {
      const handle = checkHandle(tx);
      let write = writers.get(handle);
      if (!write) writers.set(handle, (write = createWriter(handle, storeId)));
      // All or nothing also where the caller catches the error and commits the rest.
      handle.exec(`SAVEPOINT ${SAVEPOINT}`);
      try {
        const enqueued = write(message, deliveries);
        handle.exec(`RELEASE ${SAVEPOINT}`);
        return enqueued;
      } catch (error) {
        handle.exec(`ROLLBACK TO ${SAVEPOINT}; RELEASE ${SAVEPOINT}`);
        throw error;
      }
    },
  };
}
