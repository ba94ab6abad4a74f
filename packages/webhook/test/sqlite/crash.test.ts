import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCrashTest } from "./crash/run.ts";

describe("senders that are killed at random moments", () => {
  it.each([
    ["normal", 1],
    ["full", 2],
  ] as const)(
    "lose no event that was accepted (durability %s, %i at a time)",
    { timeout: 120_000 },
    async (durability, senders) => {
      const folder = mkdtempSync(join(tmpdir(), "webhook-crash-"));
      try {
        const report = await runCrashTest({ kills: 5, senders, durability, folder, mostMs: 250 });
        expect(report).toMatchObject({
          lost: 0,
          unfinished: 0,
          unexplainedDuplicates: 0,
          outOfOrder: 0,
          areCountersRight: true,
          integrity: "ok",
        });
        expect(report.accepted).toBeGreaterThan(0);
        expect(report.duplicates).toBeLessThanOrEqual(report.inFlightAtKills);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});
