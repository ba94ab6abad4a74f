/** A million pending retries: what it costs to add one, to take one and put it back, and to hold them. */
import { createDueQueue } from "../../packages/webhook/src/store/due-queue.ts";
import { createMemoryStore } from "../../packages/webhook/src/index.ts";
import type { StoredMessage, StoredSubscription } from "../../packages/webhook/src/index.ts";
import { collectGarbage } from "../support/garbage.ts";
import { report } from "../support/report.ts";
import { median } from "../support/rounds.ts";

const SIZE = 1_000_000;
const ROUNDS = 5;

function heapBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers, external } = process.memoryUsage();
  return heapUsed + Math.max(arrayBuffers, external);
}

async function longestPause(work: () => Promise<void>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  await work();
  clearInterval(timer);
  return longest;
}

const adds: number[] = [];
const rearms: number[] = [];
const bytes: number[] = [];
const entry = {};
for (let round = 0; round < ROUNDS; round += 1) {
  const before = heapBytes();
  const queue = createDueQueue<object>();
  let startedAt = performance.now();
  for (let index = 0; index < SIZE; index += 1) queue.push(Math.random() * 1e9, entry);
  adds.push(((performance.now() - startedAt) * 1000) / SIZE);
  bytes.push((heapBytes() - before) / SIZE);
  startedAt = performance.now();
  for (let index = 0; index < SIZE; index += 1) {
    const at = queue.peekAt();
    queue.pop();
    queue.push(at + Math.random() * 1e9, entry);
  }
  rearms.push(((performance.now() - startedAt) * 1000) / SIZE);
}

const payload = new Uint8Array(100);

function subscriptionOf(id: string): StoredSubscription {
  return {
    id,
    url: "https://example.com/",
    secrets: [{ value: "secret" }],
    events: ["*"],
    active: true,
    headers: {},
    ordered: false,
    createdAt: 0,
    updatedAt: 0,
    endpoint: { status: "ok", failures: 0 },
  };
}

function messageOf(id: string): StoredMessage {
  return { id, type: "x", source: "s", timestamp: 0, payload, createdAt: 0 };
}

/** What a delivery takes where a thousand of them share an event. */
async function fanOutBytes(): Promise<number> {
  const events = 300;
  const store = createMemoryStore();
  const ids = Array.from({ length: 1000 }, (_each, index) => `subscription-${index}`);
  for (const id of ids) store.subscriptions.put(subscriptionOf(id));
  const before = heapBytes();
  for (let event = 0; event < events; event += 1) {
    const deliveries = ids.map((subscriptionId, index) => ({
      id: `${event}-${index}`,
      subscriptionId,
      maxAttempts: 6,
      dueAt: 1e12,
    }));
    await store.enqueue(messageOf(String(event)), deliveries);
  }
  const each = (heapBytes() - before) / (events * ids.length);
  if (store.stats().pending !== events * ids.length) throw new Error("the store lost deliveries");
  return each;
}

const sharedBytes = await fanOutBytes();

// The whole store: a million deliveries that fail and wait for their retry, in batches that let other work run.
const store = createMemoryStore();
store.subscriptions.put(subscriptionOf("s"));
const recordsBefore = heapBytes();
let failMicros = 0;
const pause = await longestPause(async () => {
  const startedAt = performance.now();
  for (let batch = 0; batch < SIZE; batch += 1000) {
    for (let index = 0; index < 1000; index += 1) {
      const id = String(batch + index);
      await store.enqueue(messageOf(id), [{ id, subscriptionId: "s", maxAttempts: 6, dueAt: 0 }]);
    }
    const claimed = await store.claim({
      now: 0,
      limit: 1000,
      leaseMs: 1000,
      worker: "w",
      slots: () => 1000,
      freed: ["s"],
    });
    await store.settle(
      claimed.map(({ delivery, token }) => ({
        deliveryId: delivery.id,
        token,
        at: 0,
        result: "failed" as const,
        dueAt: 1 + Math.random() * 1e9,
      })),
    );
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  failMicros = ((performance.now() - startedAt) * 1000) / SIZE;
});
const recordBytes = (heapBytes() - recordsBefore) / SIZE;

report(
  "schedule",
  [],
  [
    { name: "add a retry, 1,000,000 pending", value: median(adds), unit: "µs", goal: "≤ 1" },
    {
      name: "schedule 1,000,000 retries",
      value: (median(adds) * SIZE) / 1e6,
      unit: "s",
      goal: "≤ 0.2",
    },
    { name: "take one and put it back", value: median(rearms), unit: "µs", goal: "≤ 1" },
    { name: "memory of an entry", value: median(bytes), unit: "B", goal: "≤ 64" },
    { name: "enqueue, claim and fail a delivery", value: failMicros, unit: "µs", goal: "≤ 4" },
    {
      name: "memory of a delivery, a thousand of an event",
      value: sharedBytes,
      unit: "B",
      goal: "≤ 400",
    },
    { name: "memory of a delivery with an event of its own", value: recordBytes, unit: "B" },
    { name: "longest pause of the event loop", value: pause, unit: "ms", goal: "≤ 50" },
  ],
);
process.exit(0);
