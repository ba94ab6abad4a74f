import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, vi } from "vitest";
import { createOutboundWebhookManager } from "../../src/outbound/manager.ts";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { createScriptedTransport } from "../outbound/scripted-transport.ts";
import { recount } from "./recount.ts";
import { claim, countersOf, createPaths, enqueue, errorOf, subscribe, until } from "./support.ts";

const newPath = createPaths();
const URL_A = "https://a.example.com/hook";
const SECRET = "a-secret-of-the-tests";

/** A database whose size can be bounded, which is as good as a full disk. */
function boundedDisk() {
  const path = newPath();
  const disk = new DatabaseSync(path);
  disk.exec("PRAGMA journal_mode = WAL");
  const pages = (): number => Number(disk.prepare("PRAGMA page_count").get()?.["page_count"]);
  return {
    path,
    disk,
    fill: (room = 0) => disk.exec(`PRAGMA max_page_count = ${pages() + room}`),
    makeRoom: () => disk.exec("PRAGMA max_page_count = 1000000"),
  };
}

/** Enqueues until the disk is full. Returns how many were stored, and the error. */
async function enqueueUntilFull(store: ReturnType<typeof createSqliteStore>) {
  const payload = new Uint8Array(2000);
  for (let stored = 0; stored < 10_000; stored += 1) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await enqueue(store, "a", { message: { payload } });
    } catch (error) {
      return { stored, error };
    }
  }
  throw new Error("the disk was never full");
}

describe("on a full disk, the SQLite store", () => {
  it("refuses what it cannot store, keeps what it has, and goes on when there is room", async () => {
    const { path, disk, fill, makeRoom } = boundedDisk();
    const store = createSqliteStore(disk);
    subscribe(store, "a");
    fill(20);
    const { stored, error } = await enqueueUntilFull(store);
    expect(error).toMatchObject({
      name: "WebhookError",
      code: "STORE_FAILED",
      message: expect.stringContaining("the disk is full"),
    });
    expect(error).toHaveProperty("cause");
    expect(stored).toBeGreaterThan(5);
    expect(countersOf(store)).toEqual({ ...recount(path) });
    expect(store.stats().pending).toBe(stored);

    makeRoom();
    await enqueue(store, "a");
    expect(await claim(store)).toHaveLength(stored + 1);
    expect(countersOf(store)).toEqual({ ...recount(path) });
    disk.close();
  });

  it("refuses a change of a subscription, and leaves it as it was", async () => {
    const { disk, fill, makeRoom } = boundedDisk();
    const store = createSqliteStore(disk);
    subscribe(store, "a");
    const before = store.subscriptions.get("a");
    fill();
    const metadata = { text: "x".repeat(20_000) };
    const error = await errorOf(() => subscribe(store, "a", { metadata }));
    expect(error).toMatchObject({ code: "STORE_FAILED" });
    expect(store.subscriptions.get("a")).toEqual(before);
    makeRoom();
    subscribe(store, "a", { metadata });
    expect(store.subscriptions.get("a")?.metadata).toEqual(metadata);
    disk.close();
  });

  it("lets the sender write down what it had done as soon as there is room again", async () => {
    const { path, disk, fill, makeRoom } = boundedDisk();
    const transport = createScriptedTransport({ [URL_A]: ["hang"] });
    const errors: unknown[] = [];
    const outbound = createOutboundWebhookManager({
      store: createSqliteStore(disk),
      transport,
      maxResponseBytes: 100_000,
      hooks: { onError: ({ error }) => void errors.push(error) },
    });
    outbound.subscribe({ url: URL_A, secret: SECRET });
    await outbound.send("x", {});
    await until(() => transport.requests.length === 1);
    // So full that not even a page for the log of attempts is to be had.
    fill();
    await until(() => {
      try {
        disk.exec("CREATE TABLE IF NOT EXISTS filler (text TEXT)");
        disk.prepare("INSERT INTO filler VALUES (?)").run("x".repeat(500));
        return false;
      } catch {
        return true;
      }
    });
    const full = await errorOf(() => outbound.send("x", { text: "x".repeat(20_000) }));
    expect(full).toMatchObject({ code: "STORE_FAILED" });
    transport.waiting[0]?.();
    makeRoom();
    await until(() => outbound.stats().sent === 1);
    expect(transport.requests).toHaveLength(1);
    expect(outbound.listAttempts(outbound.listDeliveries()[0]?.id ?? "")).toHaveLength(1);
    await outbound.send("x", {});
    await until(() => transport.requests.length === 2);
    outbound.destroy();
    // The request that hangs is given back.
    await until(() => recount(path)?.["pending"] === 1);
    disk.close();
  });
});

