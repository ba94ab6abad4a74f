import type { DeliveryStoreCase } from "./case.ts";
import { storeCase } from "./case.ts";
import { runAgainstModel } from "./run-against-model.ts";

const STEPS = 600;
const SEEDS = [1, 2, 3, 4, 5];

export const randomCases: readonly DeliveryStoreCase[] = SEEDS.map((seed) =>
  storeCase(`agrees with a plain model after each of ${STEPS} random steps, seed ${seed}`, (kit) =>
    runAgainstModel(kit.store, { seed, steps: STEPS }),
  ),
);
