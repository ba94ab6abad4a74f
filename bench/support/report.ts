/** Prints a suite's tables and writes its results, with the machine and the versions that they hold for. */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import type { Row } from "./rounds.ts";

const RUNTIME = process.versions.bun ? "bun" : "node";

export interface Group {
  readonly title: string;
  /** The case that the others are compared with. */
  readonly baseline: string;
  readonly rows: readonly Row[];
}

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it should be, such as `≤ 1`. */
  readonly goal?: string;
}

function format(value: number | undefined): string {
  if (value === undefined) return "";
  if (value >= 1000) return Math.round(value).toLocaleString("en");
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const all = [headings, ...rows];
  const widths = headings.map((_heading, column) =>
    Math.max(...all.map((row) => (row[column] ?? "").length)),
  );
  for (const [index, row] of all.entries()) {
    console.log(
      `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ")}`,
    );
    if (index === 0) console.log(`  ${widths.map((width) => "-".repeat(width)).join("  ")}`);
  }
}

export function report(
  suite: string,
  groups: readonly Group[],
  figures: readonly Figure[] = [],
): void {
  const runtime = process.versions.bun
    ? `Bun ${process.versions.bun}`
    : `Node ${process.versions.node}`;
  for (const { title, baseline, rows } of groups) {
    const base = rows.find((row) => row.name === baseline)?.perSecond ?? Number.NaN;
    console.log(`\n${suite}, ${runtime}: ${title}`);
    printTable(
      ["case", "per second", `ratio to ${baseline}`, "CPU µs", "p50 ms", "p99 ms"],
      rows.map((row) => [
        row.name,
        format(row.perSecond),
        format(row.perSecond / base),
        format(row.cpuMicros),
        format(row.p50),
        format(row.p99),
      ]),
    );
  }
  if (figures.length > 0) {
    console.log(`\n${suite}, ${runtime}`);
    printTable(
      ["figure", "value", "unit", "goal"],
      figures.map(({ name, value, unit, goal }) => [name, format(value), unit, goal ?? ""]),
    );
  }
  const folder = new URL("../results/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  const result = {
    suite,
    runtime,
    at: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      platform: `${process.platform}-${process.arch}`,
    },
    groups: groups.map(({ title, baseline, rows }) => ({ title, baseline, rows })),
    figures,
  };
  writeFileSync(
    new URL(`${suite}-${RUNTIME}.json`, folder),
    `${JSON.stringify(result, null, 2)}\n`,
  );
}
