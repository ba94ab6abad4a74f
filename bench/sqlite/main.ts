/** Deliveries per second with the SQLite store, in both durabilities, next to the memory store over the same transport. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOutboundWebhookManager } from "../../packages/webhook/src/index.ts";
import type { DeliveryStore } from "../../packages/webhook/src/index.ts";
import { createMemoryStore } from "../../packages/webhook/src/store/memory-store.ts";
import { createSqliteStore } from "../../packages/webhook/src/store/sqlite/index.ts";
import type { Group } from "../support/report.ts";
import { report } from "../support/report.ts";
import type { Case } from "../support/rounds.ts";
import { measure, runRounds } from "../support/rounds.ts";
import { startSink } from "../support/sink-process.ts";

const COUNT = Number(process.env["BENCH_COUNT"] ?? 10_000);
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);
const IN_FLIGHT = 64;
const ENDPOINTS = (process.env["BENCH_ENDPOINTS"] ?? "1,100").split(",").map(Number);
const network = { allow: ["127.0.0.0/8"] };
const payload = { data: "x".repeat(1000) };

const folder = mkdtempSync(join(process.env["BENCH_FOLDER"] ?? tmpdir(), "bench-sqlite-"));
const stores: Readonly<Record<string, () => DeliveryStore<"sync">>> = {
  "deliver, memory store": createMemoryStore,
  "deliver, SQLite normal": () => createSqliteStore(join(folder, `normal-${(files += 1)}.db`)),
  "deliver, SQLite full": () =>
    createSqliteStore(join(folder, `full-${(files += 1)}.db`), { durability: "full" }),
};
let files = 0;

const groups: Group[] = [];
for (const endpoints of ENDPOINTS) {
  const sink = await startSink(endpoints);
  const cases: Record<string, Case> = {};
  const managers = Object.entries(stores).map(([name, open]) => {
    const outbound = createOutboundWebhookManager({
      network,
      store: open(),
      concurrencyPerEndpoint: IN_FLIGHT,
      hooks: { onError: ({ error }) => console.error(error) },
    });
    for (const [index, url] of sink.urls.entries()) {
      outbound.subscribe({
        url,
        secret: "a-secret-of-32-characters-length",
        events: [`e.${index}`],
      });
    }
    cases[name] = () =>
      measure(COUNT, IN_FLIGHT, (index) =>
        outbound.send(`e.${index % endpoints}`, payload, { wait: "attempted" }),
      );
    return outbound;
  });
  groups.push({
    title: `${endpoints} endpoint${endpoints === 1 ? "" : "s"}, 1 kB, ${IN_FLIGHT} in flight`,
    baseline: "deliver, memory store",
    rows: await runRounds(cases, ROUNDS),
  });
  for (const outbound of managers) await outbound.close();
  sink.stop();
}
report("sqlite", groups);
rmSync(folder, { recursive: true, force: true });
process.exit(0);
