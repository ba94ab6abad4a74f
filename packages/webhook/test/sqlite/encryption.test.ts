import { existsSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { toBase64, toHex } from "../../src/signing/bytes.ts";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import type { SqliteStoreOptions } from "../../src/store/sqlite/index.ts";
import { createPaths, errorOf, subscribe } from "./support.ts";

const newPath = createPaths();

const OLD = new Uint8Array(32).fill(1);
const NEW = new Uint8Array(32).fill(2);
/** What must not stand in the file. */
const CREDENTIALS = {
  secrets: [{ value: "secret-value-1" }, { value: "secret-value-2", expiresAt: 5 }],
  headers: { authorization: "Bearer header-value" },
  proxy: "http://user:proxy-password@proxy.example.com:3128",
  tls: { key: "-----BEGIN PRIVATE KEY-----" },
};
const WORDS = ["secret-value", "header-value", "proxy-password", "PRIVATE KEY"];

function wordsIn(path: string): string[] {
  const files = [path, `${path}-wal`].filter((file) => existsSync(file));
  const text = files.map((file) => readFileSync(file, "latin1")).join("\n");
  return WORDS.filter((word) => text.includes(word));
}

function keyIdsIn(path: string): unknown[] {
  const database = new DatabaseSync(path);
  const rows = database.prepare("SELECT sealed_key FROM webhook_subscription ORDER BY sub").all();
  database.close();
  return rows.map((row) => row["sealed_key"]);
}

/** A file with subscriptions, closed. */
function written(options: SqliteStoreOptions, ...names: readonly string[]): string {
  const path = newPath();
  const store = createSqliteStore(path, options);
  for (const name of names) subscribe(store, name, CREDENTIALS);
  store.close();
  return path;
}

describe("encryption", () => {
  it("keeps secrets, headers, TLS keys and proxies out of the file", () => {
    expect(wordsIn(written({}, "a"))).toEqual(WORDS);
    const path = newPath();
    const store = createSqliteStore(path, { encryption: { key: OLD } });
    subscribe(store, "a", CREDENTIALS);
    expect(wordsIn(path)).toEqual([]);
    expect(store.subscriptions.get("a")).toMatchObject(CREDENTIALS);
    store.close();
    expect(wordsIn(path)).toEqual([]);
    const again = createSqliteStore(path, { encryption: { key: OLD } });
    expect(again.subscriptions.get("a")).toMatchObject(CREDENTIALS);
    again.close();
  });

  it("takes a key as bytes, in base64 and in hex", () => {
    const path = written({ encryption: { key: OLD } }, "a");
    for (const key of [OLD, toBase64(OLD), toHex(OLD)]) {
      const store = createSqliteStore(path, { encryption: { key } });
      expect(store.subscriptions.get("a")).toMatchObject(CREDENTIALS);
      store.close();
    }
  });

  it.each([
    ["too short", new Uint8Array(16)],
    ["too long", new Uint8Array(64)],
    ["a passphrase", "correct horse battery staple"],
    ["empty", ""],
    ["half of hex", "0".repeat(32)],
    ["no key at all", undefined],
  ])("refuses a key that is %s without naming it", async (_, key) => {
    const encryption = { key: key as string };
    const error = await errorOf(() => createSqliteStore(newPath(), { encryption }));
    expect(error.code).toBe("INVALID_KEY");
    expect(error.message).not.toContain(typeof key === "string" && key !== "" ? key : "\0");
  });

  it.each([
    ["another key", { encryption: { key: NEW } }],
    ["no key", {}],
  ])(
    "refuses a file that was encrypted, with %s, and names neither key nor secret",
    async (_, options) => {
      const path = written({ encryption: { key: OLD } }, "a");
      const error = await errorOf(() => createSqliteStore(path, options));
      expect(error).toMatchObject({
        code: "STORE_FAILED",
        message: expect.stringContaining("encryption.keys"),
      });
      const told = `${error.message} ${error.stack} ${String(error.cause)}`;
      for (const hidden of [...WORDS, toHex(OLD), toHex(NEW), toBase64(OLD), toBase64(NEW)]) {
        expect(told).not.toContain(hidden);
      }
      // It was left as it was.
      const store = createSqliteStore(path, { encryption: { key: OLD } });
      expect(store.subscriptions.get("a")).toMatchObject(CREDENTIALS);
      store.close();
    },
  );

  it("reads with every key that is listed, and changes over to the first one", async () => {
    const path = written({ encryption: { key: OLD } }, "a", "b", "c");
    const store = createSqliteStore(path, { encryption: { keys: [NEW, OLD] } });
    const [old] = keyIdsIn(path);
    expect(store.subscriptions.list()).toHaveLength(3);
    // By and by: whatever is changed is written with the new key.
    subscribe(store, "b", CREDENTIALS);
    expect(keyIdsIn(path)).toEqual([old, expect.not.stringContaining(String(old)), old]);
    // Or all at once.
    expect(await store.rotateEncryption()).toBe(2);
    expect(await store.rotateEncryption()).toBe(0);
    store.close();
    const again = createSqliteStore(path, { encryption: { key: NEW } });
    for (const each of again.subscriptions.list()) expect(each).toMatchObject(CREDENTIALS);
    again.close();
    expect(
      await errorOf(() => createSqliteStore(path, { encryption: { key: OLD } })),
    ).toMatchObject({
      code: "STORE_FAILED",
    });
  });

  it("encrypts what was there before there was a key", async () => {
    const names = Array.from({ length: 250 }, (_each, index) => `s${index}`);
    const path = written({}, ...names);
    const store = createSqliteStore(path, { encryption: { key: OLD } });
    expect(await store.rotateEncryption()).toBe(250);
    store.close();
    expect(wordsIn(path)).toEqual([]);
    expect(new Set(keyIdsIn(path)).size).toBe(1);
  });

  it("cannot be rotated without a key", async () => {
    const store = createSqliteStore(":memory:");
    expect(await errorOf(() => store.rotateEncryption())).toMatchObject({ code: "INVALID_OPTION" });
    store.close();
  });

  it("notices credentials that were moved to another subscription or changed", async () => {
    const encryption = { key: OLD };
    const path = written({ encryption }, "a", "b");
    const database = new DatabaseSync(path);
    const sealed = "(SELECT sealed FROM webhook_subscription WHERE sub = 1)";
    database.exec(`UPDATE webhook_subscription SET sealed = ${sealed} WHERE sub = 2`);
    const store = createSqliteStore(path, { encryption });
    expect(store.subscriptions.get("a")).toMatchObject(CREDENTIALS);
    const error = await errorOf(() => store.subscriptions.get("b"));
    expect(error).toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringContaining("changed or damaged"),
    });
    store.close();
    database.close();
  });

  it("encrypts the same credentials otherwise each time", () => {
    const path = written({ encryption: { key: OLD } }, "a", "b");
    const database = new DatabaseSync(path);
    const rows = database.prepare("SELECT hex(sealed) AS sealed FROM webhook_subscription").all();
    expect(new Set(rows.map((row) => String(row["sealed"]).slice(0, 24))).size).toBe(2);
    database.close();
  });
});
