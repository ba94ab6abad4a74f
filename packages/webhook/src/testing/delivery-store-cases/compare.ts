import type { StoredDelivery, StoreFilter } from "../../store/delivery-store.ts";
import { check, same } from "./check.ts";
import { factsOf } from "./fixtures.ts";
import type { DeliveryFacts } from "./fixtures.ts";
import type { ModelDelivery } from "./model.ts";
import { ANY_ERROR, isFinished } from "./model.ts";
import type { World } from "./world.ts";
import { slotsOf } from "./world.ts";

/** A driver may keep only the newest attempts of a delivery that is tried again and again, but so many at least. */
const ATTEMPTS_KEPT = 50;

export function modelFacts(delivery: ModelDelivery): DeliveryFacts {
  const { id, subscriptionId, status, attempts, maxAttempts, createdAt } = delivery;
  const { dueAt, lastStatus, lastError } = delivery;
  const eventId = delivery.event.message.id;
  return {
    ...{ id, subscriptionId, eventId, status, attempts, maxAttempts, createdAt },
    ...{ dueAt, lastStatus, lastError },
  };
}

function compareDelivery(actual: StoredDelivery, expected: ModelDelivery): void {
  const { lastError } = actual;
  const isAnyError =
    expected.lastError === ANY_ERROR && lastError !== undefined && lastError !== "";
  same(
    { ...factsOf(actual), ...(isAnyError ? { lastError: ANY_ERROR } : {}) },
    modelFacts(expected),
    `the delivery ${expected.id}`,
  );
  if (!isFinished(expected)) return;
  same(actual.updatedAt, expected.finishedAt, `updatedAt of the delivery ${expected.id}`);
}

async function compareDeliveries({ store, model, random }: World): Promise<void> {
  const limit = 1 + random.below(60);
  let after = 0;
  let index = 0;
  for (;;) {
    const page = await store.deliveries.list({}, { after, limit });
    for (const delivery of page) {
      check(delivery.seq > after, `seq has to grow, but ${delivery.seq} comes after ${after}`);
      after = delivery.seq;
      const expected = model.deliveries[index];
      check(expected !== undefined, `deliveries.list has ${delivery.id} beyond the last one`);
      compareDelivery(delivery, expected);
      index += 1;
    }
    if (page.length < limit) break;
  }
  same(index, model.deliveries.length, "the number of deliveries listed");
}

/** A filter that finds something more often than not. */
export function randomFilter({ model, random, now }: World): StoreFilter {
  const { deliveries, subscriptions } = model;
  const one = random.any(deliveries);
  return {
    ...(random.chance(0.2) && { ids: random.some(deliveries).map((each) => each.id) }),
    ...(random.chance(0.4) && {
      status: random.some(["pending", "failed", "sent", "dead"] as const),
    }),
    ...(random.chance(0.2) && one && { event: one.event.message.type }),
    ...(random.chance(0.1) && one && { eventId: one.event.message.id }),
    ...(random.chance(0.3) && {
      subscriptionId: random.any([...subscriptions.keys()]) ?? "unknown",
    }),
    ...(random.chance(0.2) && { since: now - random.below(5000) }),
    ...(random.chance(0.2) && { until: now - random.below(2000) }),
    ...(random.chance(0.2) && { held: true as const }),
  };
}

async function compareFiltered(world: World): Promise<void> {
  const filter = randomFilter(world);
  const page = await world.store.deliveries.list(filter, { limit: 1e6 });
  same(
    page.map((delivery) => delivery.id),
    world.model.select(filter).map((delivery) => delivery.id),
    `the deliveries with ${JSON.stringify(filter)}`,
  );
}

async function compareAttempts({ store, model, random }: World): Promise<void> {
  const delivery = random.any(model.deliveries);
  if (!delivery) return;
  const { id, log } = delivery;
  const attempts = await store.attempts.list(id);
  const least = Math.min(log.length, ATTEMPTS_KEPT);
  check(
    attempts.length >= least && attempts.length <= log.length,
    `${attempts.length} attempts of the delivery ${id} are on record, of ${log.length}`,
  );
  same(attempts, log.slice(log.length - attempts.length), `the attempts of the delivery ${id}`);
}

async function compareNextDueAt({ store, model, workers, claimedAt }: World): Promise<void> {
  const actual = await store.nextDueAt();
  const times = new Map(
    [...model.subscriptions.keys()].map((id) => [id, model.dueAt(id) ?? Number.POSITIVE_INFINITY]),
  );
  // A driver may leave out a subscription that some worker has no slots for, until it is freed.
  const certain = [...times].filter(([id]) =>
    workers.every((worker) => slotsOf(worker, id) > 0 && !worker.freed.has(id)),
  );
  const latest = Math.min(...certain.map(([, time]) => time));
  const answer = actual ?? Number.POSITIVE_INFINITY;
  check(
    // Of what is due already any one will do: the worker has to come at once.
    answer <= Math.max(latest, claimedAt),
    `nextDueAt says ${actual}, but work is due at ${latest}`,
  );
  check(
    actual === undefined || [...times.values()].includes(actual),
    `nextDueAt says ${actual}, but work is due at ${[...times.values()].join(", ")}`,
  );
}

/** Compares all that the store can be asked with the model. */
export async function compareAll(world: World): Promise<void> {
  const { store, model } = world;
  await compareDeliveries(world);
  await compareFiltered(world);
  await compareAttempts(world);
  // Not always: a driver that finds forgotten work while it is asked must not be helped to it before every claim.
  if (world.random.chance(0.3)) await compareNextDueAt(world);
  const { subscriptions, pending, failed, sent, dead, held, oldestDueAt } = await store.stats();
  same(
    { subscriptions, pending, failed, sent, dead, held, oldestDueAt },
    model.counters(),
    "stats",
  );
  const messages = await store.messages.list({ limit: 1e6 });
  same(
    messages.map((entry) => entry.message.id),
    model.messages.map((entry) => entry.message.id),
    "the stored events",
  );
  const listed = await store.subscriptions.list();
  same(
    new Map(listed.map((each) => [each.id, each])).size,
    model.subscriptions.size,
    "the number of subscriptions listed",
  );
  for (const each of listed) {
    same(each, model.subscriptions.get(each.id), `the subscription ${each.id}`);
  }
}
