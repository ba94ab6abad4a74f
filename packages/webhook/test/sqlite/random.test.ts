import { describe, it } from "vitest";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { createRandom } from "../../src/testing/delivery-store-cases/random.ts";
import { runAgainstModel } from "../../src/testing/delivery-store-cases/run-against-model.ts";
import { failingDisk, untilItWorks } from "./failing-disk.ts";
import { createPaths } from "./support.ts";
import { inTurns } from "./turns.ts";

const newPath = createPaths();
const STEPS = 250;

describe("the SQLite store agrees with a plain model", () => {
  it.each([1, 2, 3])("when two connections work on one file in turns, seed %i", async (seed) => {
    const path = newPath();
    const store = inTurns(createSqliteStore(path), createSqliteStore(path));
    await runAgainstModel(store, { seed, steps: STEPS });
    await store.close();
  });

  it.each([1, 2, 3])("when every twentieth write fails, seed %i", async (seed) => {
    const random = createRandom(seed);
    let isFailing = false;
    const disk = failingDisk(newPath(), () => isFailing && random.chance(0.05));
    const store = createSqliteStore(disk);
    isFailing = true;
    const tested = {
      ...untilItWorks(store),
      // In steps: one that fails leaves the ones before it done.
      async prune(bounds: Parameters<typeof store.prune>[0]) {
        isFailing = false;
        const removed = await store.prune(bounds);
        isFailing = true;
        return removed;
      },
    };
    await runAgainstModel(tested, { seed, steps: STEPS });
    store.close();
    disk.close();
  });
});
