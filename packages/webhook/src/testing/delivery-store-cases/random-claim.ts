import type { Claimed } from "../../store/delivery-store.ts";
import { check, same } from "./check.ts";
import { modelFacts } from "./compare.ts";
import { factsOf } from "./fixtures.ts";
import type { ModelDelivery } from "./model.ts";
import type { Worker, World } from "./world.ts";
import { slotsOf } from "./world.ts";

/** With so many claims in a row that leave a subscription's work behind, its turn does not come. */
const MOST_PASSED_OVER = 12;

interface Offer {
  readonly slots: number;
  readonly available: readonly ModelDelivery[];
}

/** What was taken of one subscription has to be what is due first, and no more than there are slots for. */
function checkTaken(id: string, { slots, available }: Offer, taken: readonly Claimed[]): void {
  check(taken.length <= slots, `${taken.length} were taken of ${id}, which has ${slots} slots`);
  same(
    taken.map(({ delivery }) => delivery.dueAt),
    available.slice(0, taken.length).map((delivery) => delivery.dueAt),
    `the due times of what was taken of ${id}`,
  );
  for (const { delivery, token } of taken) {
    const expected = available.find((each) => each.id === delivery.id);
    check(expected !== undefined, `${delivery.id} was taken, but is not to be had`);
    same(factsOf(delivery), modelFacts(expected), `the claimed delivery ${delivery.id}`);
    same(delivery.message, expected.event.message, `the event of ${delivery.id}`);
    check(token > expected.token, `the token of ${delivery.id} did not grow`);
  }
}

function checkTurn(worker: Worker, id: string, wasPassedOver: boolean): void {
  const times = wasPassedOver ? (worker.passedOver.get(id) ?? 0) + 1 : 0;
  worker.passedOver.set(id, times);
  check(times <= MOST_PASSED_OVER, `${times} claims in a row passed over the work of ${id}`);
}

/** One claim of a random worker, checked against what the model has to offer. */
export async function randomClaim(world: World): Promise<void> {
  const { store, model, random, now } = world;
  const worker = random.pick(world.workers);
  const limit = random.pick([1, 1, 2, 3, 8, 50, 0]);
  const leaseMs = random.pick([200, 1000, 5000, 20_000]);
  model.endLeases(now);
  world.claimedAt = now;
  const offers = new Map<string, Offer>();
  for (const id of model.subscriptions.keys()) {
    offers.set(id, { slots: slotsOf(worker, id), available: model.available(id, now) });
  }
  const claimed = await store.claim({
    now,
    limit,
    leaseMs,
    worker: worker.name,
    slots: (id) => offers.get(id)?.slots ?? 0,
    freed: [...worker.freed],
  });
  worker.freed.clear();

  let possible = 0;
  for (const [id, offer] of offers) {
    const room = Math.min(Math.max(0, offer.slots), offer.available.length);
    possible += room;
    const taken = claimed.filter(({ delivery }) => delivery.subscriptionId === id);
    checkTaken(id, offer, taken);
    if (limit > 0) checkTurn(worker, id, taken.length === 0 && room > 0);
  }
  same(claimed.length, Math.min(limit, possible), `the number taken of ${possible} by ${limit}`);
  same(
    new Set(claimed.map(({ delivery }) => delivery.id)).size,
    claimed.length,
    "the number of different deliveries taken",
  );
  for (const { delivery, token } of claimed) {
    const taken = model.find(delivery.id);
    check(taken !== undefined, `${delivery.id} was taken, but does not exist`);
    taken.token = token;
    taken.leaseUntil = now + leaseMs;
    // Under way here already, so that it takes up no more room: the store cannot know that.
    if (worker.flights.has(delivery.id)) worker.freed.add(delivery.subscriptionId);
    worker.flights.set(delivery.id, { subscriptionId: delivery.subscriptionId, token });
  }
}
