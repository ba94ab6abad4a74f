/** Rounds in shuffled order, and what is left of them: machines are noisy, so only medians and ratios of one run count. */
export interface Sample {
  /** Operations per second. */
  readonly perSecond: number;
  /** CPU time of this process per operation, in microseconds. */
  readonly cpuMicros: number;
  /** Latencies in milliseconds, where the case measures them. */
  readonly p50?: number;
  readonly p99?: number;
}

export type Case = () => Promise<Sample>;

export interface Row extends Sample {
  readonly name: string;
  readonly rounds: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

function shuffled<T>(items: readonly T[]): T[] {
  const copy = [...items];
  for (let index = copy.length - 1; index > 0; index -= 1) {
    const other = Math.floor(Math.random() * (index + 1));
    [copy[index], copy[other]] = [copy[other] as T, copy[index] as T];
  }
  return copy;
}

/** Runs every case once to warm up, then each once a round in shuffled order. */
export async function runRounds(
  cases: Readonly<Record<string, Case>>,
  rounds: number,
): Promise<Row[]> {
  const samples = new Map<string, Sample[]>();
  for (const run of Object.values(cases)) await run();
  for (let round = 1; round <= rounds; round += 1) {
    process.stderr.write(`  round ${round} of ${rounds}\r`);
    for (const [name, run] of shuffled(Object.entries(cases))) {
      const sample = await run();
      samples.set(name, [...(samples.get(name) ?? []), sample]);
    }
  }
  process.stderr.write("                    \r");
  const pick = (name: string, read: (sample: Sample) => number | undefined): number | undefined => {
    const values = (samples.get(name) ?? []).flatMap((sample) => read(sample) ?? []);
    return values.length === 0 ? undefined : median(values);
  };
  return Object.keys(cases).map((name) => {
    const p50 = pick(name, (sample) => sample.p50);
    const p99 = pick(name, (sample) => sample.p99);
    return {
      name,
      rounds,
      perSecond: pick(name, (sample) => sample.perSecond) ?? Number.NaN,
      cpuMicros: pick(name, (sample) => sample.cpuMicros) ?? Number.NaN,
      ...(p50 === undefined ? {} : { p50 }),
      ...(p99 === undefined ? {} : { p99 }),
    };
  });
}

/** Runs `operation` so many times, so many at once, and measures. */
export async function measure(
  count: number,
  inFlight: number,
  operation: (index: number) => Promise<unknown>,
): Promise<Sample> {
  const latencies = new Float64Array(count);
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (;;) {
      const index = next;
      next += 1;
      if (index >= count) return;
      const at = performance.now();
      await operation(index);
      latencies[index] = performance.now() - at;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const tookMs = performance.now() - startedAt;
  const cpu = process.cpuUsage(cpuBefore);
  const sorted = [...latencies];
  return {
    perSecond: (count / tookMs) * 1000,
    cpuMicros: (cpu.user + cpu.system) / count,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
  };
}
