/** Rows of the same size in one plain table: what SQLite itself takes. */
import { DatabaseSync } from "node:sqlite";
import type { Case } from "../support/rounds.ts";
import { measure } from "../support/rounds.ts";

export interface RawOptions {
  readonly count: number;
  /** Rows in one transaction. */
  readonly batch: number;
  readonly durability: "normal" | "full";
  readonly body: Uint8Array;
  readonly newPath: () => string;
}

export function rawInserts({ count, batch, durability, body, newPath }: RawOptions): Case {
  return async () => {
    const database = new DatabaseSync(newPath());
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability}`);
    database.exec("CREATE TABLE event (id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT");
    const insert = database.prepare("INSERT INTO event VALUES (?, ?)");
    let rows = 0;
    const sample = await measure(count / batch, 1, async () => {
      database.exec("BEGIN IMMEDIATE");
      for (let row = 0; row < batch; row += 1) insert.run(`event-${(rows += 1)}`, body);
      database.exec("COMMIT");
    });
    database.close();
    // Of rows, not of transactions.
    return {
      ...sample,
      perSecond: sample.perSecond * batch,
      cpuMicros: sample.cpuMicros / batch,
    };
  };
}
