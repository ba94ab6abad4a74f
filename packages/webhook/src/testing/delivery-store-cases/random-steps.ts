import type { NewDelivery, StoredSubscription } from "../../store/delivery-store.ts";
import { same } from "./check.ts";
import { randomFilter } from "./compare.ts";
import { MAX_ATTEMPTS, messageOf, subscriptionOf } from "./fixtures.ts";
import { isFinished } from "./model.ts";
import { randomClaim } from "./random-claim.ts";
import { randomEndpoint, randomSettle, randomStaleSettle } from "./random-settle.ts";
import type { World } from "./world.ts";

type Step = (world: World) => Promise<void>;

const MOST_SUBSCRIPTIONS = 6;
/** Beyond this, `enqueue` rests until some are finished. */
const MOST_UNFINISHED = 60;
const PATTERNS = ["*", "order.*", "order.created", "user.created"] as const;

function randomDeliveries({ model, random, now, nextId }: World): NewDelivery[] {
  const targets = random.some([...model.subscriptions.keys(), "gone"]);
  return targets.map((subscriptionId) => ({
    id: nextId("delivery"),
    subscriptionId,
    maxAttempts: MAX_ATTEMPTS,
    dueAt: now + random.pick([0, 0, 0, 5, 500, 2000]),
  }));
}

async function enqueue(world: World): Promise<void> {
  const { store, model, random, now, nextId } = world;
  if (model.deliveries.filter((each) => !isFinished(each)).length > MOST_UNFINISHED) return;
  const message = messageOf(nextId("event"), {
    type: random.pick(["order.created", "order.paid", "user.created"]),
    createdAt: now,
    ...(random.chance(0.3) && { tenant: "acme" }),
    ...(random.chance(0.3) && { idempotencyKey: `key-${random.below(10)}` }),
  });
  const deliveries = randomDeliveries(world);
  const expected = model.enqueue(message, deliveries);
  same(await store.enqueue(message, deliveries), expected, "enqueue");
}

async function redeliver(world: World): Promise<void> {
  const { store, model, random } = world;
  const messages = await store.messages.list({ limit: 1e6 });
  const index = random.below(messages.length);
  const [entry, event] = [messages[index], model.messages[index]];
  if (!entry || !event) return;
  const deliveries = randomDeliveries(world).slice(0, 2);
  model.redeliver(event, deliveries);
  await store.redeliver(entry.seq, deliveries);
}

async function subscribe({ store, model, random, now, nextId }: World): Promise<void> {
  if (model.subscriptions.size >= MOST_SUBSCRIPTIONS) return;
  const subscription = subscriptionOf(nextId("subscription"), {
    ordered: random.chance(0.3),
    events: [random.pick(PATTERNS)],
    ...(random.chance(0.3) && { tenant: "acme" }),
    createdAt: now,
    updatedAt: now,
  });
  model.subscriptions.set(subscription.id, subscription);
  await store.subscriptions.put(subscription);
}

async function change({ store, model, random, now }: World): Promise<void> {
  const current = random.any([...model.subscriptions.values()]);
  if (!current) return;
  const changes: [Partial<StoredSubscription>, ...Partial<StoredSubscription>[]] = [
    { endpoint: randomEndpoint(random, now) },
    { endpoint: { status: "ok", failures: 0 } },
    { ordered: !current.ordered },
    { events: [...new Set([random.pick(PATTERNS), random.pick(PATTERNS)])] },
    { active: !current.active },
  ];
  const next: StoredSubscription = { ...current, updatedAt: now, ...random.pick(changes) };
  model.subscriptions.set(next.id, next);
  await store.subscriptions.put(next);
}

async function match({ store, model, random }: World): Promise<void> {
  const patterns = random.some(PATTERNS);
  const tenant = random.pick([undefined, "acme"]);
  const found = await store.subscriptions.match(patterns, tenant);
  same(
    found.map((each) => each.id).toSorted(),
    model.match(patterns, tenant).toSorted(),
    `match of ${patterns.join(", ")} for ${tenant}`,
  );
}

async function unsubscribe({ store, model, random, now }: World): Promise<void> {
  const id = random.any([...model.subscriptions.keys(), "gone"]) ?? "gone";
  const expected = model.deleteSubscription(id, now);
  same(await store.subscriptions.delete(id, now), expected, `delete of ${id}`);
}

async function requeue(world: World): Promise<void> {
  const { store, model, random, now } = world;
  const filter = randomFilter(world);
  // Now and then a time at which the delivery is due already.
  const at = random.any(model.deliveries)?.dueAt ?? now;
  const dueAt = random.chance(0.5) ? now + random.pick([0, 5, 700]) : at;
  const moreAttempts = 1 + random.below(3);
  const expected = model.requeue(filter, dueAt, moreAttempts);
  same(await store.requeue(filter, dueAt, moreAttempts), expected, "requeue");
}

async function cancel(world: World): Promise<void> {
  const { store, model, random, now } = world;
  const filter = random.chance(0.02) ? {} : randomFilter(world);
  const expected = model.cancel(filter, now, "by chance");
  same(await store.cancel(filter, now, "by chance"), expected, "cancel");
}

async function prune({ store, model, random, now }: World): Promise<void> {
  const bounds = {
    limit: random.pick([1, 5, 1000]),
    ...(random.chance(0.6) && { before: now - random.below(3000) }),
    ...(random.chance(0.6) && { keep: random.below(30) }),
  };
  const what = `prune of ${JSON.stringify(bounds)}`;
  const expected = model.prunable(bounds);
  same(await store.prune(bounds), expected.length, what);
  const left = await store.deliveries.list({}, { limit: 1e6 });
  const kept = new Set(left.map((delivery) => delivery.id));
  // Which of several that were finished at the same time is left to the store.
  const removed = model.deliveries.filter((each) => !kept.has(each.id));
  same(
    removed.map((each) => each.finishedAt).toSorted((a, b) => a - b),
    expected,
    `the finishing times of what was removed in ${what}`,
  );
  model.remove(new Set(removed.map((each) => each.id)));
}

async function moveClock(world: World): Promise<void> {
  const { random } = world;
  const jump = random.chance(0.1)
    ? random.pick([-4000, -500, 20_000])
    : random.pick([1, 5, 50, 300, 1200]);
  world.now += jump;
}

async function block({ model, workers, random }: World): Promise<void> {
  const worker = random.pick(workers);
  const blocked = random.any([...worker.blocked]);
  if (blocked !== undefined && random.chance(0.7)) {
    worker.blocked.delete(blocked);
    worker.freed.add(blocked);
    return;
  }
  const id = random.any([...model.subscriptions.keys()]);
  if (id !== undefined) worker.blocked.add(id);
}

/** What may happen, and how often. */
export const steps: readonly (readonly [name: string, weight: number, step: Step])[] = [
  ["enqueue", 20, enqueue],
  ["claim", 30, randomClaim],
  ["settle", 25, randomSettle],
  ["settle with another token", 3, randomStaleSettle],
  ["move the clock", 15, moveClock],
  ["requeue", 4, requeue],
  ["cancel", 2, cancel],
  ["redeliver", 2, redeliver],
  ["subscribe", 3, subscribe],
  ["change a subscription", 6, change],
  ["match", 2, match],
  ["delete a subscription", 1, unsubscribe],
  ["prune", 4, prune],
  ["block or free a subscription", 4, block],
];
