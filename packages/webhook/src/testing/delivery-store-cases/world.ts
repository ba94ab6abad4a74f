import type { DeliveryStore } from "../../store/delivery-store.ts";
import { T0 } from "./fixtures.ts";
import type { Model } from "./model.ts";
import { createModel } from "./model.ts";
import type { Random } from "./random.ts";
import { createRandom } from "./random.ts";

/** A worker as the model sees it: a dispatcher that keeps so many attempts per subscription under way. */
export interface Worker {
  readonly name: string;
  readonly perSubscription: number;
  /** What it believes to be under way, with the newest token it has; leases may have run out behind its back. */
  readonly flights: Map<string, { readonly subscriptionId: string; readonly token: number }>;
  /** Subscriptions that it takes nothing of for a while. */
  readonly blocked: Set<string>;
  /** Whose slots have grown since its last claim. */
  readonly freed: Set<string>;
  /** How many claims in a row had room and work of a subscription and took none of it. */
  readonly passedOver: Map<string, number>;
}

/** A store, its model, and all that a random run goes by. */
export interface World {
  readonly store: DeliveryStore;
  readonly model: Model;
  readonly random: Random;
  readonly workers: readonly [Worker, ...Worker[]];
  now: number;
  /** The `now` of the last claim, which is how far the store knows the time. */
  claimedAt: number;
  readonly nextId: (prefix: string) => string;
}

function createWorker(name: string, perSubscription: number): Worker {
  return {
    name,
    perSubscription,
    flights: new Map(),
    blocked: new Set(),
    freed: new Set(),
    passedOver: new Map(),
  };
}

export function createWorld(store: DeliveryStore, seed: number): World {
  let ids = 0;
  return {
    store,
    model: createModel(),
    random: createRandom(seed),
    workers: [createWorker("one", 1), createWorker("three", 3), createWorker("many", 50)],
    now: T0,
    claimedAt: T0,
    nextId: (prefix) => `${prefix}-${(ids += 1)}`,
  };
}

/** How many more attempts of a subscription a worker takes now. */
export function slotsOf(worker: Worker, subscriptionId: string): number {
  if (worker.blocked.has(subscriptionId)) return 0;
  let inFlight = 0;
  for (const flight of worker.flights.values()) {
    if (flight.subscriptionId === subscriptionId) inFlight += 1;
  }
  return worker.perSubscription - inFlight;
}

export function endFlight(worker: Worker, deliveryId: string): void {
  const flight = worker.flights.get(deliveryId);
  if (!flight) return;
  worker.flights.delete(deliveryId);
  worker.freed.add(flight.subscriptionId);
}
