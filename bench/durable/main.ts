/** What durability costs: the SQLite store in both durabilities next to the memory store, raw SQLite and BullMQ. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeliveryStore, OutboundWebhookManager } from "../../packages/webhook/src/index.ts";
import { createOutboundWebhookManager } from "../../packages/webhook/src/index.ts";
import { createMemoryStore } from "../../packages/webhook/src/store/memory-store.ts";
import { createSqliteStore } from "../../packages/webhook/src/store/sqlite/index.ts";
import type { BullmqCase, Redis } from "../support/redis.ts";
import { BULLMQ_POSTS_WITH, bullmqCase, startRedis } from "../support/redis.ts";
import type { Figure, Group } from "../support/report.ts";
import { report } from "../support/report.ts";
import type { Case } from "../support/rounds.ts";
import { measure, runRounds } from "../support/rounds.ts";
import { startSink } from "../support/sink-process.ts";
import { rawInserts } from "./raw.ts";
import { recoveryFigures } from "./recovery.ts";

const COUNT = Number(process.env["BENCH_COUNT"] ?? 10_000);
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);
const PENDING = Number(process.env["BENCH_PENDING"] ?? 100_000);
const ENDPOINTS = (process.env["BENCH_ENDPOINTS"] ?? "1,100").split(",").map(Number);
const IN_FLIGHT = 64;
const network = { allow: ["127.0.0.0/8"] };
const payload = { data: "x".repeat(1000) };
const text = JSON.stringify(payload);
const body = new TextEncoder().encode(text);

const folder = mkdtempSync(join(process.env["BENCH_FOLDER"] ?? tmpdir(), "bench-durable-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
let files = 0;
const newPath = (): string => join(folder, `${(files += 1)}.db`);

const DURABILITIES = ["normal", "full"] as const;
const MEMORY = "memory store";
const stores: Readonly<Record<string, () => DeliveryStore<"sync">>> = {
  [MEMORY]: createMemoryStore,
  "SQLite normal": () => createSqliteStore(newPath()),
  "SQLite full": () => createSqliteStore(newPath(), { durability: "full" }),
};
/** The least of the memory store's rate. */
const GOALS: Readonly<Record<string, number>> = { "SQLite normal": 0.5, "SQLite full": 0.35 };

/** `undefined` where there is none. What a Redis loses in a power failure is what decides which of ours it is like. */
const redis: Readonly<Record<string, Redis | undefined>> = {};
const everysec = await startRedis();
if (everysec) {
  Object.assign(redis, {
    "BullMQ, fsync each second": everysec,
    "BullMQ, fsync always": await startRedis({ appendfsync: "always" }),
  });
}

interface Cases {
  readonly cases: Record<string, Case>;
  readonly close: () => Promise<void>;
}

/** Our own sender over each of the stores, and BullMQ. */
async function casesFor(
  urls: readonly string[],
  verb: string,
  caseOf: (outbound: OutboundWebhookManager, ids: readonly string[]) => Case,
  bullmqUntil?: "accepted" | "delivered",
): Promise<Cases> {
  const cases: Record<string, Case> = {};
  const managers = Object.entries(stores).map(([name, open]) => {
    const outbound = createOutboundWebhookManager({
      network,
      store: open(),
      concurrencyPerEndpoint: IN_FLIGHT,
      hooks: { onError: ({ error }) => console.error(error) },
    });
    const ids = urls.map((url, index) =>
      outbound.subscribe({
        ...{ url, secret: "a-secret-of-32-characters-length", events: [`e.${index}`] },
      }),
    );
    cases[`${verb}, ${name}`] = caseOf(outbound, ids);
    return outbound;
  });
  const queues: BullmqCase[] = [];
  for (const [name, server] of Object.entries(redis)) {
    if (!server || !bullmqUntil) continue;
    const options = { count: COUNT, inFlight: IN_FLIGHT, body: text, until: bullmqUntil };
    const queue = await bullmqCase(server, urls, options);
    const posts = bullmqUntil === "delivered" ? ` (${BULLMQ_POSTS_WITH})` : "";
    cases[name.replace("BullMQ", `BullMQ${posts}`)] = queue.run;
    queues.push(queue);
  }
  return {
    cases,
    async close() {
      for (const outbound of managers) await outbound.close({ timeoutMs: 0 });
      for (const queue of queues) await queue.close();
    },
  };
}

