import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { createOutboundWebhookManager } from "../../src/outbound/manager.ts";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { createScriptedTransport } from "../outbound/scripted-transport.ts";
import { recount } from "./recount.ts";
import {
  claim,
  countersOf,
  createPaths,
  enqueue,
  errorOf,
  idsOf,
  settleSent,
  subscribe,
  T0,
  until,
} from "./support.ts";

const newPath = createPaths();
const URL_A = "https://a.example.com/hook";
const SECRET = "a-secret-of-the-tests";

/** An application's database with an `orders` table, and a store on the same file. */
function database({ isShared }: { isShared: boolean }) {
  // What comes of a transaction is to be heard of soon, however rarely the file is looked at.
  const options = { pollMs: 600_000 };
  const path = newPath();
  const db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode = WAL; CREATE TABLE orders (id TEXT)");
  const store = createSqliteStore(isShared ? db : path, options);
  const order = (id: string): void => void db.prepare("INSERT INTO orders VALUES (?)").run(id);
  return { path, db, store, order };
}

/** The same with a sender. */
function application(options: { isShared: boolean }) {
  const opened = database(options);
  const { store } = opened;
  const transport = createScriptedTransport();
  const errors: unknown[] = [];
  const outbound = createOutboundWebhookManager({
    store,
    transport,
    hooks: { onError: ({ error }) => void errors.push(error) },
  });
  outbound.subscribe({ url: URL_A, secret: SECRET });
  return { ...opened, transport, outbound, errors };
}

describe.each([
  ["a connection of its own", { isShared: false }],
  ["the store's own handle", { isShared: true }],
])("a transaction on %s", (_, options) => {
  it("takes the event with it when it commits, and the sender hears of it", async () => {
    const { path, db, transport, outbound, errors, order } = application(options);
    db.exec("BEGIN IMMEDIATE");
    order("1");
    const ids = await outbound.send("order.created", { id: "1" }, { tx: db });
    expect(ids).toHaveLength(1);
    // Whatever the sender does in the meantime: there is nothing to be sent yet.
    const end = performance.now() + 30;
    await until(() => performance.now() > end);
    expect(transport.requests).toHaveLength(0);
    expect(outbound.stats().pending).toBe(0);
    db.exec("COMMIT");
    expect(outbound.stats().pending).toBe(1);
    await until(() => outbound.stats().sent === 1);
    expect(outbound.getDelivery(ids[0] ?? "")?.status).toBe("sent");
    expect(errors).toEqual([]);
    expect(recount(path)).toMatchObject({ sent: 1, pending: 0 });
    await outbound.close();
    db.close();
  });

  it("leaves nothing of the event when it is rolled back, not even its idempotency key", async () => {
    const { path, db, transport, outbound, order } = application(options);
    const idempotencyKey = "order-1";
    db.exec("BEGIN IMMEDIATE");
    order("1");
    await outbound.send("order.created", {}, { tx: db, idempotencyKey });
    db.exec("ROLLBACK");
    expect(recount(path)).toMatchObject({ pending: 0 });
    expect(outbound.stats()).toMatchObject({ pending: 0, sent: 0 });
    expect(outbound.listDeliveries()).toEqual([]);
    await outbound.send("order.created", {}, { idempotencyKey, wait: "attempted" });
    expect(transport.requests).toHaveLength(1);
    await outbound.close();
    db.close();
  });

  it("knows an idempotency key of before, and its own", async () => {
    const { db, transport, outbound } = application(options);
    const before = await outbound.send("x", {}, { idempotencyKey: "before", wait: "attempted" });
    db.exec("BEGIN IMMEDIATE");
    const tx = db;
    expect(await outbound.send("x", {}, { idempotencyKey: "before", tx })).toEqual(before);
    const own = await outbound.send("x", {}, { idempotencyKey: "own", tx });
    expect(await outbound.send("x", {}, { idempotencyKey: "own", tx })).toEqual(own);
    db.exec("COMMIT");
    await until(() => outbound.stats().sent === 2);
    expect(transport.requests).toHaveLength(2);
    await outbound.close();
    db.close();
  });

  it("holds up results that come in meanwhile, but not the process", async () => {
    const { db, outbound, errors, order } = application(options);
    db.exec("BEGIN IMMEDIATE");
    order("1");
    const sending = outbound.send("order.created", {});
    const end = performance.now() + 50;
    await until(() => performance.now() > end);
    db.exec("COMMIT");
    await sending;
    await until(() => outbound.stats().sent === 1);
    expect(errors).toEqual([]);
    await outbound.close();
    db.close();
  });

  it("counts what it stores for a paused endpoint as held, and keeps an ordered one's order", async () => {
    const { path, db, store } = database(options);
    subscribe(store, "paused", { endpoint: { status: "paused", failures: 0 } });
    subscribe(store, "ordered", { ordered: true });
    db.exec("BEGIN IMMEDIATE");
    const tx = db;
    await enqueue(store, "paused", { tx });
    const first = await enqueue(store, "ordered", { tx, delivery: { dueAt: T0 + 5 } });
    const second = await enqueue(store, "ordered", { tx, delivery: { dueAt: T0 } });
    db.exec("COMMIT");
    expect(countersOf(store)).toMatchObject({ pending: 3, held: 1 });
    expect(countersOf(store)).toEqual({ ...recount(path) });
    for (const id of [first, second]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const claimed = await claim(store, T0 + 10);
      expect(idsOf(claimed)).toEqual([id]);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await settleSent(store, claimed);
    }
    store.close();
    db.close();
  });

  it("can go on when an event could not be stored in it", async () => {
    const { path, db, store, order } = database(options);
    subscribe(store, "a");
    const id = await enqueue(store, "a");
    db.exec("BEGIN IMMEDIATE");
    order("1");
    const error = await errorOf(() => enqueue(store, "a", { tx: db, delivery: { id } }));
    expect(error).toMatchObject({ code: "STORE_FAILED" });
    db.exec("COMMIT");
    expect(db.prepare("SELECT count(*) AS n FROM orders").get()).toMatchObject({ n: 1 });
    expect(countersOf(store)).toEqual({ ...recount(path) });
    await enqueue(store, "a");
    expect(await store.messages.list({ limit: 10 })).toHaveLength(2);
    store.close();
    db.close();
  });
});

