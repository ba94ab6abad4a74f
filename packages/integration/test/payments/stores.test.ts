import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PaymentStore } from "../../src/payments/index.ts";
import { createMemoryPaymentStore } from "../../src/payments/index.ts";
import { createSqlitePaymentStore } from "../../src/payments/sqlite/index.ts";
import type { PaymentStoreCaseContext } from "../../src/testing/index.ts";
import { paymentStoreCases } from "../../src/testing/index.ts";

function conformance(name: string, context: PaymentStoreCaseContext): void {
  describe(name, () => {
    for (const { name: sentence, needs, run } of paymentStoreCases) {
      const isPossible = needs === undefined || context[needs] !== undefined;
      it.skipIf(!isPossible)(sentence, () => run(context));
    }
  });
}

conformance("the memory store", { open: createMemoryPaymentStore });

let directory = "";
let files = 0;
const paths = new Map<PaymentStore, string>();

function openFile(path = join(directory, `${(files += 1)}.sqlite`)): PaymentStore {
  const store = createSqlitePaymentStore({ path });
  paths.set(store, path);
  return store;
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "payments-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

conformance("the SQLite store", {
  open: () => openFile(),
  reopen: (closed) => openFile(paths.get(closed)),
  connect: (other) => openFile(paths.get(other)),
});

describe("the SQLite store's file", () => {
  it("is refused when it is from a later version", () => {
    const path = join(directory, "later.sqlite");
    void createSqlitePaymentStore({ path }).close();
    const db = new DatabaseSync(path);
    db.exec("UPDATE ventostack_payment_schema SET version = 99");
    db.close();
    expect(() => createSqlitePaymentStore({ path })).toThrow(/version 99/);
  });

  it("is refused when it is no database, or cannot be made", () => {
    const path = join(directory, "missing", "payments.sqlite");
    expect(() => createSqlitePaymentStore({ path })).toThrow(
      expect.objectContaining({ code: "STORE_UNUSABLE" }),
    );
    expect(() => createSqlitePaymentStore({ path: "" })).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION" }),
    );
    expect(() => createSqlitePaymentStore({ path: ":memory:", busyTimeoutMs: -1 })).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION" }),
    );
  });

  it("may be an application's own", () => {
    const path = join(directory, "shared.sqlite");
    const db = new DatabaseSync(path);
    db.exec("CREATE TABLE payments (id TEXT); PRAGMA user_version = 7");
    void createSqlitePaymentStore({ path }).close();
    expect(db.prepare("PRAGMA user_version").get()).toEqual({ user_version: 7 });
    db.close();
  });
});
