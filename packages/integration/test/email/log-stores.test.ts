import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import type { EmailLogStore } from "../../src/email/index.ts";
import { createMemoryEmailLogStore } from "../../src/email/index.ts";
import { createSqliteEmailLogStore } from "../../src/email/sqlite/index.ts";
import { emailLogStoreCases } from "../../src/testing/index.ts";
import { T0 } from "./set-up.ts";

const folder = mkdtempSync(join(tmpdir(), "email-log-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newFile = () => join(folder, `log-${(files += 1)}.db`);

const email = (id: string) => ({
  id,
  operationId: `op-${id}`,
  slot: "",
  to: `${id}@example.com`,
  templateId: "welcome",
});

const SQLITE = pathToFileURL(join(import.meta.dirname, "../../src/email/sqlite/index.ts")).href;
/** Begins the same hundred e-mails as its sibling processes, and prints how many of them it may send. */
const WRITER = `
  import { createSqliteEmailLogStore } from ${JSON.stringify(SQLITE)};
  const [path, name] = process.argv.slice(2);
  const store = createSqliteEmailLogStore({ path });
  let started = 0;
  for (let n = 0; n < 100; n += 1) {
    const id = name + n;
    const email = { id, operationId: "op-" + n, slot: "", to: "j@example.com", templateId: "t" };
    if (store.begin([email], n)[0].started) started += 1;
  }
  store.close();
  console.log(started);
`;

describe.each<[string, () => EmailLogStore]>([
  ["in memory", () => createMemoryEmailLogStore()],
  ["in SQLite", () => createSqliteEmailLogStore({ path: newFile() })],
])("the log %s", (_name, open) => {
  for (const { name, run } of emailLogStoreCases) it(name, () => run({ open }));
});

describe("the log in memory", () => {
  it("forgets the oldest beyond its bound, what is unresolved last and what is being sent never", async () => {
    const store = createMemoryEmailLogStore({ maxRecords: 2 });
    await store.begin([email("a")], T0);
    await store.settle([{ id: "a", attempt: 1 }], { handOver: "unknown" }, T0);
    await store.begin([email("b")], T0);
    await store.settle([{ id: "b", attempt: 1 }], { handOver: "sent" }, T0);
    await store.begin([email("c")], T0);
    expect((await store.list()).records.map(({ id }) => id)).toEqual(["a", "c"]);
    await store.begin([email("d"), email("e")], T0);
    expect((await store.list()).records.map(({ id }) => id)).toEqual(["c", "d", "e"]);
  });

  it("refuses a bound that is none", () => {
    expect(() => createMemoryEmailLogStore({ maxRecords: 0 })).toThrow(/maxRecords/);
  });
});

describe("the log in SQLite", () => {
  it("has it all after it was closed and opened again", async () => {
    const path = newFile();
    const before = createSqliteEmailLogStore({ path });
    expect(before.durable).toBe(true);
    await before.begin([email("a")], T0);
    await before.settle(
      [{ id: "a", attempt: 1 }],
      { handOver: "unknown", provider: "sendgrid", errorCode: "TIMEOUT" },
      T0 + 1,
    );
    await before.apply(
      [{ eventId: "e1", type: "unsubscribed", messageIds: [], reference: "a" }],
      T0 + 2,
    );
    const known = await before.get("a");
    await before.close();
    const after = createSqliteEmailLogStore({ path });
    expect(await after.get("a")).toEqual(known);
    expect(
      await after.apply([{ eventId: "e1", type: "delivered", messageIds: [], reference: "a" }], T0),
    ).toEqual([{ outcome: "duplicate" }]);
    await after.close();
  });

  it("is shared by two that have it open: only one may send", async () => {
    const path = newFile();
    const [one, two] = [createSqliteEmailLogStore({ path }), createSqliteEmailLogStore({ path })];
    const begun = [
      ...(await one.begin([email("a")], T0)),
      ...(await two.begin([{ ...email("b"), operationId: "op-a", to: "a@example.com" }], T0)),
    ];
    expect(begun.map(({ started }) => started)).toEqual([true, false]);
    await one.close();
    await two.close();
  });

  // A child process has to read TypeScript by itself.
  const canReadTypeScript =
    process.versions.bun !== undefined || Boolean(process.features.typescript);
  it.skipIf(!canReadTypeScript)(
    "is shared by processes that write at the same time",
    async () => {
      const [path, script] = [newFile(), join(folder, "writer.mjs")];
      await createSqliteEmailLogStore({ path }).close();
      writeFileSync(script, WRITER);
      const run = promisify(execFile);
      const outputs = await Promise.all(
        ["a", "b", "c"].map((name) => run(process.execPath, [script, path, name])),
      );
      const counts = outputs.map(({ stdout }) => Number(stdout));
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(100);
    },
    30_000,
  );

  it("writes a batch as a whole or not at all", async () => {
    const store = createSqliteEmailLogStore({ path: newFile() });
    await store.begin([email("a")], T0);
    const clash = { ...email("a"), operationId: "other" };
    await expect(async () => store.begin([email("b"), clash], T0)).rejects.toThrow(/UNIQUE/);
    expect(await store.get("b")).toBeUndefined();
    expect((await store.begin([email("c")], T0))[0]?.started).toBe(true);
    await store.close();
  });

  it("says so when the file is no database", () => {
    const path = join(folder, "text.db");
    writeFileSync(path, "this is no database, and long enough to be sure of that".repeat(50));
    expect(() => createSqliteEmailLogStore({ path })).toThrow(/cannot be used/);
    expect(() => createSqliteEmailLogStore({ path: "" })).toThrow(/path must be/);
    expect(() => createSqliteEmailLogStore({ path: ":memory:", busyTimeoutMs: -1 })).toThrow(
      /busyTimeoutMs/,
    );
    expect(() => createSqliteEmailLogStore({ path: join(folder, "no", "such", "log.db") })).toThrow(
      /cannot be used/,
    );
  });

  it("is not durable in memory", async () => {
    const store = createSqliteEmailLogStore({ path: ":memory:" });
    expect(store.durable).toBe(false);
    await store.close();
  });
});
