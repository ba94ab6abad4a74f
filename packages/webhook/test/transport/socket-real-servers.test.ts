import { describe, expect, test } from "vitest";
import { startBunServers, startNodeServers } from "./runtime-servers.ts";
import type { CheckedServer } from "./server-checks.ts";
import { checkServer } from "./server-checks.ts";
import { afterTest } from "./setup.ts";

async function problemsOf(server: CheckedServer): Promise<readonly unknown[]> {
  afterTest(server.stop);
  const results = await checkServer(server);
  // So that a server without ports does not pass.
  expect(results.length).toBeGreaterThan(10);
  return results.filter(({ problem }) => problem !== undefined);
}

// nginx, Apache, Caddy and Python's server: scripts/real-servers.ts
describe("the socket transport and", () => {
  test("node:http and node:https", async () => {
    expect(await problemsOf(await startNodeServers())).toEqual([]);
  }, 30_000);

  test.runIf(typeof Bun !== "undefined")(
    "Bun.serve",
    async () => {
      const server = startBunServers();
      expect(server && (await problemsOf(server))).toEqual([]);
    },
    30_000,
  );
});
