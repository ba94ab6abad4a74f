import { WebhookError } from "../../errors.ts";
import type { Database } from "./database.ts";

/** Each brings the schema from the version of its place to the next. Released ones never change. */
export type Migration = string | ((database: Database) => void);

/**
 * Version 1. Nothing here is named or numbered so that it could get in the way of an application whose database this
 * is: hence no `user_version`, which is one per file and may be the application's.
 *
 * - `seq >> 10` groups rows by age. An index on a subscription alone would have each new row touch a page of its own;
 *   within a group all new entries share a few pages, and a search takes one look per thousand rows.
 * - `rank` is what waiting deliveries are taken by: the due time, or the order of creation for an ordered subscription.
 *   It is null under a lease and in the end.
 * - The key of an attempt is its delivery's, times 64, plus its place in a ring of 50.
 * - `webhook_lane` outlives its subscription, for deliveries refer to it.
 */
const VERSION_1 = `
  CREATE TABLE webhook_meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    schema_version INTEGER NOT NULL,
    store_id TEXT NOT NULL,
    next_seq INTEGER NOT NULL,
    next_message INTEGER NOT NULL,
    work INTEGER NOT NULL,
    config INTEGER NOT NULL,
    members INTEGER NOT NULL,
    subscriptions INTEGER NOT NULL,
    pending INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    held INTEGER NOT NULL
  ) STRICT;
  INSERT INTO webhook_meta VALUES (1, 0, lower(hex(randomblob(16))), 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0);

  CREATE TABLE webhook_lane (
    sub INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    work INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX webhook_lane_work ON webhook_lane (work);

  CREATE TABLE webhook_subscription (
    sub INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    active INTEGER NOT NULL,
    ordered INTEGER NOT NULL,
    held INTEGER NOT NULL,
    endpoint TEXT NOT NULL,
    config TEXT NOT NULL,
    sealed ANY NOT NULL,
    sealed_key TEXT
  ) STRICT;
  CREATE INDEX webhook_subscription_version ON webhook_subscription (version);

  CREATE TABLE webhook_pattern (
    tenant TEXT NOT NULL,
    pattern TEXT NOT NULL,
    sub INTEGER NOT NULL,
    PRIMARY KEY (tenant, pattern, sub)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE webhook_message (
    seq INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL,
    type TEXT NOT NULL,
    source TEXT NOT NULL,
    timestamp REAL NOT NULL,
    created_at REAL NOT NULL,
    is_text INTEGER,
    tenant TEXT,
    idempotency_key TEXT,
    delivery_ids TEXT,
    metadata TEXT,
    payload BLOB
  ) STRICT;
  CREATE INDEX webhook_message_event ON webhook_message (event_id);
  CREATE INDEX webhook_message_key ON webhook_message (idempotency_key)
    WHERE idempotency_key IS NOT NULL;
  CREATE INDEX webhook_message_age ON webhook_message (seq, created_at);

  CREATE TABLE webhook_delivery (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    sub INTEGER NOT NULL,
    message INTEGER NOT NULL,
    type_hash INTEGER NOT NULL,
    status INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    due_at REAL,
    rank REAL,
    lease_until REAL,
    token INTEGER NOT NULL,
    last_status INTEGER,
    last_error TEXT,
    payload BLOB
  ) STRICT;
  CREATE UNIQUE INDEX webhook_delivery_id ON webhook_delivery (id);
  CREATE INDEX webhook_delivery_message ON webhook_delivery (message);
  CREATE INDEX webhook_delivery_group ON webhook_delivery (seq >> 10, sub, type_hash, created_at);
  CREATE INDEX webhook_delivery_waiting ON webhook_delivery (sub, rank) WHERE rank IS NOT NULL;
  CREATE INDEX webhook_delivery_leased ON webhook_delivery (sub, lease_until)
    WHERE lease_until IS NOT NULL;
  CREATE INDEX webhook_delivery_status ON webhook_delivery (status, seq) WHERE status <> 2;
  CREATE INDEX webhook_delivery_finished ON webhook_delivery (updated_at) WHERE status >= 2;

  CREATE TABLE webhook_attempt (
    id INTEGER PRIMARY KEY,
    record TEXT NOT NULL
  ) STRICT;
`;

export const MIGRATIONS: readonly Migration[] = [VERSION_1];

function readVersion({ sql }: Database): number {
  const isThere = sql<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'webhook_meta'",
  ).get();
  if (!isThere) return 0;
  const row = sql<{ schema_version: number }>("SELECT schema_version FROM webhook_meta").get();
  return row?.schema_version ?? 0;
}

function checkVersion(version: number, newest: number): void {
  if (version <= newest) return;
  throw new WebhookError(
    "STORE_FAILED",
    `the webhook tables in this database have version ${version}, and this release knows ${newest} at most: ` +
      "upgrade @ventostack/webhook, or open another database",
  );
}

/**
 * Creates the tables, or brings those of an older release forward: whole, or not at all.
 * @throws WebhookError STORE_FAILED for tables of a newer release
 */
export function migrate(
  database: Database,
  waitMs: number,
  migrations: readonly Migration[] = MIGRATIONS,
): void {
  const newest = migrations.length;
  const found = readVersion(database);
  checkVersion(found, newest);
  if (found === newest) return;
  database.begin(waitMs);
  try {
    // Again, now that nobody else can be at it.
    const version = readVersion(database);
    checkVersion(version, newest);
    for (const migration of migrations.slice(version)) {
      if (typeof migration === "string") database.exec(migration);
      else migration(database);
    }
    database.sql("UPDATE webhook_meta SET schema_version = ?").run(newest);
    database.commit();
  } catch (error) {
    database.rollback();
    throw error;
  }
}

/** Removes everything but the tables themselves. To be called in a transaction. */
export function clearTables(database: Database): void {
  database.exec(`
    DELETE FROM webhook_attempt;
    DELETE FROM webhook_delivery;
    DELETE FROM webhook_message;
    DELETE FROM webhook_pattern;
    DELETE FROM webhook_subscription;
    DELETE FROM webhook_lane;
    UPDATE webhook_meta SET subscriptions = 0, pending = 0, failed = 0, sent = 0, dead = 0, held = 0;
  `);
}