/** A store, and another connection that holds the write lock. */
function locked(busyTimeoutMs: number) {
  const path = newPath();
  const store = createSqliteStore(path, { busyTimeoutMs });
  subscribe(store, "a");
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  return { path, store, other };
}

describe("on a locked database, the SQLite store", () => {
  it("waits for the lock without blocking, and stores everything then", async () => {
    const { store, other } = locked(5000);
    const stored = vi.fn<() => void>();
    const enqueueing = enqueue(store, "a").then(stored);
    // The event loop turns meanwhile, or this would never end.
    const end = performance.now() + 100;
    await until(() => performance.now() > end);
    expect(stored).not.toHaveBeenCalled();
    other.exec("COMMIT");
    await enqueueing;
    expect(store.stats().pending).toBe(1);
    other.close();
    store.close();
  });

  it("gives up after busyTimeoutMs, with nothing stored", async () => {
    const { path, store, other } = locked(50);
    const startedAt = performance.now();
    for (const refused of [
      () => enqueue(store, "a"),
      () => subscribe(store, "b"),
      () => store.subscriptions.delete("a", 0),
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await errorOf(refused)).toMatchObject({
        code: "STORE_FAILED",
        message: expect.stringContaining("busyTimeoutMs"),
      });
    }
    expect(performance.now() - startedAt).toBeLessThan(4000);
    other.exec("COMMIT");
    expect(countersOf(store)).toMatchObject({ subscriptions: 1, pending: 0 });
    expect(countersOf(store)).toEqual({ ...recount(path) });
    await enqueue(store, "a");
    other.close();
    store.close();
  });

  it("goes on reading what was committed", async () => {
    const { store, other } = locked(50);
    expect(store.stats().subscriptions).toBe(1);
    expect(store.subscriptions.get("a")?.id).toBe("a");
    expect(store.deliveries.list({}, { limit: 10 })).toEqual([]);
    other.close();
    store.close();
  });

  it("cannot be opened while its tables have to be made", async () => {
    const path = newPath();
    const other = new DatabaseSync(path);
    other.exec("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE");
    const error = await errorOf(() => createSqliteStore(path, { busyTimeoutMs: 20 }));
    expect(error).toMatchObject({ code: "STORE_FAILED" });
    other.exec("COMMIT");
    createSqliteStore(path).close();
    other.close();
  });

  it("keeps a sender going that settles while the lock is held for longer than the timeout", async () => {
    const { store, other } = locked(30);
    const errors: unknown[] = [];
    const transport = createScriptedTransport();
    other.exec("COMMIT");
    const outbound = createOutboundWebhookManager({
      store,
      transport,
      hooks: { onError: ({ error }) => void errors.push(error) },
    });
    const ids = await outbound.send("order.created", {});
    other.exec("BEGIN IMMEDIATE");
    await until(() => errors.length > 0);
    expect(errors[0]).toMatchObject({ code: "STORE_FAILED" });
    other.exec("COMMIT");
    await until(() => outbound.getDelivery(ids[0] ?? "")?.status === "sent");
    expect(transport.requests).toHaveLength(1);
    other.close();
    await outbound.close();
  });
});
