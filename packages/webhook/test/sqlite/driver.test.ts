import { afterEach, describe, expect, it, vi } from "vitest";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { claim, createPaths, enqueue, errorOf, idsOf, settleSent, subscribe } from "./support.ts";

const newPath = createPaths();
const builtin = process.getBuiltinModule.bind(process);

/** A runtime without some of its modules. */
function without(...missing: readonly string[]): void {
  const find = (id: string): unknown => (missing.includes(id) ? undefined : builtin(id));
  vi.spyOn(process, "getBuiltinModule").mockImplementation(find as typeof builtin);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a runtime", () => {
  it.skipIf(!process.versions.bun)("without node:sqlite uses bun:sqlite", async () => {
    without("node:sqlite");
    const path = newPath();
    const store = createSqliteStore(path, { durability: "full" });
    subscribe(store, "a");
    const id = await enqueue(store, "a");
    const claimed = await claim(store);
    expect(idsOf(claimed)).toEqual([id]);
    await settleSent(store, claimed);
    store.close();
    vi.restoreAllMocks();
    const again = createSqliteStore(path);
    expect(again.stats()).toMatchObject({ subscriptions: 1, sent: 1 });
    again.close();
  });

  it("without any SQLite is told what it needs", async () => {
    without("node:sqlite", "bun:sqlite");
    expect(await errorOf(() => createSqliteStore(newPath()))).toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringContaining("this runtime has no SQLite"),
    });
  });

  it("needs no SQLite of its own where an open database is handed in", () => {
    const { DatabaseSync } = builtin("node:sqlite");
    without("node:sqlite", "bun:sqlite");
    const handle = new DatabaseSync(":memory:");
    const store = createSqliteStore(handle);
    expect(store.capabilities).toEqual({
      durable: false,
      sync: true,
      shared: false,
      transactional: true,
    });
    store.close();
    // It is the caller's, and stays open.
    expect(handle.prepare("SELECT count(*) AS n FROM webhook_meta").get()).toMatchObject({ n: 1 });
    handle.close();
  });
});
