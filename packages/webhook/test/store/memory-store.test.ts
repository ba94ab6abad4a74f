import { describe, it } from "vitest";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { deliveryStoreCases } from "../../src/testing/delivery-store-cases.ts";

describe("the memory store", () => {
  const { capabilities } = createMemoryStore();
  for (const { name, needs, run } of deliveryStoreCases) {
    const needed = needs?.(capabilities) ?? true;
    const title = needed === true ? name : `${name} (${needed})`;
    it.skipIf(needed !== true)(title, () => run({ open: createMemoryStore }));
  }
});
