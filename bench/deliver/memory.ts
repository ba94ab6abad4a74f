/** What open origins cost, in a process that has done nothing else. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createNetworkPolicy, createSocketTransport } from "../../packages/webhook/src/index.ts";
import { collectGarbage } from "../support/garbage.ts";
import type { Figure } from "../support/report.ts";
import type { Sample } from "../support/rounds.ts";
import { startSink } from "../support/sink-process.ts";
import { transportLoop } from "./bare.ts";

const ORIGINS = { plain: 1_000, tls: 200 };
type Kind = keyof typeof ORIGINS;
const COUNT = 5_000;
const IN_FLIGHT = 64;

interface Used {
  readonly rss: number;
  readonly heap: number;
}

interface Measured {
  readonly before: Used;
  readonly after: Used;
  readonly sample: Sample;
}

function used(): Used {
  collectGarbage();
  const { rss, heapUsed } = process.memoryUsage();
  return { rss, heap: heapUsed };
}

/** Sends to one origin until the runtime has settled, then to all of them; prints what that came to. */
export async function measureOpenOrigins(kind: string | undefined): Promise<void> {
  const tls = kind === "tls";
  const sink = await startSink(tls ? ORIGINS.tls : ORIGINS.plain, { tls });
  const transport = createSocketTransport({
    policy: createNetworkPolicy({ allow: ["127.0.0.0/8"] }),
    maxIdleSockets: ORIGINS.plain,
    idleTimeoutMs: 60_000,
  });
  const body = new Uint8Array(1_000).fill(0x78);
  const load = { urls: sink.urls, count: COUNT, inFlight: IN_FLIGHT, body };
  await transportLoop(transport, { ...load, urls: sink.urls.slice(0, 1), count: 20_000 })();
  const before = used();
  await transportLoop(transport, load)();
  const sample = await transportLoop(transport, load)();
  const after = used();
  process.stdout.write(`${JSON.stringify({ before, after, sample } satisfies Measured)}\n`);
  transport.close();
  sink.stop();
  process.exit(0);
}

/** Has that done in a process of its own. */
export function openOriginFigures(kind: Kind): Figure[] {
  const script = fileURLToPath(new URL("main.ts", import.meta.url));
  const { stdout } = spawnSync(
    process.execPath,
    [...process.execArgv, script, "open-origins", kind],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  const { before, after, sample } = JSON.parse(stdout) as Measured;
  const count = ORIGINS[kind];
  const name = `${count.toLocaleString("en")} open origins${kind === "tls" ? " with TLS" : ""}`;
  const kibibytesEach = (bytes: number): number => bytes / 1024 / count;
  return [
    { name: `${name}, bare: p99`, value: sample.p99 ?? Number.NaN, unit: "ms" },
    { name: `${name}: heap of each`, value: kibibytesEach(after.heap - before.heap), unit: "KiB" },
    {
      name: `${name}: resident memory of each`,
      value: kibibytesEach(after.rss - before.rss),
      unit: "KiB",
    },
    { name: `${name}: resident memory`, value: after.rss / 2 ** 20, unit: "MiB" },
  ];
}
