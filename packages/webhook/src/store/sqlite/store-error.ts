import { WebhookError } from "../../errors.ts";

/** The code of a database that is locked. Source: https://sqlite.org/rescode.html */
export const SQLITE_BUSY = 5;
/** The primary result codes that a caller or operator can do something about. */
const CODES = {
  busy: SQLITE_BUSY,
  locked: 6,
  readonly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  notADatabase: 26,
} as const;

const EXPLANATIONS: ReadonlyMap<number, string> = new Map([
  [
    CODES.busy,
    "another connection kept the database locked for longer than busyTimeoutMs: end its transaction, or allow more time",
  ],
  [CODES.locked, "the database is locked by this process's own statements"],
  [
    CODES.readonly,
    "the database is read-only: give the process write permission for the file and its folder",
  ],
  [CODES.io, "the disk reported an error, or the file has been cut short"],
  [CODES.corrupt, "the database file is damaged: restore it from a backup"],
  [
    CODES.full,
    "the disk is full: nothing of this was stored, and work goes on when there is room again",
  ],
  [CODES.cantOpen, "the file cannot be opened: its folder has to exist and be writable"],
  [CODES.notADatabase, "the file is not an SQLite database, or it is encrypted"],
]);

/** The primary result code of an error from `node:sqlite` or `bun:sqlite`, if it is one. */
function sqliteCode(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  // `errcode` on node:sqlite, `errno` on bun:sqlite; the lowest byte is the primary code.
  const code: unknown =
    "errcode" in error ? error.errcode : "errno" in error ? error.errno : undefined;
  return typeof code === "number" ? code & 0xff : undefined;
}

/** Whether somebody is in the middle of a transaction; the same may go through a moment later. */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  if (code === CODES.busy || code === CODES.locked) return true;
  // On a handle that cannot say that a transaction is open, as those of Node before 22.16.
  return error instanceof Error && error.message.includes("within a transaction");
}

/** What the store throws for whatever went wrong below it. */
export function storeError(cause: unknown): WebhookError {
  if (cause instanceof WebhookError) return cause;
  const code = sqliteCode(cause);
  const explained = code === undefined ? undefined : EXPLANATIONS.get(code);
  // SQLite's own messages name tables and columns, never values.
  const reason = explained ?? (cause instanceof Error ? cause.message : "unknown error");
  return new WebhookError("STORE_FAILED", `the SQLite store failed: ${reason}`, { cause });
}

/** For a call that comes after `close`. */
export function closedError(): WebhookError {
  return new WebhookError("CLOSED", "this store has been closed: open another one");
}
