import type { DeliveryStore } from "../../store/delivery-store.ts";
import { compareAll } from "./compare.ts";
import { steps } from "./random-steps.ts";
import type { World } from "./world.ts";
import { createWorld } from "./world.ts";

/** How many of the steps before a failure its message names. */
const STEPS_TOLD = 12;

const totalWeight = steps.reduce((sum, [, weight]) => sum + weight, 0);

function randomStep({ random }: World): (typeof steps)[number] {
  let left = random.below(totalWeight);
  for (const step of steps) {
    left -= step[1];
    if (left < 0) return step;
  }
  throw new Error("the weights do not add up");
}

/**
 * Does random things to a store and compares all that it can be asked with a plain model after each of them.
 * @throws Error that names the seed, the step and the steps before it
 */
export async function runAgainstModel(
  store: DeliveryStore,
  { seed, steps: count }: { readonly seed: number; readonly steps: number },
): Promise<void> {
  const world = createWorld(store, seed);
  const before: string[] = [];
  for (let number = 1; number <= count; number += 1) {
    const [name, , step] = randomStep(world);
    before.push(name);
    if (before.length > STEPS_TOLD) before.shift();
    try {
      await step(world);
      await compareAll(world);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`seed ${seed}, step ${number} (${before.join(", ")}): ${reason}`, { cause });
    }
  }
}
