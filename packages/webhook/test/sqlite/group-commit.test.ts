import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, vi } from "vitest";
import type { SqliteHandle, SqliteStoreOptions, SqlValue } from "../../src/store/sqlite/index.ts";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { messageOf } from "../../src/testing/delivery-store-cases/fixtures.ts";
import { recount } from "./recount.ts";
import {
  claim,
  countersOf,
  createPaths,
  enqueue,
  errorOf,
  idsOf,
  newDelivery,
  settleSent,
  subscribe,
  T0,
  until,
} from "./support.ts";

const newPath = createPaths();

/** A store that tells which statements it runs. */
function spiedStore(options: SqliteStoreOptions = {}) {
  const database = new DatabaseSync(newPath());
  const ran: string[] = [];
  const handle: SqliteHandle = {
    exec: (sql) => database.exec(sql),
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        run(...values: SqlValue[]) {
          ran.push(sql);
          return statement.run(...values);
        },
        get: (...values: SqlValue[]) => statement.get(...values),
        all: (...values: SqlValue[]) => statement.all(...values),
      };
    },
    close: () => database.close(),
    get isTransaction() {
      return database.isTransaction;
    },
  };
  const store = createSqliteStore(handle, options);
  subscribe(store, "a");
  ran.length = 0;
  const count = (text: string): number => ran.filter((sql) => sql.startsWith(text)).length;
  return { store, ran, commits: () => count("COMMIT"), count };
}

