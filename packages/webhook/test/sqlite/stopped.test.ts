import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { recount } from "./recount.ts";
import {
  claim,
  countersOf,
  createPaths,
  enqueue,
  idsOf,
  LEASE_MS,
  settleSent,
  subscribe,
  T0,
} from "./support.ts";

const newPath = createPaths();

/** A process that has claimed everything; reads what it tells. */
function startHolder(path: string) {
  const script = join(import.meta.dirname, "crash", "holder.ts");
  const child = spawn(process.execPath, [script, path, String(T0), String(LEASE_MS)], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, NODE_NO_WARNINGS: "1" },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    async told(): Promise<unknown> {
      const { value } = await lines.next();
      return JSON.parse(String(value));
    },
  };
}

describe.skipIf(process.platform === "win32")("a process that is stopped for a while", () => {
  it("is fenced off when it goes on after its leases have run out: nothing counts twice", async () => {
    const path = newPath();
    const store = createSqliteStore(path);
    subscribe(store, "a");
    const ids = [await enqueue(store, "a"), await enqueue(store, "a")];
    const holder = startHolder(path);
    try {
      expect(await holder.told()).toEqual(ids);
      holder.child.kill("SIGSTOP");
      expect(await claim(store, T0 + LEASE_MS - 1)).toEqual([]);
      const [first, second] = await claim(store, T0 + LEASE_MS);
      expect(idsOf(first && second ? [first, second] : [])).toEqual(ids);
      // One is done when the other process goes on, the other one is still on its way.
      if (first) await settleSent(store, [first], T0 + LEASE_MS);
      holder.child.stdin.write("settle\n");
      holder.child.kill("SIGCONT");
      expect(await holder.told()).toEqual(["fenced", "fenced"]);
      expect(await settleSent(store, second ? [second] : [], T0 + LEASE_MS)).toEqual(["settled"]);
      expect(countersOf(store)).toMatchObject({ pending: 0, sent: 2 });
      expect(countersOf(store)).toEqual({ ...recount(path) });
      for (const id of ids) {
        expect(store.deliveries.get(id)).toMatchObject({ status: "sent", attempts: 1 });
        expect(store.attempts.list(id).map(({ at }) => at)).toEqual([T0 + LEASE_MS]);
      }
      store.close();
    } finally {
      holder.child.kill("SIGKILL");
    }
  }, 20_000);
});
