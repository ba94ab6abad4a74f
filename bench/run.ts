/** Runs the suites, or those that are named, on Bun and on Node: `bun run bench`, `bun run bench verify deliver`. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SUITES = ["verify", "deliver", "isolation", "schedule", "soak", "durable"];

const named = process.argv.slice(2);
const unknown = named.filter((name) => !SUITES.includes(name));
if (unknown.length > 0) {
  console.error(`There is no suite ${unknown.join(", ")}; there are ${SUITES.join(", ")}.`);
  process.exit(2);
}

// `bun run` puts the pinned Node of the workspace on PATH.
const runtimes: readonly (readonly [string, readonly string[]])[] = [
  [process.execPath, []],
  ["node", ["--expose-gc", "--no-warnings"]],
];
let failed = 0;
for (const suite of named.length > 0 ? named : SUITES) {
  const script = fileURLToPath(new URL(`${suite}/main.ts`, import.meta.url));
  if (!existsSync(script)) continue;
  for (const [command, flags] of runtimes) {
    const { status } = spawnSync(command, [...flags, script], { stdio: "inherit" });
    if (status !== 0) failed += 1;
  }
}
spawnSync(process.execPath, [fileURLToPath(new URL("charts.ts", import.meta.url))], {
  stdio: "inherit",
});
process.exit(failed === 0 ? 0 : 1);
