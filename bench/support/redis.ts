/** A Redis of the bench's own, and BullMQ over it, where a `redis-server` is at hand. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Queue, Worker } from "bullmq";
import type { Case } from "./rounds.ts";
import { measure } from "./rounds.ts";

export interface Redis {
  readonly port: number;
  /** Ends the server and removes its files. */
  readonly stop: () => void;
}

export interface RedisOptions {
  /** When its log reaches the disk: each second as a rule, or before every answer. Default `everysec`. */
  readonly appendfsync?: "everysec" | "always";
}

/** Its own package brings it; nothing here depends on it. */
const SERVER = "redis-server";
const START_WITHIN_MS = 10_000;
const ASK_EVERY_MS = 20;

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const bound = server.address();
      const port = typeof bound === "object" && bound ? bound.port : 0;
      server.close(() => resolve(port));
    });
  });
}

async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    socket.once("data", (data: Uint8Array) => {
      socket.destroy();
      resolve(String(data).startsWith("+PONG"));
    });
    socket.once("error", () => resolve(false));
  });
}

/**
 * Starts a Redis that keeps what it is given, in a folder of its own and on a port of its own; it ends with this process
 * at the latest. Resolves to `undefined`, and says so, where there is no `redis-server` on PATH.
 */
export async function startRedis({ appendfsync = "everysec" }: RedisOptions = {}): Promise<
  Redis | undefined
> {
  if (spawnSync(SERVER, ["--version"]).status !== 0) {
    console.log("There is no redis-server on PATH: BullMQ is left out.");
    return undefined;
  }
  const folder = mkdtempSync(join(process.env["BENCH_FOLDER"] ?? tmpdir(), "bench-redis-"));
  const port = await freePort();
  const settings = {
    port: String(port),
    bind: "127.0.0.1",
    dir: folder,
    appendonly: "yes",
    appendfsync,
    save: "",
    // What BullMQ asks for.
    "maxmemory-policy": "noeviction",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const server = spawn(SERVER, flags, { stdio: "ignore" });
  const stop = (): void => {
    process.off("exit", stop);
    server.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once("exit", stop);
  const end = performance.now() + START_WITHIN_MS;
  while (!(await answers(port))) {
    if (server.exitCode !== null || performance.now() > end) {
      stop();
      throw new Error("redis-server does not answer");
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
  return { port, stop };
}

export interface BullmqOptions {
  /** Jobs per run. */
  readonly count: number;
  /** Jobs that are waited for at once, and the worker's concurrency. */
  readonly inFlight: number;
  /** JSON, as the jobs carry it. */
  readonly body: string;
  /**
   * What a job's time ends with: `delivered`, its POST has been answered and that is on record; or `accepted`, Redis has
   * it, and no worker runs. Default `delivered`.
   */
  readonly until?: "accepted" | "delivered";
}

export interface BullmqCase {
  /** Resolves when all jobs of a run are done. */
  readonly run: Case;
  readonly close: () => Promise<void>;
}

interface Job {
  readonly url: string;
  readonly body: string;
}

const HEADERS = { "content-type": "application/json" };

/** The faster of what the runtime has: `fetch` on Bun, `node:http` with a keep-alive agent on Node. */
export const BULLMQ_POSTS_WITH: string = process.versions.bun ? "fetch" : "node:http";

function createPost(inFlight: number): (job: Job) => Promise<void> {
  if (process.versions.bun) {
    return async ({ url, body }) => {
      const response = await fetch(url, { method: "POST", headers: HEADERS, body });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
    };
  }
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight, maxFreeSockets: inFlight });
  return ({ url, body }) =>
    new Promise((resolve, reject) => {
      const sent = request(url, { method: "POST", headers: HEADERS, agent }, (response) => {
        response.resume();
        response.once("end", () => {
          const { statusCode = 0 } = response;
          if (statusCode >= 200 && statusCode < 300) resolve();
          else reject(new Error(`HTTP ${statusCode}`));
        });
      });
      sent.once("error", reject);
      sent.end(body);
    });
}

let queues = 0;

/**
 * The same POSTs as jobs of BullMQ, with retries as they are usually set, unsigned, and without a record of what is done
 * (`removeOnComplete`): what it does for a delivery is less than what we do. To be closed before the Redis is stopped.
 */
export async function bullmqCase(
  { port }: Redis,
  urls: readonly string[],
  { count, inFlight, body, until = "delivered" }: BullmqOptions,
): Promise<BullmqCase> {
  const name = `bench-${(queues += 1)}`;
  const connection = { host: "127.0.0.1", port, maxRetriesPerRequest: null };
  const queue = new Queue<Job>(name, {
    connection,
    defaultJobOptions: {
      attempts: 5,
      backoff: { type: "exponential", delay: 1000 },
      removeOnComplete: true,
    },
  });
  await queue.waitUntilReady();
  const jobOf = (index: number): Job => ({ url: urls[index % urls.length] ?? "", body });

  if (until === "accepted") {
    return {
      run: async () => {
        const sample = await measure(count, inFlight, (index) => queue.add("post", jobOf(index)));
        await queue.obliterate({ force: true });
        return sample;
      },
      close: () => queue.close(),
    };
  }

  const post = createPost(inFlight);
  const waiting = new Map<string, (error: Error | undefined) => void>();
  /** Done before `add` had resolved. */
  const early = new Map<string, Error | undefined>();
  const worker = new Worker<Job>(name, async (job) => post(job.data), {
    connection,
    concurrency: inFlight,
  });
  const done = (id = "", error?: Error): void => {
    const resolve = waiting.get(id);
    if (!resolve) return void early.set(id, error);
    waiting.delete(id);
    resolve(error);
  };
  const outcomeOf = async (id = ""): Promise<Error | undefined> => {
    if (!early.has(id)) return new Promise((resolve) => waiting.set(id, resolve));
    const error = early.get(id);
    early.delete(id);
    return error;
  };
  worker.on("completed", (job) => done(job.id));
  worker.on("failed", (job, error) => done(job?.id, error));
  await worker.waitUntilReady();

  return {
    run: () =>
      measure(count, inFlight, async (index) => {
        const { id } = await queue.add("post", jobOf(index));
        const error = await outcomeOf(id);
        if (error) throw error;
      }),
    async close() {
      await worker.close();
      await queue.close();
    },
  };
}
