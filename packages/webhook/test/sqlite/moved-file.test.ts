import { copyFileSync, existsSync, renameSync, rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createOutboundWebhookManager } from "../../src/outbound/manager.ts";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { createScriptedTransport } from "../outbound/scripted-transport.ts";
import { claim, createPaths, enqueue, errorOf, settleSent, subscribe, until } from "./support.ts";

const newPath = createPaths();
const MOVED = {
  code: "STORE_FAILED",
  message: expect.stringContaining("deleted, moved or replaced"),
};

function opened() {
  const path = newPath();
  const store = createSqliteStore(path);
  subscribe(store, "a");
  return { path, store };
}

// There a file that is open can be neither deleted nor moved.
describe.skipIf(process.platform === "win32")("a file that is taken away while it is open", () => {
  it("is noticed if it is deleted: nothing more is accepted, claimed, settled or changed", async () => {
    const { path, store } = opened();
    await enqueue(store, "a");
    const claimed = await claim(store);
    await enqueue(store, "a");
    for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`);
    for (const refused of [
      () => enqueue(store, "a"),
      () => claim(store),
      () => settleSent(store, claimed),
      () => subscribe(store, "b"),
      () => store.subscriptions.delete("a", 0),
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await errorOf(refused)).toMatchObject(MOVED);
    }
    store.close();
    expect(existsSync(path)).toBe(false);
  });

  it("is noticed if another one is put in its place", async () => {
    const { path, store } = opened();
    const other = opened();
    other.store.close();
    rmSync(path);
    copyFileSync(other.path, path);
    expect(await errorOf(() => enqueue(store, "a"))).toMatchObject(MOVED);
    store.close();
  });

  it("is gone on with if it is put back", async () => {
    const { path, store } = opened();
    const before = await enqueue(store, "a");
    renameSync(path, `${path}.away`);
    expect(await errorOf(() => enqueue(store, "a"))).toMatchObject(MOVED);
    renameSync(`${path}.away`, path);
    const after = await enqueue(store, "a");
    store.close();
    const again = createSqliteStore(path);
    const found = again.deliveries.list({}, { limit: 10 }).map((each) => each.id);
    expect(found).toEqual([before, after]);
    again.close();
  });

  it("lets a sender say so, and end", async () => {
    const path = newPath();
    const errors: unknown[] = [];
    const transport = createScriptedTransport();
    const outbound = createOutboundWebhookManager({
      ...{ store: createSqliteStore(path), transport },
      hooks: { onError: ({ error }) => void errors.push(error) },
    });
    outbound.subscribe({ url: "https://a.example.com/hook", secret: "a-secret-of-the-tests" });
    await outbound.send("x", {});
    await until(() => outbound.stats().sent === 1);
    rmSync(path);
    expect(await errorOf(() => outbound.send("x", {}))).toMatchObject(MOVED);
    await until(() => errors.length > 0);
    expect(errors[0]).toMatchObject(MOVED);
    expect(transport.requests).toHaveLength(1);
    await outbound.close({ timeoutMs: 0 });
  });
});
