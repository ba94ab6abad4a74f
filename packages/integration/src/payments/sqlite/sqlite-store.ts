import { DatabaseSync } from "node:sqlite";
import { PaymentUsageError } from "../errors.ts";
import type {
  CommitResult,
  PaymentChange,
  PaymentStore,
  RecordKey,
  StoredCustomer,
  StoredPayment,
  StoredRefund,
} from "../store.ts";
import { createRecordTable, parseRecord } from "./record-table.ts";
import { SCHEMA, SCHEMA_VERSION } from "./schema.ts";

export interface SqlitePaymentStoreOptions {
  /** The database file, made when it is missing. `:memory:` lives as long as the store. */
  readonly path: string;
  /** Milliseconds to wait for another process that is writing, an integer from 0, default 5000. The wait blocks. */
  readonly busyTimeoutMs?: number;
}

/**
 * Keeps payments in an SQLite file by way of `node:sqlite` (Node 22.13 and later, from 22.5 with
 * `--experimental-sqlite`; Bun 1.4 and later). Several processes of one machine may share the file. A commit is on the
 * disk when it returns: what is announced before a call survives the crash of the process and the loss of power.
 * @throws PaymentUsageError `INVALID_OPTION`, or `STORE_UNUSABLE` for a file that cannot be opened or is from a later version
 */
export function createSqlitePaymentStore(options: SqlitePaymentStoreOptions): PaymentStore {
  const db = open(options);
  let isClosed = false;
  const payments = createRecordTable<StoredPayment>(db, "ventostack_payments", {
    columns: ["provider_id", "status"],
    values: (row) => [row.providerPaymentId ?? null, row.status],
  });
  const refunds = createRecordTable<StoredRefund>(db, "ventostack_refunds", {
    columns: ["provider_id", "status", "payment_id", "created_at"],
    values: (row) => [row.providerRefundId ?? null, row.status, row.paymentId, row.createdAt],
  });
  const selectRefunds = db.prepare(
    "SELECT record FROM ventostack_refunds WHERE payment_id = ? ORDER BY created_at, id",
  );
  const selectCustomer = db.prepare(
    "SELECT record FROM ventostack_payment_customers WHERE provider = ? AND user_id = ?",
  );
  const insertCustomer = db.prepare(
    `INSERT INTO ventostack_payment_customers (version, record, provider, user_id) VALUES (?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const updateCustomer = db.prepare(
    `UPDATE ventostack_payment_customers SET version = ?, record = ?
     WHERE provider = ? AND user_id = ? AND version = ?`,
  );
  const insertEvent = db.prepare(
    "INSERT INTO ventostack_payment_events (provider, id, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const deleteEvents = db.prepare("DELETE FROM ventostack_payment_events WHERE at < ?");

  function putCustomer(row: StoredCustomer): boolean {
    const values = [row.version, JSON.stringify(row), row.provider, row.userId] as const;
    const { changes } =
      row.version === 1
        ? insertCustomer.run(...values)
        : updateCustomer.run(...values, row.version - 1);
    return Number(changes) === 1;
  }

  function write({ payment, refund, customer, event }: PaymentChange): CommitResult {
    if (event && Number(insertEvent.run(event.provider, event.id, event.at).changes) === 0) {
      return "duplicate";
    }
    const isWritten =
      (!payment || payments.put(payment)) &&
      (!refund || refunds.put(refund)) &&
      (!customer || putCustomer(customer));
    return isWritten ? "committed" : "conflict";
  }

  return {
    payment: (key: RecordKey) => payments.find(key),
    refund: (key: RecordKey) => refunds.find(key),
    refundsOf: (paymentId) =>
      selectRefunds.all(paymentId).map((row) => parseRecord<StoredRefund>(row)),
    customer(provider, userId) {
      const row = selectCustomer.get(provider, userId);
      return row && parseRecord<StoredCustomer>(row);
    },
    openPayments: (query) => payments.open(query),
    openRefunds: (query) => refunds.open(query),
    commit(change) {
      // IMMEDIATE: a transaction that reads before it writes cannot be upgraded while another one writes.
      db.exec("BEGIN IMMEDIATE");
      try {
        const result = write(change);
        db.exec(result === "committed" ? "COMMIT" : "ROLLBACK");
        return result;
      } catch (error) {
        if (db.isTransaction) db.exec("ROLLBACK");
        throw error;
      }
    },
    pruneEvents: (before) => Number(deleteEvents.run(before).changes),
    close() {
      if (isClosed) return;
      isClosed = true;
      db.close();
    },
  };
}

function open({ path, busyTimeoutMs = 5000 }: SqlitePaymentStoreOptions): DatabaseSync {
  if (typeof path !== "string" || path === "") {
    throw new PaymentUsageError("INVALID_OPTION", "path has to be the name of a file");
  }
  if (!Number.isSafeInteger(busyTimeoutMs) || busyTimeoutMs < 0) {
    throw new PaymentUsageError("INVALID_OPTION", "busyTimeoutMs has to be an integer from 0");
  }
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path);
    db.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    // In WAL mode only FULL waits for the disk at each commit.
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    migrate(db);
    return db;
  } catch (cause) {
    db?.close();
    if (cause instanceof PaymentUsageError) throw cause;
    throw new PaymentUsageError("STORE_UNUSABLE", "The payment database cannot be opened", {
      cause,
    });
  }
}

function migrate(db: DatabaseSync): void {
  db.exec("BEGIN IMMEDIATE");
  const exists = db
    .prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?")
    .get("ventostack_payment_schema");
  if (!exists) {
    db.exec(SCHEMA);
    db.prepare("INSERT INTO ventostack_payment_schema (version) VALUES (?)").run(SCHEMA_VERSION);
  }
  db.exec("COMMIT");
  const version = db.prepare("SELECT version FROM ventostack_payment_schema").get()?.["version"];
  if (version !== SCHEMA_VERSION) {
    throw new PaymentUsageError(
      "STORE_UNUSABLE",
      `The payment database has version ${String(version)} of the tables, this package knows ${SCHEMA_VERSION}`,
    );
  }
}
