import type { StatementSync } from "node:sqlite";
import { DatabaseSync } from "node:sqlite";
import { configError } from "../../client/errors.ts";
import { mailboxOf } from "../address.ts";
import type { Applied, DeliveryNews, EmailLogStore, EmailRecord } from "../log-store.ts";
import type { CheckedQuery } from "../record-rules.ts";
import { begunAgain, checkQuery, informed, newRecord, settled } from "../record-rules.ts";
import type { Bound, Row } from "./rows.ts";
import { COLUMNS, toColumns, toRecord } from "./rows.ts";

export interface SqliteEmailLogStoreOptions {
  /** The database's file, or `:memory:`. It may hold other tables too; ours begin with `email_log`. */
  readonly path: string;
  /** Milliseconds to wait for another process that writes. Default 5000. */
  readonly busyTimeoutMs?: number;
}

// `seq` is the order of the list; AUTOINCREMENT, for a number must not come again after the newest row was pruned.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS email_log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    operation_id TEXT NOT NULL,
    slot TEXT NOT NULL,
    recipient TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    template_id TEXT NOT NULL,
    hand_over TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    provider TEXT,
    message_id TEXT,
    error_code TEXT,
    status TEXT NOT NULL,
    flags TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (operation_id, slot)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS email_log_message ON email_log (message_id, mailbox) WHERE message_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS email_log_mailbox ON email_log (mailbox, seq);
  CREATE INDEX IF NOT EXISTS email_log_unresolved ON email_log (seq) WHERE hand_over IN ('sending', 'unknown');
  CREATE INDEX IF NOT EXISTS email_log_age ON email_log (updated_at);
  CREATE TABLE IF NOT EXISTS email_log_event (id TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS email_log_event_age ON email_log_event (at);
`;

const SET_ALL = COLUMNS.slice(1)
  .map((column) => `${column} = ?`)
  .join(", ");

/**
 * Keeps the log in a file of SQLite. Several processes on one machine may share it. A record is on the disk before
 * `begin` returns, so that nothing is sent of which a restarted process does not know.
 * @throws CONFIG_ERROR where the file cannot be opened
 */
export function createSqliteEmailLogStore(options: SqliteEmailLogStoreOptions): EmailLogStore {
  const database = open(options);
  const sql = {
    byId: database.prepare("SELECT * FROM email_log WHERE id = ?"),
    byOperation: database.prepare("SELECT * FROM email_log WHERE operation_id = ? AND slot = ?"),
    byMessage: database.prepare(
      "SELECT * FROM email_log WHERE message_id = ? AND mailbox = ? ORDER BY seq LIMIT 1",
    ),
    insert: database.prepare(
      `INSERT INTO email_log (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map(() => "?").join(", ")})`,
    ),
    update: database.prepare(`UPDATE email_log SET ${SET_ALL} WHERE id = ?`),
    addEvent: database.prepare("INSERT INTO email_log_event (id, at) VALUES (?, ?)"),
    hasEvent: database.prepare("SELECT 1 FROM email_log_event WHERE id = ?"),
    prune: database.prepare(`DELETE FROM email_log WHERE seq IN (SELECT seq FROM email_log
      WHERE updated_at < ? AND hand_over NOT IN ('sending', 'unknown') ORDER BY updated_at LIMIT ?)`),
    pruneEvents: database.prepare("DELETE FROM email_log_event WHERE at < ?"),
  };

  let isClosed = false;

  const save = (record: EmailRecord): void => {
    const [id, ...columns] = toColumns(record, mailboxOf(record.to));
    sql.update.run(...columns, id ?? null);
  };
  const find = (news: DeliveryNews): EmailRecord | undefined => {
    const referred = news.reference === undefined ? undefined : one(sql.byId, news.reference);
    if (referred || news.to === undefined) return referred;
    for (const messageId of news.messageIds) {
      const record = one(sql.byMessage, messageId, mailboxOf(news.to));
      if (record) return record;
    }
    return undefined;
  };

  const applyOne = (news: DeliveryNews, at: number): Applied => {
    if (sql.hasEvent.get(news.eventId)) return { outcome: "duplicate" };
    const known = find(news);
    if (!known) return { outcome: "unmatched" };
    sql.addEvent.run(news.eventId, at);
    const record = informed(known, news, at);
    save(record);
    return { outcome: "applied", record };
  };

  return {
    durable: options.path !== ":memory:",
    begin: (emails, at) =>
      transaction(database, () =>
        emails.map((email) => {
          const known = one(sql.byOperation, email.operationId, email.slot);
          if (!known) {
            const record = newRecord(email, at);
            sql.insert.run(...toColumns(record, mailboxOf(record.to)));
            return { started: true, record };
          }
          const again = begunAgain(known, email, at);
          if (again) save(again);
          return { started: again !== undefined, record: again ?? known };
        }),
      ),
    settle: (calls, result, at) =>
      transaction(database, () => {
        for (const { id, attempt } of calls) {
          const known = one(sql.byId, id);
          const record = known && settled(known, attempt, result, at);
          if (record) save(record);
        }
      }),
    apply: (news, at) => transaction(database, () => news.map((event) => applyOne(event, at))),
    get: (id) => one(sql.byId, id),
    list(given) {
      const query = checkQuery(given);
      const { text, values } = selection(query);
      const rows: readonly Row[] = database.prepare(text).all(...values);
      const shown = rows.slice(0, query.limit);
      const records = shown.map(toRecord);
      if (rows.length <= query.limit) return { records };
      return { records, next: String(shown.at(-1)?.["seq"]) };
    },
    prune: (before, limit = 1000) =>
      transaction(database, () => {
        sql.pruneEvents.run(before);
        return Number(sql.prune.run(before, limit).changes);
      }),
    close() {
      if (!isClosed) database.close();
      isClosed = true;
    },
  };
}

function open({ path, busyTimeoutMs = 5000 }: SqliteEmailLogStoreOptions): DatabaseSync {
  if (typeof path !== "string" || path === "") {
    throw configError("createSqliteEmailLogStore: path must be a file, or :memory:");
  }
  if (!Number.isSafeInteger(busyTimeoutMs) || busyTimeoutMs < 0) {
    throw configError("createSqliteEmailLogStore: busyTimeoutMs must be an integer, zero or more");
  }
  try {
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    database.exec("PRAGMA journal_mode = WAL");
    // NORMAL could lose the last commits with the power, and with them the knowledge of what was sent.
    database.exec("PRAGMA synchronous = FULL");
    transaction(database, () => database.exec(SCHEMA));
    return database;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "no reason given";
    throw configError(`createSqliteEmailLogStore: the file cannot be used: ${reason}`);
  }
}

function transaction<T>(database: DatabaseSync, work: () => T): T {
  // IMMEDIATE: a transaction that begins with reading cannot wait for its turn to write.
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    try {
      database.exec("ROLLBACK");
    } catch {
      // After some errors, such as a full disk, SQLite has rolled back already; the first error says more.
    }
    throw error;
  }
}

function one(statement: StatementSync, ...values: readonly Bound[]): EmailRecord | undefined {
  const row: Row | undefined = statement.get(...values);
  return row && toRecord(row);
}

function selection(query: CheckedQuery): {
  readonly text: string;
  readonly values: readonly Bound[];
} {
  const conditions = ["seq > ?"];
  const values: Bound[] = [query.after];
  const add = (condition: string, ...bound: readonly Bound[]): void => {
    conditions.push(condition);
    values.push(...bound);
  };
  if (query.operationId !== undefined) add("operation_id = ?", query.operationId);
  if (query.to !== undefined) add("mailbox = ?", query.to);
  if (query.handOver !== undefined) {
    add(`hand_over IN (${query.handOver.map(() => "?").join(", ")})`, ...query.handOver);
  }
  if (query.flag !== undefined) add("' ' || flags || ' ' LIKE ?", `% ${query.flag} %`);
  if (query.updatedBefore !== undefined) add("updated_at < ?", query.updatedBefore);
  // One more than asked for tells whether there is another page.
  values.push(query.limit + 1);
  return {
    text: `SELECT * FROM email_log WHERE ${conditions.join(" AND ")} ORDER BY seq LIMIT ?`,
    values,
  };
}
