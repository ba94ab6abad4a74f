import { defineConfig } from "vitest/config";

const major = Number(process.versions.node.split(".")[0]);
if (!process.versions.bun && major < 22) {
  throw new Error(
    `These tests need Node 22 or later, this is ${process.version}: run "bun run test:node", which finds the pinned Node 24`,
  );
}

export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: {
    // Bun has no `channel.unref` on child processes, which the default forks pool calls.
    pool: process.versions.bun ? "threads" : "forks",
    projects: [
      ...["events", "webhook", "integration"].map((name) => ({
        extends: true as const,
        test: {
          name,
          root: `packages/${name}`,
          include: ["test/**/*.test.ts"],
          typecheck: {
            enabled: true,
            include: ["test/**/*.test-d.ts"],
            tsconfig: "../../tsconfig.json",
          },
        },
      })),
    ],
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      exclude: ["**/index.ts", "**/testing/**"],
      reporter: ["text-summary"],
    },
  },
});
