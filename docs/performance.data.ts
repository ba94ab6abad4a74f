/** Reads the bench's results and the charts that lie beside the pages, so that the page shows what was last measured. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface Row {
  readonly name: string;
  readonly perSecond?: number;
  readonly cpuMicros?: number;
}

/** As `bench/support/report.ts` writes it. */
interface Result {
  readonly suite: string;
  readonly runtime: string;
  readonly at: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly platform: string };
  readonly groups: readonly {
    readonly title: string;
    readonly baseline: string;
    readonly rows: readonly Row[];
  }[];
}

/** One table: each case as a multiple of the baseline. */
interface Comparison {
  readonly suite: string;
  readonly runtime: string;
  readonly title: string;
  readonly baseline: string;
  readonly machine: string;
  readonly day: string;
  readonly rows: readonly { readonly name: string; readonly rate: string; readonly cpu: string }[];
}

export interface PerformanceData {
  readonly comparisons: readonly Comparison[];
  /** Paths of the pictures. */
  readonly charts: readonly string[];
}

const results = new URL("../bench/results/", import.meta.url);
const charts = new URL("public/charts/", import.meta.url);

function filesOf(folder: URL, end: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(end))
    .toSorted();
}

function ratio(value: number | undefined, base: number | undefined): string {
  if (value === undefined || base === undefined || base === 0) return "–";
  return (value / base).toFixed(2);
}

function comparisonsOf(result: Result): Comparison[] {
  const { suite, runtime, at, machine } = result;
  return result.groups.map(({ title, baseline, rows }) => {
    const base = rows.find(({ name }) => name === baseline);
    return {
      suite,
      runtime,
      title,
      baseline,
      machine: `${machine.cpu}, ${machine.cores} cores, ${machine.platform}`,
      day: at.slice(0, 10),
      rows: rows.map(({ name, perSecond, cpuMicros }) => ({
        name,
        rate: ratio(perSecond, base?.perSecond),
        cpu: ratio(cpuMicros, base?.cpuMicros),
      })),
    };
  });
}

declare const data: PerformanceData;
export { data };

export default {
  watch: [`${fileURLToPath(results)}*.json`, `${fileURLToPath(charts)}*.svg`],
  load(): PerformanceData {
    return {
      comparisons: filesOf(results, ".json").flatMap((file) => {
        const result: Result = JSON.parse(readFileSync(new URL(file, results), "utf8"));
        return comparisonsOf(result);
      }),
      charts: filesOf(charts, ".svg").map((file) => `/charts/${file}`),
    };
  },
};