/** `send` until it is stored, with a paused endpoint: nothing is attempted. */
async function accepting(urls: readonly string[]): Promise<Group> {
  const { cases, close } = await casesFor(
    urls,
    "accept",
    (outbound, ids) => {
      for (const id of ids) outbound.pause(id);
      return () =>
        measure(COUNT, IN_FLIGHT, () => outbound.send("e.0", payload, { wait: "accepted" }));
    },
    "accepted",
  );
  for (const durability of DURABILITIES) {
    for (const batch of [1, 100]) {
      const name = `raw inserts, ${batch} a transaction, ${durability}`;
      cases[name] = rawInserts({ count: COUNT, batch, durability, body, newPath });
    }
  }
  const rows = await runRounds(cases, ROUNDS);
  await close();
  const title = `accepted: send until it is stored, 1 kB, ${IN_FLIGHT} in flight`;
  return { title, baseline: `accept, ${MEMORY}`, rows };
}

/** `send` until its attempt is on record. */
async function delivering(urls: readonly string[]): Promise<Group> {
  const { cases, close } = await casesFor(
    urls,
    "deliver",
    (outbound) => () =>
      measure(COUNT, IN_FLIGHT, (index) =>
        outbound.send(`e.${index % urls.length}`, payload, { wait: "attempted" }),
      ),
    "delivered",
  );
  const rows = await runRounds(cases, ROUNDS);
  await close();
  const endpoints = `${urls.length} endpoint${urls.length === 1 ? "" : "s"}`;
  const title = `delivered: ${endpoints}, 1 kB, ${IN_FLIGHT} in flight`;
  return { title, baseline: `deliver, ${MEMORY}`, rows };
}

/** Faster than deliveries leave: per second counts deliveries to the last one, p50 and p99 are of `send` alone. */
async function bursting(urls: readonly string[]): Promise<Group> {
  const { cases, close } = await casesFor(urls, "burst", (outbound) => async () => {
    const startedAt = performance.now();
    const cpuBefore = process.cpuUsage();
    const sample = await measure(COUNT, IN_FLIGHT, (index) =>
      outbound.send(`e.${index % urls.length}`, payload, { wait: "accepted" }),
    );
    await outbound.drain();
    const cpu = process.cpuUsage(cpuBefore);
    return {
      ...sample,
      perSecond: (COUNT / (performance.now() - startedAt)) * 1000,
      cpuMicros: (cpu.user + cpu.system) / COUNT,
    };
  });
  const rows = await runRounds(cases, ROUNDS);
  await close();
  const title = `a burst: ${COUNT.toLocaleString("en")} sends as fast as they are stored; p50 and p99 of send`;
  return { title, baseline: `burst, ${MEMORY}`, rows };
}

/** The goals, as they came out. */
function ratios({ rows, baseline, title }: Group): Figure[] {
  const base = rows.find(({ name }) => name === baseline)?.perSecond ?? Number.NaN;
  return Object.entries(GOALS).map(([name, goal]) => ({
    name: `${name}, of the memory store's rate, ${title.split(",")[0] ?? title}`,
    value: (rows.find((row) => row.name === `deliver, ${name}`)?.perSecond ?? Number.NaN) / base,
    unit: "times",
    goal: `≥ ${goal}`,
  }));
}

const sink = await startSink(Math.max(...ENDPOINTS));
const groups = [await accepting(sink.urls.slice(0, 1))];
const figures: Figure[] = [];
for (const endpoints of ENDPOINTS) {
  const group = await delivering(sink.urls.slice(0, endpoints));
  groups.push(group);
  figures.push(...ratios(group));
}
groups.push(await bursting(sink.urls.slice(0, 1)));
const recovery = { pending: PENDING, rounds: ROUNDS, urls: sink.urls, payload, newPath };
figures.push(...(await recoveryFigures(recovery)));
report("durable", groups, figures);
sink.stop();
for (const server of Object.values(redis)) server?.stop();
process.exit(0);
