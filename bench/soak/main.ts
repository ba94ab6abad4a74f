/**
 * A million deliveries, one attempt in twenty failing, through the memory store with retention on: memory at the end
 * must be what it was after the first 100,000.
 */
import { createOutboundWebhookManager } from "../../packages/webhook/src/index.ts";
import type { TransportOutcome } from "../../packages/webhook/src/index.ts";
import { collectGarbage } from "../support/garbage.ts";
import { report } from "../support/report.ts";

const TOTAL = Number(process.env["BENCH_COUNT"] ?? 1_000_000);
const STEP = TOTAL / 10;
const FAILURE_RATE = 0.05;
const SUBSCRIPTIONS = 50;
const IN_FLIGHT = 64;

function usedMiB(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

const outcome = (status: number): TransportOutcome => ({
  kind: "response",
  status,
  headers: { "content-type": "text/plain" },
  body: new Uint8Array(64),
  truncated: false,
  timings: { totalMs: 1 },
});

let attempts = 0;
let failures = 0;
const outbound = createOutboundWebhookManager({
  retention: { maxDeliveries: 10_000 },
  retryInterval: 5,
  maxRetryInterval: 20,
  concurrencyPerEndpoint: IN_FLIGHT,
  transport: {
    send: () => {
      attempts += 1;
      const fails = Math.random() < FAILURE_RATE;
      if (fails) failures += 1;
      return Promise.resolve(outcome(fails ? 500 : 200));
    },
    close() {},
  },
});
for (let index = 0; index < SUBSCRIPTIONS; index += 1) {
  outbound.subscribe({
    url: `https://customer-${index}.example.com/`,
    secret: "a-secret-of-32-characters-length",
    events: [`e.${index}`],
  });
}

const memory: number[] = [];
const startedAt = performance.now();
for (let done = 0; done < TOTAL; done += STEP) {
  let next = done;
  const worker = async (): Promise<void> => {
    while (next < done + STEP) {
      const index = next;
      next += 1;
      await outbound.send(`e.${index % SUBSCRIPTIONS}`, { index, text: "x".repeat(200) });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  while (outbound.stats().failed > 0) await outbound.drain({ timeoutMs: 50 });
  memory.push(usedMiB());
  console.log(
    `  ${(done + STEP).toLocaleString("en").padStart(9)} deliveries, ${memory.at(-1)?.toFixed(1)} MiB in use`,
  );
}
const first = memory[0] ?? Number.NaN;
const last = memory.at(-1) ?? Number.NaN;
const growth = (last / first - 1) * 100;
const { sent, dead, failed, pending } = outbound.stats();
report(
  "soak",
  [],
  [
    { name: "deliveries", value: TOTAL, unit: "" },
    { name: "attempts", value: attempts, unit: "" },
    { name: "failed attempts", value: failures, unit: "" },
    { name: "seconds", value: (performance.now() - startedAt) / 1000, unit: "s" },
    { name: "memory after the first tenth", value: first, unit: "MiB" },
    { name: "memory at the end", value: last, unit: "MiB" },
    { name: "growth", value: growth, unit: "%", goal: "≤ 20" },
    { name: "records kept", value: sent + dead + failed + pending, unit: "", goal: "≤ 10,256" },
  ],
);
await outbound.close();
process.exit(growth > 20 ? 1 : 0);
