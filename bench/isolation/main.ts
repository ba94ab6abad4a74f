/**
 * 300 black holes among 1,000 healthy endpoints at a steady load: what the healthy ones feel of it, and what an
 * unrelated `fetch` in the same process does.
 */
import { createServer } from "node:net";
import { createOutboundWebhookManager } from "../../packages/webhook/src/index.ts";
import { report } from "../support/report.ts";
import { quantile } from "../support/rounds.ts";
import { startSink } from "../support/sink-process.ts";

const HEALTHY = 1000;
const BLACK_HOLES = 300;
const EVENTS_PER_SECOND = 400;
const SECONDS = Number(process.env["BENCH_SECONDS"] ?? 15);
const WARM_UP_SECONDS = 3;
const TICK_MS = 10;

interface Measured {
  readonly deliveries: number[];
  readonly fetches: number[];
}

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** Accepts connections and never says a word. */
async function startBlackHole(): Promise<{ port: number; stop(): void }> {
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : 0,
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

async function run(blackHoles: number): Promise<Measured> {
  const sink = await startSink(HEALTHY);
  const hole = await startBlackHole();
  const startedAt = new Map<string, number>();
  const deliveries: number[] = [];
  let isMeasuring = false;
  const outbound = createOutboundWebhookManager({
    network: { allow: ["127.0.0.0/8"] },
    deliveryTimeout: 5000,
    maxRetries: 3,
    hooks: {
      onDelivered: ({ delivery }) => {
        const at = startedAt.get(delivery.eventId);
        startedAt.delete(delivery.eventId);
        if (at !== undefined && isMeasuring) deliveries.push(performance.now() - at);
      },
    },
  });
  const secret = "a-secret-of-32-characters-length";
  for (const [index, url] of sink.urls.entries()) {
    outbound.subscribe({ url, secret, events: [`healthy.${index}`] });
  }
  for (let index = 0; index < blackHoles; index += 1) {
    const url = `http://127.0.0.1:${hole.port}/${index}`;
    outbound.subscribe({ url, secret, events: [`hole.${index}`] });
  }

  const fetches: number[] = [];
  const url = sink.urls[0] ?? "";
  let events = 0;
  const total = (WARM_UP_SECONDS + SECONDS) * 1000;
  const begunAt = performance.now();
  for (let elapsed = 0; elapsed < total; elapsed = performance.now() - begunAt) {
    isMeasuring = elapsed > WARM_UP_SECONDS * 1000;
    const due = Math.floor((elapsed / 1000) * EVENTS_PER_SECOND);
    for (; events < due; events += 1) {
      const id = `event-${events}`;
      startedAt.set(id, performance.now());
      const send = (type: string): void =>
        void outbound.sendEvent(
          {
            id: type.startsWith("hole") ? `hole-${id}` : id,
            type,
            source: "bench",
            payload: { id },
            timestamp: Date.now(),
          },
          { wait: "accepted" },
        );
      send(`healthy.${events % HEALTHY}`);
      if (blackHoles > 0) send(`hole.${events % blackHoles}`);
    }
    const at = performance.now();
    await fetch(url, { method: "POST", body: "unrelated" }).then((response) => response.text());
    if (isMeasuring) fetches.push(performance.now() - at);
    await sleep(TICK_MS);
  }
  outbound.destroy();
  hole.stop();
  sink.stop();
  return { deliveries, fetches };
}

const without = await run(0);
const withHoles = await run(BLACK_HOLES);
const p99 = (values: readonly number[]): number => quantile(values, 0.99);
const p50 = (values: readonly number[]): number => quantile(values, 0.5);
const ratio = p99(withHoles.deliveries) / p99(without.deliveries);
const fetchRatio = p50(withHoles.fetches) / p50(without.fetches);
report(
  "isolation",
  [],
  [
    {
      name: "healthy deliveries measured, without / with",
      value: without.deliveries.length,
      unit: String(withHoles.deliveries.length),
    },
    { name: "p50 without black holes", value: p50(without.deliveries), unit: "ms" },
    { name: "p50 with 300 black holes", value: p50(withHoles.deliveries), unit: "ms" },
    { name: "p99 without black holes", value: p99(without.deliveries), unit: "ms" },
    { name: "p99 with 300 black holes", value: p99(withHoles.deliveries), unit: "ms" },
    { name: "ratio of the p99s", value: ratio, unit: "", goal: "≤ 2" },
    { name: "an unrelated fetch, p50 without", value: p50(without.fetches), unit: "ms" },
    { name: "an unrelated fetch, p50 with", value: p50(withHoles.fetches), unit: "ms" },
    { name: "ratio of the fetches", value: fetchRatio, unit: "", goal: "about 1" },
  ],
);
process.exit(0);
