import type { DatabaseSync } from "node:sqlite";
import type { OpenCall, OpenQuery, RecordKey } from "../store.ts";

interface TableRecord {
  readonly id: string;
  readonly version: number;
  readonly operationId: string;
  readonly provider: string;
  readonly openCall?: OpenCall;
}

type Value = string | number | null;

/** The columns that only one of the tables has, or fills from another field. */
interface OwnColumns<T> {
  readonly columns: readonly string[];
  readonly values: (row: T) => readonly Value[];
}

/** One table of records with ids, operation ids and the vendor's ids. Called within a transaction. */
export interface RecordTable<T> {
  find(key: RecordKey): T | undefined;
  /** Whether it was written; not if the version is not the next one or something unique exists. */
  put(row: T): boolean;
  open(query: OpenQuery): readonly T[];
}

/** @param name comes from this package, never from a caller */
export function createRecordTable<T extends TableRecord>(
  db: DatabaseSync,
  name: string,
  own: OwnColumns<T>,
): RecordTable<T> {
  const columns = ["version", "operation_id", "provider", "open_since", "record", ...own.columns];
  const insert = db.prepare(
    `INSERT INTO ${name} (${columns.join(", ")}, id) VALUES (${columns.map(() => "?").join(", ")}, ?)
     ON CONFLICT DO NOTHING`,
  );
  const update = db.prepare(
    `UPDATE OR IGNORE ${name} SET ${columns.map((column) => `${column} = ?`).join(", ")} WHERE id = ? AND version = ?`,
  );
  const byId = db.prepare(`SELECT record FROM ${name} WHERE id = ?`);
  const byOperation = db.prepare(`SELECT record FROM ${name} WHERE operation_id = ?`);
  const byProviderId = db.prepare(
    `SELECT record FROM ${name} WHERE provider = ? AND provider_id = ?`,
  );
  const openFrom = db.prepare(
    `SELECT record FROM ${name} WHERE open_since <= ? AND (open_since, id) > (?, ?) ORDER BY open_since, id LIMIT ?`,
  );

  const select = (key: RecordKey): Record<string, unknown> | undefined => {
    if ("id" in key) return byId.get(key.id);
    if ("operationId" in key) return byOperation.get(key.operationId);
    return byProviderId.get(key.provider, key.providerId);
  };

  return {
    find(key) {
      const row = select(key);
      return row && parseRecord<T>(row);
    },
    put(row) {
      const values: readonly Value[] = [
        row.version,
        row.operationId,
        row.provider,
        row.openCall?.startedAt ?? null,
        JSON.stringify(row),
        ...own.values(row),
        row.id,
      ];
      const { changes } =
        row.version === 1 ? insert.run(...values) : update.run(...values, row.version - 1);
      return Number(changes) === 1;
    },
    open({ startedBefore, after, limit }) {
      const from = after ?? { startedAt: Number.MIN_SAFE_INTEGER, id: "" };
      return openFrom
        .all(startedBefore, from.startedAt, from.id, limit)
        .map((row) => parseRecord<T>(row));
    },
  };
}

/** Reads a row that this driver wrote: the type is a promise that only its own writing keeps. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it stands in for the assertion at each caller
export function parseRecord<T>(row: Readonly<Record<string, unknown>>): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return JSON.parse(String(row["record"])) as T;
}