describe("what is no transaction on the store's database", () => {
  it("is refused: a handle without an open transaction", async () => {
    const { db, outbound } = application({ isShared: false });
    expect(await errorOf(() => outbound.send("x", {}, { tx: db }))).toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining("BEGIN"),
    });
    expect(outbound.stats().pending).toBe(0);
    outbound.destroy();
    db.close();
  });

  it.each([
    ["without tables", (): string => newPath()],
    [
      "with another store",
      (): string => {
        const path = newPath();
        createSqliteStore(path).close();
        return path;
      },
    ],
  ])("is refused: another database, %s", async (_, pathOfOther) => {
    const { db, outbound } = application({ isShared: false });
    const other = new DatabaseSync(pathOfOther());
    other.exec("BEGIN IMMEDIATE");
    expect(await errorOf(() => outbound.send("x", {}, { tx: other }))).toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining("another database"),
    });
    other.close();
    outbound.destroy();
    db.close();
  });

  it.each([true, "BEGIN", 7, {}, { prepare: true }])("is refused: %j", async (tx) => {
    const { db, outbound } = application({ isShared: false });
    expect(await errorOf(() => outbound.send("x", {}, { tx }))).toMatchObject({
      code: "INVALID_OPTION",
    });
    outbound.destroy();
    db.close();
  });

  it("keeps a subscription from being changed within the caller's transaction on the store's handle", async () => {
    const { db, store, outbound } = application({ isShared: true });
    db.exec("BEGIN IMMEDIATE");
    expect(await errorOf(() => subscribe(store, "a"))).toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringContaining("a transaction is open"),
    });
    db.exec("COMMIT");
    subscribe(store, "a");
    await outbound.close();
    db.close();
  });
});
