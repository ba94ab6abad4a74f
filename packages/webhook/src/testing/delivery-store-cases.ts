import { byHandCases } from "./delivery-store-cases/by-hand-cases.ts";
import type { DeliveryStoreCase } from "./delivery-store-cases/case.ts";
import { claimCases } from "./delivery-store-cases/claim-cases.ts";
import { enqueueCases } from "./delivery-store-cases/enqueue-cases.ts";
import { holdCases } from "./delivery-store-cases/hold-cases.ts";
import { leaseCases } from "./delivery-store-cases/lease-cases.ts";
import { lifetimeCases } from "./delivery-store-cases/lifetime-cases.ts";
import { listCases } from "./delivery-store-cases/list-cases.ts";
import { orderedCases } from "./delivery-store-cases/ordered-cases.ts";
import { pruneCases } from "./delivery-store-cases/prune-cases.ts";
import { randomCases } from "./delivery-store-cases/random-cases.ts";
import { settleCases } from "./delivery-store-cases/settle-cases.ts";
import { subscriptionCases } from "./delivery-store-cases/subscription-cases.ts";

export type { DeliveryStoreCase, DeliveryStoreCaseContext } from "./delivery-store-cases/case.ts";

/**
 * What every delivery store has to do, as data, for whichever test runner a driver's author uses:
 *
 * ```ts
 * import { createMemoryStore } from "@ventostack/webhook";
 * import { deliveryStoreCases } from "@ventostack/webhook/testing";
 * import { test } from "vitest";
 *
 * const { capabilities } = createMemoryStore();
 * for (const { name, needs, run } of deliveryStoreCases) {
 *   if ((needs?.(capabilities) ?? true) === true) test(name, () => run({ open: createMemoryStore }));
 * }
 * ```
 *
 * All times are passed in: nothing waits. Names are sentences whose subject is the store.
 */
export const deliveryStoreCases: readonly DeliveryStoreCase[] = [
  ...enqueueCases,
  ...claimCases,
  ...leaseCases,
  ...settleCases,
  ...orderedCases,
  ...holdCases,
  ...subscriptionCases,
  ...listCases,
  ...byHandCases,
  ...pruneCases,
  ...lifetimeCases,
  ...randomCases,
];
