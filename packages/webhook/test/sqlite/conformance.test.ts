import { DatabaseSync } from "node:sqlite";
import { describe, it } from "vitest";
import type { DeliveryStore } from "../../src/store/delivery-store.ts";
import type { SqliteHandle } from "../../src/store/sqlite/index.ts";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import type { DeliveryStoreCaseContext } from "../../src/testing/delivery-store-cases.ts";
import { deliveryStoreCases } from "../../src/testing/delivery-store-cases.ts";
import { createPaths } from "./support.ts";

const newPath = createPaths();

/** Does some work in a transaction of the caller's. */
async function inTransaction(tx: SqliteHandle, work: (tx: unknown) => unknown): Promise<void> {
  tx.exec("BEGIN IMMEDIATE");
  try {
    await work(tx);
    tx.exec("COMMIT");
  } catch (error) {
    tx.exec("ROLLBACK");
    throw error;
  }
}

/** Stores in files; each transaction is one of a connection of its own. */
function inFiles(): DeliveryStoreCaseContext {
  const paths = new WeakMap<DeliveryStore, string>();
  const openAt = (path: string): DeliveryStore => {
    const store = createSqliteStore(path);
    paths.set(store, path);
    return store;
  };
  const pathOf = (store: DeliveryStore): string => paths.get(store) ?? "";
  return {
    open: () => openAt(newPath()),
    reopen: (closed) => openAt(pathOf(closed)),
    connect: (other) => openAt(pathOf(other)),
    async transaction(store, work) {
      const tx = new DatabaseSync(pathOf(store));
      try {
        await inTransaction(tx, work);
      } finally {
        tx.close();
      }
    },
  };
}

/** Stores over handles that are open already; transactions are begun on the very same. */
function onHandles(openHandle: () => SqliteHandle): DeliveryStoreCaseContext {
  const handles = new WeakMap<DeliveryStore, SqliteHandle>();
  return {
    open() {
      const handle = openHandle();
      const store = createSqliteStore(handle);
      handles.set(store, handle);
      return store;
    },
    async transaction(store, work) {
      const handle = handles.get(store);
      if (handle) await inTransaction(handle, work);
    },
  };
}

function runCases(title: string, context: DeliveryStoreCaseContext, isWhole: boolean): void {
  describe(title, async () => {
    const { capabilities } = await context.open();
    // The runs of random steps take a while; once is enough.
    const cases = deliveryStoreCases.filter(({ name }) => isWhole || !name.includes("random"));
    for (const { name, needs, run } of cases) {
      const needed = needs?.(capabilities) ?? true;
      it.skipIf(needed !== true)(needed === true ? name : `${name} (${needed})`, () =>
        run(context),
      );
    }
  });
}

runCases("the SQLite store in a file", inFiles(), true);
runCases("the SQLite store in memory", { open: () => createSqliteStore(":memory:") }, false);
runCases(
  "the SQLite store on a handle of node:sqlite",
  onHandles(() => new DatabaseSync(":memory:")),
  false,
);

if (process.versions.bun) {
  const { Database } = await import("bun:sqlite");
  runCases(
    "the SQLite store on a handle of bun:sqlite",
    onHandles(() => new Database(":memory:")),
    false,
  );
}
