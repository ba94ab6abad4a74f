/**
 * Kills a sender with a durable store again and again under load, and accounts for every event that it had accepted.
 * Exit code 1 if one was lost, came without being explained, or out of order.
 *
 *   bun scripts/crash-test.ts [kills, default 200] [normal | full] [senders at a time, default 1]
 *   node scripts/crash-test.ts …
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCrashTest } from "../packages/webhook/test/sqlite/crash/run.ts";

const MOST_MS = 400;

const kills = Number(process.argv[2] ?? 200);
const durability = process.argv[3] === "full" ? "full" : "normal";
const senders = Number(process.argv[4] ?? 1);
if (!Number.isSafeInteger(kills) || kills < 1) {
  console.error("crash-test: the number of kills must be 1 or more");
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "crash-test-"));
const startedAt = performance.now();
try {
  const report = await runCrashTest({
    ...{ kills, durability, senders, folder, mostMs: MOST_MS },
    onKill: (kill) => process.stderr.write(`  ${kill} of ${kills} kills\r`),
    onLeft: (left) => process.stderr.write(`  ${kills} kills, ${left} deliveries left      \r`),
  });
  const runtime = process.versions.bun ? `Bun ${process.versions.bun}` : `Node ${process.version}`;
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(`crash-test, ${runtime}, durability ${durability}, senders ${senders}, ${seconds} s`);
  for (const [name, value] of Object.entries(report)) console.log(`  ${name.padEnd(24)} ${value}`);
  const isRight =
    report.accepted > 0 &&
    report.lost + report.unfinished + report.unexplainedDuplicates + report.outOfOrder === 0 &&
    report.areCountersRight &&
    report.integrity === "ok";
  process.exitCode = isRight ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
