/**
 * Sends to servers that others have written: nginx, Apache, Caddy and Python's, where they are installed, and those of
 * the runtime that runs this. Prints what each check came to; exit code 1 where one failed. No part of `verify`.
 * Run: bun scripts/real-servers.ts
 */
import {
  startBunServers,
  startNodeServers,
} from "../packages/webhook/test/transport/runtime-servers.ts";
import type { CheckedServer } from "../packages/webhook/test/transport/server-checks.ts";
import { checkServer } from "../packages/webhook/test/transport/server-checks.ts";
import { startApache, startCaddy, startNginx, startPython } from "./real-servers/installed.ts";

const STARTS: readonly [string, () => Promise<CheckedServer | undefined>][] = [
  ["node", startNodeServers],
  ["Bun.serve", async () => startBunServers()],
  ["nginx", startNginx],
  ["Apache", startApache],
  ["Caddy", startCaddy],
  ["Python", startPython],
];

let failures = 0;
for (const [name, start] of STARTS) {
  const server = await start();
  if (!server) {
    console.log(`${name}: not here`);
    continue;
  }
  try {
    const results = await checkServer(server);
    const problems = results.filter(({ problem }) => problem !== undefined);
    failures += problems.length;
    console.log(`${server.name}: ${results.length - problems.length} of ${results.length} checks`);
    for (const { check, problem } of problems) console.log(`  ${check}: ${problem}`);
  } finally {
    await server.stop();
  }
}
process.exit(failures === 0 ? 0 : 1);
