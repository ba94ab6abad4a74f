/** A log with times, and a table. */
import { stripVTControlCharacters, styleText } from "node:util";

export type Colour = "green" | "red" | "yellow" | "cyan" | "dim" | "bold";

export function paint(colour: Colour, text: string): string {
  return process.env["NO_COLOR"] === undefined && process.stdout.isTTY
    ? styleText(colour, text)
    : text;
}

const startedAt = Date.now();

/** One line with the seconds since the start. */
export function log(who: string, text: string): void {
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(2).padStart(6);
  console.log(`${paint("dim", `${seconds} s`)}  ${paint("bold", who.padEnd(9))} ${text}`);
}

function widthOf(cell: string): number {
  return stripVTControlCharacters(cell).length;
}

/** Rows under headings, each column as wide as its widest cell. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows];
  const widths = headings.map((_heading, column) =>
    Math.max(...all.map((row) => widthOf(row[column] ?? ""))),
  );
  const line = (row: readonly string[]): string =>
    `  ${row.map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - widthOf(cell))).join("   ")}`;
  const rule = `  ${widths.map((width) => "─".repeat(width)).join("───")}`;
  return [line(headings.map((heading) => paint("bold", heading))), rule, ...rows.map(line)].join(
    "\n",
  );
}
