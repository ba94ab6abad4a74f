/** Deliveries per second at 1 to 1,000 endpoints, next to loops that send the same bodies bare. */
import {
  createHttpTransport,
  createNetworkPolicy,
  createOutboundWebhookManager,
  createSocketTransport,
} from "../../packages/webhook/src/index.ts";
import type { Redis } from "../support/redis.ts";
import { BULLMQ_POSTS_WITH, bullmqCase, startRedis } from "../support/redis.ts";
import type { Figure, Group } from "../support/report.ts";
import { report } from "../support/report.ts";
import { measure, runRounds } from "../support/rounds.ts";
import { startSink } from "../support/sink-process.ts";
import type { Load } from "./bare.ts";
import { ca, fetchLoop, transportLoop, undiciCase } from "./bare.ts";
import { fanOutGroup } from "./fan-out.ts";
import { goalFigures } from "./goals.ts";
import { measureOpenOrigins, openOriginFigures } from "./memory.ts";

const COUNT = Number(process.env["BENCH_COUNT"] ?? 10_000);
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);
const ENDPOINTS = (process.env["BENCH_ENDPOINTS"] ?? "1,10,100,200,1000").split(",").map(Number);
const IN_FLIGHT = 64;
const network = { allow: ["127.0.0.0/8"] };
const policy = createNetworkPolicy(network);
const payload = { data: "x".repeat(1000) };
const text = JSON.stringify(payload);
const body = new TextEncoder().encode(text);

/** Of what takes several times as long, fewer tell as much. */
const FEWER = Math.ceil(COUNT / 5);

/** Bun keeps 64 idle sockets in the whole process; Node is slower with any number. */
function isFetchFast(endpoints: number): boolean {
  return process.versions.bun !== undefined && endpoints <= 64;
}

interface GroupOptions {
  readonly endpoints: number;
  readonly tls: boolean;
  readonly redis?: Redis | undefined;
}

async function deliveryGroup({ endpoints, tls, redis }: GroupOptions): Promise<Group> {
  const sink = await startSink(endpoints, { tls });
  const { urls } = sink;
  const load: Load = { urls, count: COUNT, inFlight: IN_FLIGHT, body };
  const transport = createSocketTransport({ policy, maxIdleSockets: 2048 });
  const http = createHttpTransport({ policy, maxIdleSockets: 2048 });
  const outbound = createOutboundWebhookManager({
    network,
    transport,
    concurrencyPerEndpoint: IN_FLIGHT,
  });
  for (const [index, url] of urls.entries()) {
    const secret = "a-secret-of-32-characters-length";
    outbound.subscribe({ url, secret, events: [`e.${index}`], ...(tls && { tls: { ca } }) });
  }
  const queue =
    redis && (await bullmqCase(redis, urls, { count: FEWER, inFlight: IN_FLIGHT, body: text }));
  const rows = await runRounds(
    {
      "deliver, memory store": () =>
        measure(COUNT, IN_FLIGHT, (index) => outbound.send(`e.${index % endpoints}`, payload)),
      "the same transport, bare": transportLoop(transport, load),
      "node:http transport, bare": transportLoop(http, { ...load, count: FEWER }),
      "fetch, bare": fetchLoop({ ...load, count: isFetchFast(endpoints) ? COUNT : FEWER }),
      ...(await undiciCase(load)),
      ...(queue && { [`BullMQ, ${BULLMQ_POSTS_WITH}, unsigned`]: queue.run }),
    },
    ROUNDS,
  );
  const { pending, failed, dead } = outbound.stats();
  if (pending + failed + dead > 0) throw new Error("not everything was delivered");
  await queue?.close();
  await outbound.close();
  transport.close();
  http.close();
  sink.stop();
  return {
    title: `${endpoints} endpoint${endpoints === 1 ? "" : "s"}${tls ? " with TLS" : ""}, 1 kB, ${IN_FLIGHT} in flight`,
    baseline: "the same transport, bare",
    rows,
  };
}

async function run(): Promise<void> {
  const redis = await startRedis();
  const groups: Group[] = [];
  for (const endpoints of ENDPOINTS) {
    const hasQueue = endpoints === 1 || endpoints === 200;
    groups.push(
      await deliveryGroup({ endpoints, tls: false, redis: hasQueue ? redis : undefined }),
    );
  }
  groups.push(await deliveryGroup({ endpoints: 200, tls: true }));
  redis?.stop();

  const sink = await startSink(1);
  const transport = createSocketTransport({ policy });
  const url = sink.urls[0] ?? "";
  const fanOut = { url, count: COUNT, rounds: ROUNDS, inFlight: IN_FLIGHT, payload, transport };
  groups.push(await fanOutGroup(fanOut));
  transport.close();
  sink.stop();

  const figures: Figure[] = [
    ...goalFigures(groups),
    ...openOriginFigures("plain"),
    ...openOriginFigures("tls"),
  ];
  report("deliver", groups, figures);
}

if (process.argv[2] === "open-origins") await measureOpenOrigins(process.argv[3]);
else await run();
process.exit(0);
