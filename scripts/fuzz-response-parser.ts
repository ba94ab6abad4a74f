/**
 * Feeds the response parser with mutated responses, 10 million of them unless told otherwise, and fails where it throws,
 * reads a response in pieces as another one than in whole, or grows.
 *
 * Run: bun scripts/fuzz-response-parser.ts [count] [seed], or the same with node --expose-gc
 */
import { fuzzParser } from "../packages/webhook/test/transport/parse-response.ts";

const ROUND = 100_000;
/** What may be left after a collection of garbage, beyond what was left after the first round. */
const MAX_LEFT_BYTES = 16 * 1024 * 1024;
/** Runtimes and allocators keep memory that is not in use; this is for what is lost to both. */
const MAX_GROWTH_BYTES = 512 * 1024 * 1024;
/** Nothing that is read may take much longer than the rest: a hundred times as long as a round does. */
const MAX_ROUND_MS = 120_000;

interface Memory {
  readonly left: number;
  readonly resident: number;
}

async function memoryAfterCollection(): Promise<Memory> {
  // Node frees buffers beside its collection, and counts them until the next one.
  for (let times = 0; times < 3; times += 1) {
    if (process.versions.bun) Bun.gc(true);
    else globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { left: heapUsed + arrayBuffers, resident: rss };
}

const count = Number(process.argv[2] ?? 10_000_000);
const seed = Number(process.argv[3] ?? 1);
const totals = new Map<string, number>();
const startedAt = performance.now();
let first: Memory | undefined;
let last: Memory = { left: 0, resident: 0 };
let longestMs = 0;

for (let done = 0; done < count; done += ROUND) {
  const roundAt = performance.now();
  const outcomes = fuzzParser(Math.min(ROUND, count - done), seed + done);
  longestMs = Math.max(longestMs, performance.now() - roundAt);
  for (const [outcome, times] of outcomes) totals.set(outcome, (totals.get(outcome) ?? 0) + times);
  if (longestMs > MAX_ROUND_MS)
    throw new Error(`a round from seed ${seed + done} took ${longestMs} ms`);
  last = await memoryAfterCollection();
  first ??= last;
  if (
    last.left - first.left > MAX_LEFT_BYTES ||
    last.resident - first.resident > MAX_GROWTH_BYTES
  ) {
    const grown = JSON.stringify({ first, last });
    throw new Error(`memory grew within ${done} responses from seed ${seed}: ${grown}`);
  }
}

const tookMs = performance.now() - startedAt;
for (const [outcome, times] of [...totals].toSorted(([, a], [, b]) => b - a)) {
  console.log(`${String(times).padStart(10)}  ${outcome}`);
}
const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
const { left, resident } = first ?? last;
console.log(
  `${count} responses from seed ${seed} in ${(tookMs / 1000).toFixed(0)} s, the slowest ${ROUND} in ${(longestMs / 1000).toFixed(1)} s, ` +
    `the heap grew by ${mebibytes(last.left - left)}, resident memory by ${mebibytes(last.resident - resident)}`,
);
