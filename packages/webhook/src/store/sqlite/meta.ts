import type { Database } from "./database.ts";

/** What the one row of `webhook_meta` counts. */
export interface Totals {
  /** Of the next delivery. */
  nextSeq: number;
  /** Of the next event. */
  nextMessage: number;
  /** Grows with every transaction that leaves work which others may do. */
  work: number;
  /** Grows with every change of subscriptions. */
  config: number;
  /** Grows when a change decides who receives what. */
  members: number;
  subscriptions: number;
  pending: number;
  failed: number;
  sent: number;
  dead: number;
  held: number;
}

/** The counters, in memory and in the file. */
export interface Meta {
  /** To be changed in a transaction only. */
  readonly totals: Totals;
  /**
   * Learns what other connections have committed. Outside of a transaction it asks once per turn of the event loop:
   * an attempt that ends reads its subscription, and asking costs as much as a write.
   * @returns the totals of before if something was committed, else `undefined`
   */
  refresh(isInTransaction: boolean): Totals | undefined;
  /** A transaction of the caller's is about to commit: asks every time until it has. */
  expectCommit(): void;
  /** Writes what has changed. */
  save(): void;
  /** What is in memory is not to be relied on. */
  forget(): void;
}

const COLUMNS: readonly (readonly [keyof Totals, string])[] = [
  ["nextSeq", "next_seq"],
  ["nextMessage", "next_message"],
  ["work", "work"],
  ["config", "config"],
  ["members", "members"],
  ["subscriptions", "subscriptions"],
  ["pending", "pending"],
  ["failed", "failed"],
  ["sent", "sent"],
  ["dead", "dead"],
  ["held", "held"],
];

export function createMeta({ sql }: Pick<Database, "sql">): Meta {
  const names = COLUMNS.map(([key, column]) => `${column} AS ${key}`).join(", ");
  const select = sql<Totals>(`SELECT ${names} FROM webhook_meta WHERE id = 1`);
  const settings = COLUMNS.map(([, column]) => `${column} = ?`).join(", ");
  const update = sql(`UPDATE webhook_meta SET ${settings} WHERE id = 1`);
  const version = sql<{ data_version: number }>("PRAGMA data_version");

  const read = (): Totals => {
    const row = select.get();
    if (!row) throw new Error("the row of webhook_meta is missing");
    // A plain copy: rows have no prototype.
    return { ...row };
  };
  const totals = read();
  let saved = { ...totals };
  let seen: number | undefined = version.get()?.data_version;
  let isFresh = false;
  let isExpecting = false;

  return {
    totals,
    refresh(isInTransaction) {
      if (isFresh && !isInTransaction) return undefined;
      const now = version.get()?.data_version;
      if (!isFresh && !isExpecting) {
        isFresh = true;
        setImmediate(() => {
          isFresh = false;
        });
      }
      if (now === seen) return undefined;
      isExpecting = false;
      const before = { ...totals };
      saved = read();
      Object.assign(totals, saved);
      seen = now;
      return before;
    },
    expectCommit() {
      isExpecting = true;
      isFresh = false;
    },
    save() {
      if (COLUMNS.every(([key]) => totals[key] === saved[key])) return;
      update.run(...COLUMNS.map(([key]) => totals[key]));
      saved = { ...totals };
    },
    forget() {
      seen = undefined;
      isFresh = false;
    },
  };
}
