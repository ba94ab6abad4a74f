import { closeSync, openSync } from "node:fs";
import { WebhookError } from "../../errors.ts";
import { holdPlace } from "./file-place.ts";
import type { ResolvedSqliteOptions } from "./options.ts";

/** What a column takes and gives. */
export type SqlValue = null | number | string | Uint8Array;

/** As much of a prepared statement as is needed. */
export interface SqliteStatement {
  run(...values: SqlValue[]): { readonly changes: number | bigint };
  get(...values: SqlValue[]): unknown;
  all(...values: SqlValue[]): unknown[];
}

/** As much of an open database as is needed: a `DatabaseSync` of `node:sqlite`, or a `Database` of `bun:sqlite`. */
export interface SqliteHandle {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  close(): void;
  /** On `node:sqlite`. */
  readonly isTransaction?: boolean;
  /** On `bun:sqlite`. */
  readonly inTransaction?: boolean;
}

/** A prepared statement whose rows have a known form. */
export interface Statement<Row> {
  /** @returns how many rows were changed */
  run(...values: SqlValue[]): number;
  get(...values: SqlValue[]): Row | undefined;
  all(...values: SqlValue[]): Row[];
}

/** Prepares statements on one connection, each text once. */
export interface Sql {
  <Row = never>(text: string): Statement<Row>;
}

export interface Database {
  readonly sql: Sql;
  /** Empty for a database in memory. */
  readonly file: string;
  /** Opened here, and so closed here. */
  readonly isOwn: boolean;
  readonly handle: SqliteHandle;
  exec(text: string): void;
  /** Whether somebody has begun a transaction on this very connection. */
  isInTransaction(): boolean;
  /**
   * Takes the write lock, waiting so long for it at most.
   * @throws what the runtime's SQLite throws; WebhookError STORE_FAILED when the file is not where it was
   */
  begin(waitMs: number): void;
  commit(): void;
  /** Never throws: some errors have ended the transaction already. */
  rollback(): void;
  close(): void;
}

type Open = (path: string) => SqliteHandle;

const OWN_SETTINGS = `
  PRAGMA temp_store = MEMORY;
  PRAGMA cache_size = -16384;
  PRAGMA journal_size_limit = 67108864;
  PRAGMA wal_autocheckpoint = 2000;
`;

/** Finds the runtime's own SQLite, when a store is created and not before: nothing else needs it. */
function findDriver(): Open {
  const node = process.getBuiltinModule("node:sqlite");
  // oxlint-disable-next-line typescript/no-unnecessary-condition -- undefined before Node 22.13 and Bun 1.4
  if (node) return (path) => new node.DatabaseSync(path);
  // Its types are Bun's, not Node's; this is the part of it that is used.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const bun = process.getBuiltinModule("bun:sqlite") as
    { readonly Database: new (path: string) => SqliteHandle } | undefined;
  if (bun) return (path) => new bun.Database(path);
  throw new WebhookError(
    "STORE_FAILED",
    "this runtime has no SQLite: use Node 22.13 or later, or Bun; or hand in an open database",
  );
}

/** Only its owner may read a new file: it holds secrets. SQLite gives its companions the same permissions. */
function createPrivately(path: string): void {
  if (path === ":memory:" || path.startsWith("file:")) return;
  try {
    closeSync(openSync(path, "ax", 0o600));
  } catch {
    // It is there already, or cannot be: SQLite says so better.
  }
}

export function createSql(handle: SqliteHandle): Sql {
  const prepared = new Map<string, Statement<unknown>>();
  return <Row>(text: string): Statement<Row> => {
    let statement = prepared.get(text);
    if (!statement) {
      const native = handle.prepare(text);
      statement = {
        run: (...values) => Number(native.run(...values).changes),
        // `null` where bun:sqlite finds no row.
        get: (...values) => native.get(...values) ?? undefined,
        all: (...values) => native.all(...values),
      };
      prepared.set(text, statement);
    }
    // The caller knows what its own text selects.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return statement as Statement<Row>;
  };
}

function applySettings(sql: Sql, handle: SqliteHandle): void {
  const mode = sql<{ journal_mode: string }>("PRAGMA journal_mode = WAL").get()?.journal_mode;
  if (mode !== "wal" && mode !== "memory") {
    throw new WebhookError(
      "STORE_FAILED",
      `the SQLite store needs a write-ahead log, and this database only offers the journal mode "${mode}": ` +
        "put it on a local disk, and close whatever else uses it",
    );
  }
  handle.exec(OWN_SETTINGS);
}

/** @throws what the runtime's SQLite throws, or WebhookError STORE_FAILED */
export function openDatabase(
  target: string | SqliteHandle,
  options: ResolvedSqliteOptions,
): Database {
  const isOwn = typeof target === "string";
  if (isOwn) createPrivately(target);
  const handle = isOwn ? findDriver()(target) : target;
  const sql = createSql(handle);
  try {
    const timeout = (ms: number) => sql<{ timeout: number }>(`PRAGMA busy_timeout = ${ms}`);
    const before = sql<{ timeout: number }>("PRAGMA busy_timeout").get()?.timeout ?? 0;
    const usualMs = isOwn ? options.busyTimeoutMs : before;
    const usual = timeout(usualMs);
    usual.get();
    if (isOwn) applySettings(sql, handle);
    if (options.durability) {
      handle.exec(`PRAGMA synchronous = ${options.durability}`);
      // On macOS an fsync stops at the drive's buffer unless told otherwise; elsewhere this means nothing.
      if (options.durability === "full") handle.exec("PRAGMA fullfsync = 1");
    }
    const files = sql<{ name: string; file: string | null }>("PRAGMA database_list").all();
    const file = files.find(({ name }) => name === "main")?.file ?? "";
    const checkPlace = holdPlace(file);
    const begin = sql("BEGIN IMMEDIATE");
    const commit = sql("COMMIT");

    return {
      sql,
      handle,
      isOwn,
      file,
      exec: (text) => void handle.exec(text),
      isInTransaction: () => handle.isTransaction ?? handle.inTransaction ?? false,
      begin(waitMs) {
        checkPlace();
        if (waitMs === usualMs) {
          begin.run();
          return;
        }
        timeout(waitMs).get();
        try {
          begin.run();
        } finally {
          usual.get();
        }
      },
      commit: () => void commit.run(),
      rollback() {
        try {
          handle.exec("ROLLBACK");
        } catch {
          // Full disks and I/O errors roll back by themselves.
        }
      },
      close() {
        if (isOwn) handle.close();
      },
    };
  } catch (error) {
    if (isOwn) handle.close();
    throw error;
  }
}
