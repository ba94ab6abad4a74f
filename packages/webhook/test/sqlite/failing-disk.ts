import { DatabaseSync } from "node:sqlite";
import type { MaybePromise } from "../../src/maybe-promise.ts";
import type { DeliveryStore } from "../../src/store/delivery-store.ts";
import type { SqliteHandle, SqlValue } from "../../src/store/sqlite/index.ts";

const SQLITE_FULL = 13;
const WRITES = /^\s*(?:INSERT|UPDATE|DELETE|COMMIT)/;

/** What SQLite throws when there is no room left. */
function diskFull(): Error {
  return Object.assign(new Error("database or disk is full"), { errcode: SQLITE_FULL });
}

/** A database whose writes fail whenever `fails` says so. */
export function failingDisk(path: string, fails: () => boolean): SqliteHandle {
  const database = new DatabaseSync(path);
  const write = <T>(sql: string, run: () => T): T => {
    if (WRITES.test(sql) && fails()) throw diskFull();
    return run();
  };
  return {
    exec: (sql) => database.exec(sql),
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        run: (...values: SqlValue[]) => write(sql, () => statement.run(...values)),
        get: (...values: SqlValue[]) => statement.get(...values),
        all: (...values: SqlValue[]) => statement.all(...values),
      };
    },
    close: () => database.close(),
    get isTransaction() {
      return database.isTransaction;
    },
  };
}

async function later<T>(work: () => MaybePromise<T>): Promise<T> {
  for (;;) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- the next try depends on this one
      return await work();
    } catch {
      // Once more.
    }
  }
}

function now<T>(work: () => T): T {
  for (;;) {
    try {
      return work();
    } catch {
      // Once more.
    }
  }
}

/** Does again what fails, until it does not. */
export function untilItWorks(store: DeliveryStore<"sync">): DeliveryStore<"sync"> {
  const { subscriptions } = store;
  return {
    ...store,
    enqueue: (...given) => later(() => store.enqueue(...given)),
    claim: (...given) => later(() => store.claim(...given)),
    settle: (...given) => later(() => store.settle(...given)),
    requeue: (...given) => later(() => store.requeue(...given)),
    cancel: (...given) => later(() => store.cancel(...given)),
    redeliver: (...given) => later(() => store.redeliver(...given)),
    prune: (...given) => later(() => store.prune(...given)),
    subscriptions: {
      ...subscriptions,
      put: (...given) => now(() => subscriptions.put(...given)),
      delete: (...given) => now(() => subscriptions.delete(...given)),
    },
  };
}
