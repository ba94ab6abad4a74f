/** Runs every example, one after the other, and fails if one does. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const TIMEOUT_MS = 120_000;

const names = readdirSync(import.meta.dirname).filter((name) =>
  existsSync(join(import.meta.dirname, name, "main.ts")),
);
const failed: string[] = [];
for (const name of names) {
  const startedAt = performance.now();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, name, "main.ts")],
    { encoding: "utf8", timeout: TIMEOUT_MS, env: { ...process.env, NO_COLOR: "1" } },
  );
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${status === 0 ? "ok  " : "FAIL"}  ${name}, ${seconds} s`);
  if (status === 0) continue;
  failed.push(name);
  console.error(`${stdout}${stderr}`);
}
if (failed.length > 0) {
  console.error(`These examples do not work: ${failed.join(", ")}`);
  process.exit(1);
}
