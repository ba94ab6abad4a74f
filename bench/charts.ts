/** Draws the results as bars, for the documentation: one SVG a suite and runtime, ratios to the suite's baseline. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Group } from "./support/report.ts";

interface Result {
  readonly suite: string;
  readonly runtime: string;
  readonly groups: readonly Group[];
}

const RESULTS = new URL("results/", import.meta.url);
const CHARTS = new URL("../docs/public/charts/", import.meta.url);

const WIDTH = 760;
const LABEL = 250;
const BAR = 20;
const GAP = 8;
const HEADING = 34;
/** Readable on white and on black: the picture does not know which page it stands on. */
const INK = "#7a7f87";
const BASE = "#9aa3ad";
const ACCENT = "#2f7ff0";
const OURS = /^(?:ours$|accept,|burst,|deliver)/;

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function chart({ suite, runtime, groups }: Result): string {
  const lines: string[] = [];
  let y = 0;
  const text = (x: number, at: number, content: string, extra = ""): void => {
    lines.push(`<text x="${x}" y="${at}" ${extra}>${escape(content)}</text>`);
  };
  for (const { title, baseline, rows } of groups) {
    const base = rows.find((row) => row.name === baseline)?.perSecond ?? 1;
    const most = Math.max(...rows.map((row) => row.perSecond / base));
    y += HEADING;
    text(0, y - 10, `${title} (${runtime}, times ${baseline})`, 'font-weight="600"');
    for (const { name, perSecond } of rows) {
      const ratio = perSecond / base;
      const width = Math.max(2, (ratio / most) * (WIDTH - LABEL - 60));
      const isOurs = OURS.test(name);
      text(LABEL - 10, y + 15, name, 'text-anchor="end"');
      lines.push(
        `<rect x="${LABEL}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="3" fill="${isOurs ? ACCENT : BASE}"/>`,
      );
      text(LABEL + width + 8, y + 15, ratio.toFixed(2));
      y += BAR + GAP;
    }
  }
  const height = y + GAP;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escape(`${suite} on ${runtime}`)}" font-family="system-ui, sans-serif" font-size="13" fill="${INK}">`,
    ...lines,
    "</svg>\n",
  ].join("\n");
}

mkdirSync(CHARTS, { recursive: true });
for (const file of readdirSync(RESULTS)) {
  if (!file.endsWith(".json")) continue;
  const result = JSON.parse(readFileSync(new URL(file, RESULTS), "utf8")) as Result;
  if (result.groups.length === 0) continue;
  writeFileSync(new URL(file.replace(".json", ".svg"), CHARTS), chart(result));
  console.log(`docs/public/charts/${file.replace(".json", ".svg")}`);
}
