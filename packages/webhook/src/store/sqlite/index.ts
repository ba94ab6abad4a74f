import type { Database, SqliteHandle } from "./database.ts";
import { openDatabase } from "./database.ts";
import type { SqliteStoreOptions } from "./options.ts";
import { resolveSqliteOptions } from "./options.ts";
import { migrate } from "./schema.ts";
import { createSealer } from "./sealing.ts";
import type { SqliteStore } from "./sqlite-store.ts";
import { buildSqliteStore } from "./sqlite-store.ts";
import { isBusy, storeError } from "./store-error.ts";

export type { SqliteHandle, SqliteStatement, SqlValue } from "./database.ts";
export type { EncryptionKey, GroupCommitOptions, SqliteStoreOptions } from "./options.ts";
export type { SqliteStore } from "./sqlite-store.ts";

/** Better now than at the first event. */
function checkWritable(database: Database): void {
  try {
    database.begin(0);
    // Changes nothing, but BEGIN alone is content with reading.
    database.sql("UPDATE webhook_meta SET held = held WHERE id = 0").run();
  } catch (error) {
    // Somebody else is writing, so it can be written.
    if (!isBusy(error)) throw error;
  }
  database.rollback();
}

/**
 * Keeps events, deliveries and subscriptions in an SQLite database: what was accepted survives the process. Uses the
 * runtime's own SQLite: `node:sqlite` on Node 22.13 or later and Bun 1.4 or later, `bun:sqlite` on an older Bun.
 *
 * Several processes on one machine may share a file. Each takes work of its own under leases; when one dies, the others
 * take its work over once its leases have run out, `deliveryTimeout` and 10 s after they were claimed. Changes that one
 * makes the others see with their event loop's next turn, new work within `pollMs`.
 *
 * Transactional outbox: `send(type, payload, { tx })` writes the event through an open database of yours, on the same
 * file, on which you have begun a transaction. It commits or vanishes with that; its first attempt follows within
 * `pollMs` of the commit, as a rule within milliseconds. While that transaction is open, the store's own writes wait
 * without blocking, for `busyTimeoutMs` at most.
 *
 * What is written in one turn of the event loop shares a transaction; a call's promise resolves when it has been
 * committed. What that is worth, see `durability`. If the disk is full, the database locked or its file taken away, calls
 * fail with STORE_FAILED, nothing of them is stored, and the sender goes on by itself when it can.
 *
 * @param database a path; `":memory:"`, which is not durable; or an open `DatabaseSync` of `node:sqlite` or `Database`
 * of `bun:sqlite`. Of a handle the store uses journal mode, `synchronous` and cache as they are (use WAL), waits while
 * you have a transaction open on it, and does not close it
 * @throws WebhookError INVALID_OPTION, INVALID_KEY; STORE_FAILED for a file that is no database, is damaged, cannot be
 * written, was written by a newer release, or is encrypted with a key that `encryption` does not list
 */
export function createSqliteStore(
  database: string | SqliteHandle,
  options: SqliteStoreOptions = {},
): SqliteStore {
  const resolved = resolveSqliteOptions(database, options);
  const sealer = createSealer(resolved.keys);
  try {
    const opened = openDatabase(database, resolved);
    try {
      migrate(opened, resolved.busyTimeoutMs);
      if (opened.isOwn) checkWritable(opened);
      return buildSqliteStore(opened, sealer, resolved);
    } catch (error) {
      opened.close();
      throw error;
    }
  } catch (error) {
    throw storeError(error);
  }
}
