/**
 * Claims what is due and tells the ids on its standard output; settles it all as sent when it is told to, and tells the
 * results. For a test that stops a process in between. Takes a path, a time, and how long the leases are.
 */
import { createInterface } from "node:readline";
import { createSqliteStore } from "../../../src/store/sqlite/index.ts";

const [path = "", now = "", leaseMs = ""] = process.argv.slice(2);
const at = Number(now);
const store = createSqliteStore(path);
const claimed = await store.claim({
  ...{ now: at, limit: 100, leaseMs: Number(leaseMs), worker: "holder", freed: [] },
  slots: () => 100,
});
console.log(JSON.stringify(claimed.map(({ delivery }) => delivery.id)));

createInterface({ input: process.stdin }).once("line", async () => {
  const settled = await store.settle(
    claimed.map(({ delivery, token }) => ({
      ...{ deliveryId: delivery.id, token, at, result: "sent" as const },
      attempt: { number: 1, at, status: 200, timings: { totalMs: 1 } },
    })),
  );
  console.log(JSON.stringify(settled));
  store.close();
  process.exit(0);
});
process.stdin.on("end", () => process.exit(1));