describe("group commit", () => {
  it("stores what one turn of the event loop brings in one transaction", async () => {
    const { store, commits } = spiedStore();
    await Promise.all(Array.from({ length: 20 }, () => enqueue(store, "a")));
    expect(commits()).toBe(1);
    const claimed = await claim(store);
    await Promise.all(claimed.map((each) => settleSent(store, [each])));
    expect(commits()).toBe(3);
    expect(store.stats().sent).toBe(20);
  });

  it("resolves a promise when the transaction is committed, and not before", async () => {
    const path = newPath();
    const store = createSqliteStore(path);
    subscribe(store, "a");
    const stored = vi.fn<() => void>();
    const enqueueing = enqueue(store, "a").then(stored);
    await Promise.resolve();
    expect(stored).not.toHaveBeenCalled();
    expect(recount(path)?.["pending"]).toBe(0);
    await enqueueing;
    expect(recount(path)?.["pending"]).toBe(1);
    store.close();
  });

  it("hands new events straight to the claim of the same turn, under a lease from the start", async () => {
    const { store, commits, count } = spiedStore();
    const enqueueing = Array.from({ length: 5 }, () => enqueue(store, "a"));
    const claimed = await claim(store);
    expect(idsOf(claimed)).toEqual(await Promise.all(enqueueing));
    expect(commits()).toBe(1);
    expect(count("UPDATE webhook_delivery")).toBe(0);
    expect(idsOf(await claim(store))).toEqual([]);
    expect(await settleSent(store, claimed)).toEqual(Array(5).fill("settled"));
  });

  it("does not let a new event overtake what was due before it", async () => {
    const { store } = spiedStore();
    const [late, early] = [
      await enqueue(store, "a", { delivery: { dueAt: T0 + 5 } }),
      await enqueue(store, "a", { delivery: { dueAt: T0 + 1 } }),
    ];
    const fresh = enqueue(store, "a", { delivery: { dueAt: T0 + 3 } });
    const claimed = await claim(store, T0 + 10, { limit: 2 });
    expect(idsOf(claimed)).toEqual([early, await fresh]);
    expect(idsOf(await claim(store, T0 + 10))).toEqual([late]);
  });

  it("keeps an ordered subscription's order among new events, and between old and new", async () => {
    const { store } = spiedStore();
    subscribe(store, "ordered", { ordered: true });
    const enqueueing = [1, 2, 3].map(() => enqueue(store, "ordered"));
    const first = await claim(store);
    const [one, two, three] = await Promise.all(enqueueing);
    expect(idsOf(first)).toEqual([one]);
    const four = enqueue(store, "ordered");
    expect(idsOf(await claim(store))).toEqual([]);
    for (const expected of [one, two, three, await four]) {
      const next = expected === one ? first : await claim(store);
      expect(idsOf(next)).toEqual([expected]);
      await settleSent(store, next);
    }
  });

  it("gives one of an ordered subscription's new events to one of two workers", async () => {
    const { store } = spiedStore();
    subscribe(store, "ordered", { ordered: true });
    const workers = ["one", "two"].map((worker) => ({ worker }));
    await Promise.all(workers.map((worker) => claim(store, T0, worker)));
    const enqueueing = [1, 2].map(() => enqueue(store, "ordered"));
    const claims = await Promise.all(workers.map((worker) => claim(store, T0, worker)));
    expect(claims.flatMap(idsOf)).toEqual([await enqueueing[0]]);
  });

  it("gives a new event to nobody who has no slots for it", async () => {
    const { store } = spiedStore();
    const enqueueing = [1, 2, 3].map(() => enqueue(store, "a"));
    const claimed = await claim(store, T0, { slots: () => 2 });
    const ids = await Promise.all(enqueueing);
    expect(idsOf(claimed)).toEqual(ids.slice(0, 2));
    expect(idsOf(await claim(store, T0, { freed: ["a"] }))).toEqual(ids.slice(2));
  });

  it("holds new events of a paused endpoint back, and does not claim them", async () => {
    const { store } = spiedStore();
    subscribe(store, "a", { endpoint: { status: "paused", failures: 0 } });
    const enqueueing = enqueue(store, "a");
    expect(await claim(store)).toEqual([]);
    await enqueueing;
    expect(countersOf(store)).toMatchObject({ pending: 1, held: 1 });
  });

  it("stores nothing of what cannot be stored, and all the rest of the transaction", async () => {
    const path = newPath();
    const store = createSqliteStore(path);
    subscribe(store, "a");
    const taken = await enqueue(store, "a");
    const results = await Promise.allSettled([
      enqueue(store, "a"),
      store.enqueue(messageOf("bad"), [newDelivery("a"), newDelivery("a", { id: taken })]),
      enqueue(store, "a"),
    ]);
    expect(results.map((each) => each.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(results[1]).toMatchObject({ reason: { code: "STORE_FAILED" } });
    expect(countersOf(store)).toEqual({ ...recount(path) });
    expect(store.stats().pending).toBe(3);
    expect(await claim(store)).toHaveLength(3);
    store.close();
  });

  it("splits what is more than fits into one transaction", async () => {
    const { store, commits } = spiedStore({ groupCommit: { maxSize: 10 } });
    await Promise.all(Array.from({ length: 35 }, () => enqueue(store, "a")));
    expect(commits()).toBe(4);
  });

  it("claims with the last of what one turn brings, and does not wait for ever for it", async () => {
    const { store, commits } = spiedStore({ groupCommit: { maxSize: 10 } });
    const few = Array.from({ length: 25 }, () => enqueue(store, "a"));
    const claimed = await claim(store);
    expect(claimed).toHaveLength(10 + 10 + 5);
    await Promise.all(few);
    const before = commits();
    const many = Array.from({ length: 200 }, () => enqueue(store, "a"));
    expect((await claim(store)).length).toBeGreaterThan(0);
    expect(commits() - before).toBeLessThan(10);
    await Promise.all(many);
  });

  it("commits every call by itself if it is told to", async () => {
    const { store, commits } = spiedStore({ groupCommit: false });
    await Promise.all(Array.from({ length: 5 }, () => enqueue(store, "a")));
    expect(commits()).toBe(5);
  });

  it("gathers for longer if it is told to", async () => {
    const { store, commits } = spiedStore({ groupCommit: { maxDelayMs: 20 } });
    const first = enqueue(store, "a");
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([first, enqueue(store, "a")]);
    expect(commits()).toBe(1);
  });

  it("commits what waits before a change of a subscription, so that the change comes last", async () => {
    const { store, ran } = spiedStore();
    const enqueueing = enqueue(store, "a");
    subscribe(store, "a", { active: false });
    const tables = ran.map((sql) => /^INSERT.* (webhook_\w+)/.exec(sql)?.[1]);
    const order = ["webhook_message", "webhook_delivery", "webhook_subscription"];
    expect(tables.filter((table) => table !== undefined && order.includes(table))).toEqual(order);
    await enqueueing;
  });

  it("commits what waits when it is closed, and refuses what comes after", async () => {
    const path = newPath();
    const store = createSqliteStore(path);
    subscribe(store, "a");
    const enqueueing = enqueue(store, "a");
    store.close();
    await enqueueing;
    expect(recount(path)?.["pending"]).toBe(1);
    for (const late of [() => enqueue(store, "a"), () => store.stats(), () => claim(store)]) {
      expect(await errorOf(late)).toMatchObject({ name: "WebhookError", code: "CLOSED" });
    }
  });

  it("removes many finished deliveries in small steps, with turns for others in between", async () => {
    const { store, commits } = spiedStore();
    const deliveries = Array.from({ length: 300 }, () => newDelivery("a"));
    await store.enqueue(messageOf("many"), deliveries);
    await settleSent(store, await claim(store));
    const before = commits();
    let turns = 0;
    let ticking = setImmediate(function tick() {
      turns += 1;
      ticking = setImmediate(tick);
    });
    expect(await store.prune({ keep: 0, limit: 1000 })).toBe(300);
    clearImmediate(ticking);
    expect(commits() - before).toBeGreaterThanOrEqual(5);
    expect(turns).toBeGreaterThanOrEqual(4);
    expect(store.stats().sent).toBe(0);
  });

  it("gives up a removed subscription's large backlog in steps, and counts right all the time", async () => {
    const path = newPath();
    const store = createSqliteStore(path);
    subscribe(store, "a");
    const deliveries = Array.from({ length: 2500 }, () => newDelivery("a"));
    await store.enqueue(messageOf("many"), deliveries);
    expect(store.subscriptions.delete("a", T0)).toBe(true);
    expect(countersOf(store)).toEqual({ ...recount(path) });
    expect(store.stats().dead).toBeGreaterThan(0);
    expect(await claim(store)).toEqual([]);
    store.close();

    const again = createSqliteStore(path);
    await until(() => again.stats().dead === 2500);
    expect(countersOf(again)).toEqual({ ...recount(path) });
    again.close();
  });
});
