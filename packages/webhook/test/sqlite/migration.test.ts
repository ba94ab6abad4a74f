import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { resolveSqliteOptions } from "../../src/store/sqlite/options.ts";
import type { Migration } from "../../src/store/sqlite/schema.ts";
import { migrate, MIGRATIONS } from "../../src/store/sqlite/schema.ts";
import { createPaths, enqueue, errorOf, subscribe } from "./support.ts";

const newPath = createPaths();

function open(path: string) {
  return openDatabase(path, resolveSqliteOptions(path, {}));
}

function versionOf(path: string): unknown {
  const database = new DatabaseSync(path);
  const row = database.prepare("SELECT schema_version FROM webhook_meta").get();
  database.close();
  return row?.["schema_version"];
}

function tablesOf(path: string): unknown[] {
  const database = new DatabaseSync(path);
  const rows = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  database.close();
  return rows.map((row) => row["name"]);
}

describe("the schema", () => {
  it("is brought forward step by step from the version that is found, and keeps what is there", async () => {
    const path = newPath();
    const store = createSqliteStore(path);
    subscribe(store, "a");
    await enqueue(store, "a");
    store.close();

    const steps: string[] = [];
    const newer: Migration[] = [
      ...MIGRATIONS,
      "ALTER TABLE webhook_delivery ADD COLUMN note TEXT DEFAULT 'none'",
      (database) => {
        steps.push("last");
        database.sql("UPDATE webhook_delivery SET note = 'seen'").run();
      },
    ];
    const database = open(path);
    migrate(database, 0, newer);
    migrate(database, 0, newer);
    expect(steps).toEqual(["last"]);
    expect(database.sql("SELECT note FROM webhook_delivery").all()).toMatchObject([
      { note: "seen" },
    ]);
    database.close();
    expect(versionOf(path)).toBe(MIGRATIONS.length + 2);
    expect(await errorOf(() => createSqliteStore(path))).toMatchObject({ code: "STORE_FAILED" });
  });

  it("stays as it was when a step fails", async () => {
    const path = newPath();
    createSqliteStore(path).close();
    const database = open(path);
    const broken = [...MIGRATIONS, "CREATE TABLE webhook_extra (id INTEGER)", "no SQL at all"];
    await errorOf(() => migrate(database, 0, broken));
    database.close();
    expect(versionOf(path)).toBe(MIGRATIONS.length);
    expect(tablesOf(path)).not.toContain("webhook_extra");
    createSqliteStore(path).close();
  });

  it("leaves an application's tables and its user_version alone", async () => {
    const path = newPath();
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 42; CREATE TABLE orders (id TEXT)");
    const store = createSqliteStore(path);
    subscribe(store, "a");
    await enqueue(store, "a");
    store.close();
    expect(database.prepare("PRAGMA user_version").get()).toMatchObject({ user_version: 42 });
    database.close();
    expect(tablesOf(path).filter((name) => !String(name).startsWith("webhook_"))).toEqual([
      "orders",
    ]);
  });
});
