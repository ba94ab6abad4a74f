import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { recount } from "../recount.ts";

export interface CrashTestOptions {
  /** How often the sender is killed. */
  readonly kills: number;
  /** An empty folder of the test's own. */
  readonly folder: string;
  readonly durability: "normal" | "full";
  /** So many senders at a time share the file. Default 1. */
  readonly senders?: number;
  /** The longest time between a sender's start and its end, in ms. */
  readonly mostMs: number;
  /** Is told of each kill. */
  onKill?(kill: number): void;
  /** Is told how many deliveries are left when all kills are done. */
  onLeft?(left: number): void;
}

export interface CrashReport {
  readonly kills: number;
  /** Events whose `sendEvent` resolved. */
  readonly accepted: number;
  /** Deliveries that these make. */
  readonly expected: number;
  /** Of these, how many the sink never answered with 200. */
  readonly lost: number;
  /** Deliveries that the last sender did not get done; 0 unless it was stuck, and then they are among the lost. */
  readonly unfinished: number;
  /** Deliveries that the sink answered with 200 more often than once, counted once for every time too many. */
  readonly duplicates: number;
  /** Requests that had begun and whose outcome was not on record when their sender was killed. */
  readonly inFlightAtKills: number;
  /** Deliveries that came more often than they were in flight at a kill; 0 unless something is wrong. */
  readonly unexplainedDuplicates: number;
  /** Deliveries of the ordered subscription whose first time was out of order; 0 unless something is wrong. */
  readonly outOfOrder: number;
  /** Whether the counters of the store equal a recount. */
  readonly areCountersRight: boolean;
  /** SQLite's own verdict on the file. */
  readonly integrity: string;
}

const PATHS: Readonly<Record<string, readonly string[]>> = {
  plain: ["/a", "/b"],
  ordered: ["/ordered"],
};

interface Ledger {
  readonly accepted: Set<string>;
  /** How often each delivery was in flight when its sender was killed. */
  readonly inFlight: Map<string, number>;
}

function newLedger(): Ledger {
  return { accepted: new Set(), inFlight: new Map() };
}

function start(script: string, given: readonly string[]): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, script), ...given], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, NODE_NO_WARNINGS: "1" },
  });
}

/** Reads what a sender writes, to the last line that it wrote before it ended; resolves when it has ended. */
async function follow(
  sender: ChildProcess,
  ledger: Ledger,
  on: { ready(): void; left(count: number): void },
): Promise<void> {
  const begun = new Map<string, number>();
  if (!sender.stdout) throw new Error("the sender has no output");
  for await (const line of createInterface({ input: sender.stdout })) {
    const [what = "", id = ""] = line.split(" ");
    if (what === "ready") on.ready();
    if (what === "left") on.left(Number(id));
    if (what === "accepted") ledger.accepted.add(id);
    if (what === "begun") begun.set(id, (begun.get(id) ?? 0) + 1);
    if (what === "settled") begun.set(id, (begun.get(id) ?? 0) - 1);
  }
  for (const [id, count] of begun) {
    if (count > 0) ledger.inFlight.set(id, (ledger.inFlight.get(id) ?? 0) + count);
  }
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((a, b) => a + b, 0);
}

async function report(sinkPort: string): Promise<[string, number][]> {
  const response = await fetch(`http://127.0.0.1:${sinkPort}/report`);
  // The sink writes nothing else.
  return (await response.json()) as [string, number][];
}

/** How many of the ordered subscription's deliveries came for the first time before one that was created earlier. */
function countOutOfOrder(path: string, received: readonly string[]): number {
  const database = new DatabaseSync(path);
  const created = database
    .prepare(
      "SELECT m.event_id AS id FROM webhook_delivery d JOIN webhook_message m ON m.seq = d.message " +
        "WHERE m.type = 'ordered' ORDER BY d.seq",
    )
    .all()
    .map((row) => `/ordered/${String(row["id"])}`);
  database.close();
  const came = received.filter((key) => key.startsWith("/ordered/"));
  return came.filter((key, index) => created[index] !== key).length;
}

function integrityOf(path: string): string {
  const database = new DatabaseSync(path);
  const row = database.prepare("PRAGMA integrity_check").get();
  database.close();
  return String(row?.["integrity_check"]);
}

function unfinishedIn(path: string): number {
  const { pending = 0, failed = 0 } = recount(path) ?? {};
  return Number(pending) + Number(failed);
}

function areCountersRight(path: string): boolean {
  const database = new DatabaseSync(path);
  const stored = database
    .prepare("SELECT subscriptions, pending, failed, sent, dead, held FROM webhook_meta")
    .get();
  database.close();
  return JSON.stringify({ ...stored }) === JSON.stringify({ ...recount(path) });
}

/**
 * Kills a sender again and again at random moments under load, has its work finished, and accounts for every event that
 * was accepted, by its id, at a sink in another process.
 */
export async function runCrashTest(options: CrashTestOptions): Promise<CrashReport> {
  const path = join(options.folder, "crash.db");
  const sink = start("sink.ts", []);
  const running = new Set<ChildProcess>([sink]);
  const ledger = newLedger();
  try {
    const port = await new Promise<string>((resolve, reject) => {
      sink.stdout?.once("data", (data: Uint8Array) => resolve(String(data).trim()));
      sink.once("error", reject);
    });
    /** One sender, from its start to its end, which is a kill if `killAfterMs` says when. */
    const live = async (mode: string, killAfterMs?: number): Promise<void> => {
      const sender = start("sender.ts", [path, port, options.durability, mode]);
      running.add(sender);
      const isKilled = killAfterMs !== undefined;
      await follow(sender, isKilled ? ledger : newLedger(), {
        ready() {
          if (isKilled) setTimeout(() => sender.kill("SIGKILL"), killAfterMs);
        },
        left: (count) => options.onLeft?.(count),
      });
      running.delete(sender);
    };
    let begun = 0;
    let kills = 0;
    const liveOnAndOn = async (): Promise<void> => {
      while (begun < options.kills) {
        begun += 1;
        // oxlint-disable-next-line no-await-in-loop -- one life after the other
        await live("send", Math.random() * options.mostMs);
        kills += 1;
        options.onKill?.(kills);
      }
    };
    await live("subscribe");
    await Promise.all(Array.from({ length: options.senders ?? 1 }, liveOnAndOn));
    await live("finish");

    const received = await report(port);
    const counts = new Map(received);
    const expected = [...ledger.accepted].flatMap((event) => {
      const [type = "", id = ""] = event.split("/");
      return (PATHS[type] ?? []).map((each) => `${each}/${id}`);
    });
    const extra = received.filter(([, count]) => count > 1);
    return {
      kills: options.kills,
      accepted: ledger.accepted.size,
      expected: expected.length,
      lost: expected.filter((key) => !counts.has(key)).length,
      unfinished: unfinishedIn(path),
      duplicates: sum(extra.map(([, count]) => count - 1)),
      inFlightAtKills: sum(ledger.inFlight.values()),
      unexplainedDuplicates: extra.filter(
        ([key, count]) => count - 1 > (ledger.inFlight.get(key) ?? 0),
      ).length,
      outOfOrder: countOutOfOrder(
        path,
        received.map(([key]) => key),
      ),
      areCountersRight: areCountersRight(path),
      integrity: integrityOf(path),
    };
  } finally {
    for (const child of running) child.kill("SIGKILL");
  }
}
