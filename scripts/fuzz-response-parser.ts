/**
 * Feeds the response parser with mutated responses, 10 million of them unless told otherwise, and fails where it throws,
 * reads a response in pieces as another one than in whole, or grows. Run: bun scripts/fuzz-response-parser.ts [count] [seed]
 */
import { fuzzParser } from "../packages/webhook/test/transport/parse-response.ts";

const ROUND = 100_000;
/** What the machine's own housekeeping may add to the heap in the whole run. */
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;

const count = Number(process.argv[2] ?? 10_000_000);
const seed = Number(process.argv[3] ?? 1);
const totals = new Map<string, number>();
const startedAt = performance.now();
let heapAfterFirst = 0;
let longestMs = 0;

for (let done = 0; done < count; done += ROUND) {
  const roundAt = performance.now();
  const outcomes = fuzzParser(Math.min(ROUND, count - done), seed + done);
  longestMs = Math.max(longestMs, performance.now() - roundAt);
  for (const [outcome, times] of outcomes) totals.set(outcome, (totals.get(outcome) ?? 0) + times);
  const { heapUsed } = process.memoryUsage();
  if (done === 0) heapAfterFirst = heapUsed;
  if (heapUsed - heapAfterFirst > MAX_GROWTH_BYTES) {
    throw new Error(`the heap grew by ${heapUsed - heapAfterFirst} bytes within ${done} responses`);
  }
}

const tookMs = performance.now() - startedAt;
for (const [outcome, times] of [...totals].toSorted(([, a], [, b]) => b - a)) {
  console.log(`${String(times).padStart(10)}  ${outcome}`);
}
console.log(
  `${count} responses in ${(tookMs / 1000).toFixed(0)} s, the slowest ${ROUND} in ${(longestMs / 1000).toFixed(1)} s, ` +
    `heap grew by ${((process.memoryUsage().heapUsed - heapAfterFirst) / 1024 / 1024).toFixed(1)} MiB`,
);
