/** What a start costs on a file that a killed process has left, with all its work still to be done. */
import { copyFileSync } from "node:fs";
import { createOutboundWebhookManager } from "../../packages/webhook/src/index.ts";
import { createSqliteStore } from "../../packages/webhook/src/store/sqlite/index.ts";
import type { Figure } from "../support/report.ts";
import { median } from "../support/rounds.ts";

export interface RecoveryOptions {
  readonly pending: number;
  readonly rounds: number;
  readonly urls: readonly string[];
  readonly payload: unknown;
  readonly newPath: () => string;
}

const network = { allow: ["127.0.0.0/8"] };
const CLAIMED = 128;
const SENDS_AT_ONCE = 1000;
const GOAL_MS = 2000;

/** A file as `kill -9` leaves it: the newest transactions are in the log only. */
async function leftBehind({ pending, urls, payload, newPath }: RecoveryOptions): Promise<string> {
  const path = newPath();
  const outbound = createOutboundWebhookManager({ store: createSqliteStore(path), network });
  const ids = urls.map((url, index) =>
    outbound.subscribe({ url, secret: "a-secret-of-32-characters-length", events: [`e.${index}`] }),
  );
  // Held while it is put there, so that nothing of it is done.
  for (const id of ids) outbound.pause(id);
  for (let sent = 0; sent < pending; sent += SENDS_AT_ONCE) {
    const each = Array.from({ length: Math.min(SENDS_AT_ONCE, pending - sent) }, (_each, index) =>
      outbound.send(`e.${(sent + index) % urls.length}`, payload),
    );
    await Promise.all(each);
  }
  const killed = newPath();
  const store = createSqliteStore(path);
  for (const subscription of store.subscriptions.list()) {
    store.subscriptions.put({ ...subscription, endpoint: { status: "ok", failures: 0 } });
  }
  for (const end of ["", "-wal"]) copyFileSync(`${path}${end}`, `${killed}${end}`);
  // The original is never used again.
  outbound.destroy();
  store.close();
  return killed;
}

function copyOf(path: string, newPath: () => string): string {
  const copy = newPath();
  for (const end of ["", "-wal"]) copyFileSync(`${path}${end}`, `${copy}${end}`);
  return copy;
}

async function storeTimes(path: string, pending: number): Promise<[opened: number, work: number]> {
  const startedAt = performance.now();
  const store = createSqliteStore(path);
  if (store.stats().pending !== pending) throw new Error("the counters are wrong");
  const opened = performance.now() - startedAt;
  const claimed = await store.claim({
    ...{ now: Date.now(), limit: CLAIMED, leaseMs: 20_000, worker: "bench", freed: [] },
    slots: () => CLAIMED,
  });
  if (claimed.length !== CLAIMED) throw new Error("the first claim found too little");
  const work = performance.now() - startedAt;
  store.close();
  return [opened, work];
}

async function senderTime(path: string): Promise<number> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    let tookMs: number | undefined;
    const outbound = createOutboundWebhookManager({
      store: createSqliteStore(path),
      network,
      hooks: {
        onDelivered() {
          if (tookMs !== undefined) return;
          tookMs = performance.now() - startedAt;
          outbound.destroy();
          resolve(tookMs);
        },
      },
    });
  });
}

export async function recoveryFigures(options: RecoveryOptions): Promise<Figure[]> {
  const { pending, rounds, newPath } = options;
  const left = await leftBehind(options);
  const times: [opened: number[], work: number[], delivered: number[]] = [[], [], []];
  for (let round = 0; round < rounds; round += 1) {
    const [opened, work] = await storeTimes(copyOf(left, newPath), pending);
    times[0].push(opened);
    times[1].push(work);
    times[2].push(await senderTime(copyOf(left, newPath)));
  }
  const what = [
    "the counters are right",
    `the first claim has handed out ${CLAIMED}`,
    "the first delivery has arrived",
  ];
  return what.map((name, index) => ({
    name: `${pending.toLocaleString("en")} pending: opened until ${name}`,
    value: median(times[index] ?? []),
    unit: "ms",
    goal: `< ${GOAL_MS}`,
  }));
}
