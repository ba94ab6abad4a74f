/** Deliveries per second at 1, 10, 100 and 1,000 endpoints, next to loops that send the same bodies bare. */
import {
  createHttpTransport,
  createNetworkPolicy,
  createSocketTransport,
  createOutboundWebhookManager,
} from "../../packages/webhook/src/index.ts";
import type { Transport } from "../../packages/webhook/src/index.ts";
import type { Group } from "../support/report.ts";
import { report } from "../support/report.ts";
import type { Case } from "../support/rounds.ts";
import { measure, runRounds } from "../support/rounds.ts";
import { startSink } from "../support/sink-process.ts";

const COUNT = Number(process.env["BENCH_COUNT"] ?? 10_000);
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);
const IN_FLIGHT = 64;
const ENDPOINTS = [1, 10, 100, 1000];
const network = { allow: ["127.0.0.0/8"] };
const payload = { data: "x".repeat(1000) };
const body = new TextEncoder().encode(JSON.stringify(payload));

function rawLoop(transport: Transport, urls: readonly string[]): Case {
  return () =>
    measure(COUNT, IN_FLIGHT, async (index) => {
      const outcome = await transport.send({
        url: urls[index % urls.length] ?? "",
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
        timeoutMs: 10_000,
        maxResponseBytes: 16_384,
      });
      if (outcome.kind === "error") throw new Error(outcome.message);
    });
}

function fetchLoop(urls: readonly string[]): Case {
  return () =>
    measure(COUNT, IN_FLIGHT, async (index) => {
      const response = await fetch(urls[index % urls.length] ?? "", { method: "POST", body });
      await response.arrayBuffer();
    });
}

/** Bun answers `undici` with a shim of its own over `fetch`, so the pool is measured on Node only. */
async function undiciCase(urls: readonly string[]): Promise<Record<string, Case>> {
  if (process.versions.bun) return {};
  const { Pool } = await import("undici");
  const pools = urls.map((url) => new Pool(new URL(url).origin, { connections: IN_FLIGHT }));
  return {
    "undici pool, bare": () =>
      measure(COUNT, IN_FLIGHT, async (index) => {
        const pool = pools[index % pools.length];
        const response = await pool?.request({ method: "POST", path: "/", body });
        await response?.body.dump();
      }),
  };
}

const groups: Group[] = [];
for (const endpoints of ENDPOINTS) {
  const sink = await startSink(endpoints);
  const policy = createNetworkPolicy(network);
  const transport = createSocketTransport({ policy, maxIdleSockets: 2048 });
  const http = createHttpTransport({ policy, maxIdleSockets: 2048 });
  const outbound = createOutboundWebhookManager({
    network,
    transport,
    concurrencyPerEndpoint: IN_FLIGHT,
  });
  for (const [index, url] of sink.urls.entries()) {
    outbound.subscribe({ url, secret: "a-secret-of-32-characters-length", events: [`e.${index}`] });
  }
  const rows = await runRounds(
    {
      "deliver, memory store": () =>
        measure(COUNT, IN_FLIGHT, (index) => outbound.send(`e.${index % endpoints}`, payload)),
      "the same transport, bare": rawLoop(transport, sink.urls),
      "node:http transport, bare": rawLoop(http, sink.urls),
      "fetch, bare": fetchLoop(sink.urls),
      ...(await undiciCase(sink.urls)),
    },
    ROUNDS,
  );
  groups.push({
    title: `${endpoints} endpoint${endpoints === 1 ? "" : "s"}, 1 kB, ${IN_FLIGHT} in flight`,
    baseline: "the same transport, bare",
    rows,
  });
  await outbound.close();
  sink.stop();
}
report("deliver", groups);
process.exit(0);
