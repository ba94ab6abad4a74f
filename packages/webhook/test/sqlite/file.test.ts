import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { claim, createPaths, enqueue, errorOf, settleSent, subscribe, T0 } from "./support.ts";

const newPath = createPaths();

/** A database with something in it, closed. */
async function written(): Promise<string> {
  const path = newPath();
  const store = createSqliteStore(path);
  subscribe(store, "a");
  for (let count = 0; count < 50; count += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await enqueue(store, "a", { message: { payload: new Uint8Array(3000) } });
  }
  await settleSent(store, await claim(store, T0, { limit: 20 }));
  store.close();
  return path;
}

describe("a file that is no good", () => {
  it("is refused if it is not a database", async () => {
    const path = newPath();
    const text = "This is a text, and no database. ".repeat(200);
    writeFileSync(path, text);
    const error = await errorOf(() => createSqliteStore(path));
    expect(error).toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringContaining("not an SQLite database"),
    });
    expect(error).toHaveProperty("cause");
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  it("is refused if its folder does not exist", async () => {
    const path = `${newPath()}/nowhere/webhooks.db`;
    expect(await errorOf(() => createSqliteStore(path))).toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringContaining("cannot be opened"),
    });
  });

  it("is refused if it was written by a newer release, and left alone", async () => {
    const path = await written();
    const database = new DatabaseSync(path);
    database.exec("UPDATE webhook_meta SET schema_version = 99");
    expect(await errorOf(() => createSqliteStore(path))).toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringMatching(/version 99.*upgrade @ventostack\/webhook/),
    });
    const after = database.prepare("SELECT schema_version FROM webhook_meta").get();
    expect(after?.["schema_version"]).toBe(99);
    database.close();
  });

  it("fails with a code when it was cut short, and does not hang", async () => {
    const path = await written();
    truncateSync(path, Math.floor(statSync(path).size / 2 / 4096) * 4096);
    const error = await errorOf(async () => {
      const store = createSqliteStore(path);
      await claim(store);
      store.deliveries.list({}, { limit: 1000 });
    });
    expect(error).toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringMatching(/damaged|cut short/),
    });
  });

  it("fails with a code when it was overwritten in the middle, and does not hang", async () => {
    const path = await written();
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4096, bytes.length);
    writeFileSync(path, bytes);
    const error = await errorOf(() => createSqliteStore(path));
    expect(error).toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringContaining("damaged"),
    });
  });

  it("is refused if it is read-only, before anything is given to it", async () => {
    const path = await written();
    const error = await errorOf(() => createSqliteStore(`file:${path}?mode=ro`));
    expect(error).toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringContaining("read-only"),
    });
    createSqliteStore(path).close();
  });

  it("can be opened while somebody else is writing", async () => {
    const path = await written();
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    const store = createSqliteStore(path, { busyTimeoutMs: 5000 });
    expect(store.stats().sent).toBe(20);
    other.exec("ROLLBACK");
    other.close();
    store.close();
  });

  it("can be read, but takes nothing, if it is opened read-only by its owner", async () => {
    const path = await written();
    const handle = new DatabaseSync(path, { readOnly: true });
    const store = createSqliteStore(handle);
    expect(store.stats().sent).toBe(20);
    for (const refused of [
      () => enqueue(store, "a"),
      () => claim(store),
      () => subscribe(store, "b"),
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await errorOf(refused)).toMatchObject({
        code: "STORE_FAILED",
        message: expect.stringContaining("read-only"),
      });
    }
    handle.close();
  });

  it("is refused if it is read-only and has no tables yet", async () => {
    const path = newPath();
    new DatabaseSync(path).close();
    writeFileSync(path, "");
    const handle = new DatabaseSync(path, { readOnly: true });
    expect(await errorOf(() => createSqliteStore(handle))).toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringContaining("read-only"),
    });
    handle.close();
  });

  it.skipIf(process.platform === "win32")("is made so that only its owner can read it", () => {
    const path = newPath();
    const store = createSqliteStore(path);
    subscribe(store, "a");
    for (const file of [path, `${path}-wal`, `${path}-shm`]) {
      expect(existsSync(file)).toBe(true);
      expect(statSync(file).mode & 0o077).toBe(0);
    }
    store.close();
  });
});

describe("an option that cannot be", () => {
  it.each([
    ["a path", [""]],
    ["a path", [7]],
    ["a path", [{}]],
    ["durability", ["x.db", { durability: "some" }]],
    ["busyTimeoutMs", ["x.db", { busyTimeoutMs: -1 }]],
    ["pollMs", ["x.db", { pollMs: 0 }]],
    ["groupCommit.maxSize", ["x.db", { groupCommit: { maxSize: 0.5 } }]],
    ["groupCommit.maxDelayMs", ["x.db", { groupCommit: { maxDelayMs: 5000 } }]],
  ])("is refused and named: %s", async (name, given) => {
    const [target, options] = given as Parameters<typeof createSqliteStore>;
    expect(await errorOf(() => createSqliteStore(target, options))).toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining(name),
    });
    expect(existsSync("x.db")).toBe(false);
  });
});
