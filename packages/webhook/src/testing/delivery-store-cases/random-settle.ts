import type { EndpointState, Settlement, SettleResult } from "../../store/delivery-store.ts";
import { check, same } from "./check.ts";
import { attemptOf } from "./fixtures.ts";
import { isFinished } from "./model.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";
import { endFlight } from "./world.ts";

const ENDPOINTS = ["ok", "ok", "ok", "failing", "paused", "disabled"] as const;
const RESULTS = ["sent", "sent", "failed", "failed", "failed", "dead", "release"] as const;

export function randomEndpoint(random: Random, now: number): EndpointState {
  const status = random.pick(ENDPOINTS);
  return {
    status,
    failures: random.below(4),
    ...(random.chance(0.3) && { reason: "by chance" }),
    ...(status === "failing" && { failingSince: now }),
    ...(random.chance(0.2) && { quietUntil: now + random.below(2000) }),
  };
}

function randomSettlement(world: World, deliveryId: string, token: number): Settlement {
  const { model, random, now } = world;
  const result = random.pick(RESULTS);
  const isAttempt = result === "dead" ? random.chance(0.7) : result !== "release";
  const number = (model.find(deliveryId)?.attempts ?? 0) + 1;
  const status = random.pick([200, 500, undefined]);
  return {
    deliveryId,
    token,
    at: now,
    result,
    ...((result === "failed" || result === "release") && {
      dueAt: now + random.pick([0, 1, 10, 500, 3000]),
    }),
    ...(result !== "sent" && result !== "release" && { error: `error ${number}` }),
    ...(isAttempt && {
      attempt: attemptOf(number, { at: now, ...(status === undefined ? {} : { status }) }),
    }),
    ...(random.chance(0.1) && { endpoint: randomEndpoint(random, now) }),
  };
}

/** Follows what the store has answered, where the port allows that answer. */
function follow({ model }: World, settlement: Settlement, result: SettleResult | undefined): void {
  const delivery = model.find(settlement.deliveryId);
  const isCurrent = delivery?.token === settlement.token && !isFinished(delivery);
  const isLeased = isCurrent && delivery.leaseUntil !== undefined;
  // A lease that has run out, but went to nobody else: the store may still take the settlement.
  if (isLeased || !isCurrent) {
    same(result, isLeased ? "settled" : "fenced", `settle of ${settlement.deliveryId}`);
  }
  if (result === "settled" && delivery) model.settle(delivery, settlement);
}

/** A worker settles one or more of its flights at once, or forgets one as if it had crashed. */
export async function randomSettle(world: World): Promise<void> {
  const { store, random } = world;
  const worker = random.pick(world.workers);
  const flights = [...worker.flights];
  if (random.chance(0.1)) {
    const crashed = random.any(flights);
    if (crashed) endFlight(worker, crashed[0]);
    return;
  }
  const chosen = random.chance(0.5) ? random.some(flights) : flights.slice(0, 1);
  const settlements = chosen.map(([id, { token }]) => randomSettlement(world, id, token));
  const results = await store.settle(settlements);
  same(results.length, settlements.length, "the number of answers");
  for (const [index, settlement] of settlements.entries()) {
    follow(world, settlement, results[index]);
    endFlight(worker, settlement.deliveryId);
  }
}

/** A settlement with a token that never was or no longer is. */
export async function randomStaleSettle(world: World): Promise<void> {
  const { store, model, random } = world;
  const delivery = random.any(model.deliveries);
  if (!delivery) return;
  const token = delivery.token + random.pick([-1, 1, 1000]);
  const [result] = await store.settle([randomSettlement(world, delivery.id, token)]);
  check(result === "fenced", `a settlement of ${delivery.id} with another token was ${result}`);
}
