/**
 * Sends to servers that others have written: nginx, Apache, Caddy and Python's, where they are installed, and those of
 * the runtime that runs this. Prints what each check came to; exit code 1 where one failed. No part of `verify`.
 *
 * On Debian: apt-get install nginx-light apache2-bin caddy python3
 *
 * Run: bun scripts/real-servers.ts, and the same with node
 */
import {
  startBunServers,
  startNodeServers,
} from "../packages/webhook/test/transport/runtime-servers.ts";
import type { CheckedServer } from "../packages/webhook/test/transport/server-checks.ts";
import { checkServer } from "../packages/webhook/test/transport/server-checks.ts";
import {
  startApache,
  startCaddy,
  startNginx,
  startPython,
  startPythonModule,
} from "./real-servers/installed.ts";

interface Start {
  readonly name: string;
  readonly start: () => Promise<CheckedServer | undefined>;
  /** Where it comes from. */
  readonly from: string;
}

const STARTS: readonly Start[] = [
  { name: "node", start: startNodeServers, from: "" },
  { name: "Bun", start: async () => startBunServers(), from: "run this with bun" },
  { name: "nginx", start: startNginx, from: "Debian's package nginx-light" },
  { name: "Apache", start: startApache, from: "Debian's package apache2-bin" },
  { name: "Caddy", start: startCaddy, from: "Debian's package caddy" },
  { name: "Python", start: startPython, from: "Debian's package python3" },
  { name: "Py 1.0", start: startPythonModule, from: "Debian's package python3" },
];

/** A row for each check, in the order in which they were first made; a cell for each server. */
const table = new Map<string, Map<string, string>>();
const notes: string[] = [];
let failures = 0;

for (const { name, start, from } of STARTS) {
  const server = await start();
  if (!server) {
    console.log(`${name}: skipped, it is not here; ${from}`);
    continue;
  }
  try {
    for (const { check, problem } of await checkServer(server)) {
      const row = table.get(check) ?? new Map<string, string>();
      table.set(check, row.set(name, problem === undefined ? "ok" : "FAILED"));
      if (problem !== undefined) notes.push(`${name}, ${check}: ${problem}`);
      failures += problem === undefined ? 0 : 1;
    }
    console.log(`${name}: ${server.name}`);
  } finally {
    await server.stop();
  }
}

const width = Math.max(...[...table.keys()].map((check) => check.length));
const printRow = (head: string, cells: readonly string[]): void =>
  console.log([head.padEnd(width), ...cells.map((cell) => cell.padEnd(7))].join("  ").trimEnd());
console.log("");
printRow(
  "",
  STARTS.map(({ name }) => name),
);
for (const [check, row] of table) {
  printRow(
    check,
    STARTS.map(({ name }) => row.get(name) ?? "-"),
  );
}
for (const note of notes) console.log(note);
process.exit(failures === 0 ? 0 : 1);
