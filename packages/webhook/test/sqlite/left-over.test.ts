import { describe, expect, it } from "vitest";
import type { Database } from "../../src/store/sqlite/database.ts";
import { createGroupCommit } from "../../src/store/sqlite/group-commit.ts";
import { errorOf } from "./support.ts";

/** A database that only tells what was asked of it, and whose rollback fails so many times. */
function fakeDatabase(isOwn: boolean, failingRollbacks = 0) {
  const asked: string[] = [];
  let isOpen = false;
  let failures = failingRollbacks;
  const database: Database = {
    isOwn,
    file: "",
    handle: {
      exec: () => {},
      prepare: () => ({ run: () => ({ changes: 0 }), get: () => {}, all: () => [] }),
      close: () => {},
    },
    sql: () => ({ run: () => 0, get: () => undefined, all: () => [] }),
    exec: () => {},
    isInTransaction: () => isOpen,
    begin() {
      if (isOpen) throw new Error("cannot start a transaction within a transaction");
      asked.push("begin");
      isOpen = true;
    },
    commit() {
      asked.push("commit");
      isOpen = false;
    },
    rollback() {
      asked.push("rollback");
      if (failures > 0) failures -= 1;
      else isOpen = false;
    },
    close: () => {},
  };
  return { database, asked, open: () => void (isOpen = true), end: () => void (isOpen = false) };
}

function groupOver({ database, asked }: ReturnType<typeof fakeDatabase>) {
  const options = { busyTimeoutMs: 30, maxSize: 10, maxDelayMs: 0 };
  return createGroupCommit(database, options, {
    begun: () => {},
    beforeClaims: () => {},
    beforeCommit: () => {},
    committed: () => {},
    failed: () => void asked.push("failed"),
  });
}

const fails = {
  weight: 1,
  run(): never {
    throw new Error("no room");
  },
};
const works = { weight: 1, run: () => "done" };

describe("a transaction that is still open on the store's own connection", () => {
  it("is what a failed rollback has left, and is rolled back before the next one begins", async () => {
    const fake = fakeDatabase(true, 1);
    const group = groupOver(fake);
    expect(await errorOf(() => group.add(fails))).toMatchObject({ code: "STORE_FAILED" });
    expect(fake.database.isInTransaction()).toBe(true);
    fake.asked.length = 0;
    expect(await group.add(works)).toBe("done");
    expect(fake.asked).toEqual(["rollback", "failed", "begin", "commit"]);
  });

  it("does not keep a change of a subscription from being made either", () => {
    const fake = fakeDatabase(true);
    const group = groupOver(fake);
    fake.open();
    expect(group.now(() => "done")).toBe("done");
    expect(fake.asked).toEqual(["rollback", "failed", "begin", "commit"]);
  });

  it("fails with a code if it cannot be rolled back at all, and does not hang", async () => {
    const fake = fakeDatabase(true, Number.POSITIVE_INFINITY);
    const group = groupOver(fake);
    fake.open();
    expect(await errorOf(() => group.add(works))).toMatchObject({ code: "STORE_FAILED" });
    expect(await errorOf(() => group.now(() => "done"))).toMatchObject({ code: "STORE_FAILED" });
  });
});

describe("a transaction that is open on a handle that was handed in", () => {
  it("is somebody else's: it is waited for, and never rolled back", async () => {
    const fake = fakeDatabase(false);
    const group = groupOver(fake);
    fake.open();
    const adding = group.add(works);
    setTimeout(fake.end, 5);
    expect(await adding).toBe("done");
    expect(fake.asked).toEqual(["begin", "commit"]);
  });

  it("keeps a change of a subscription from being made", async () => {
    const fake = fakeDatabase(false);
    const group = groupOver(fake);
    fake.open();
    const error = await errorOf(() => group.now(() => "done"));
    expect(error).toMatchObject({ code: "STORE_FAILED" });
    expect(error.message).toContain("a transaction is open on the database handle");
    expect(fake.asked).toEqual([]);
  });
});
