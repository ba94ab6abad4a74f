import type { DeliveryStoreCase } from "./case.ts";
import { storeCase } from "./case.ts";
import { same } from "./check.ts";
import { MAX_ATTEMPTS, PLENTY, T0 } from "./fixtures.ts";
import type { Kit } from "./kit.ts";

async function stateOf(kit: Kit, id: string) {
  const { status, attempts, maxAttempts, dueAt } = (await kit.facts(id)) ?? {};
  return { status, attempts, maxAttempts, dueAt };
}

export const byHandCases: readonly DeliveryStoreCase[] = [
  storeCase(
    "makes unfinished deliveries due now, with the attempts they have left",
    async (kit) => {
      const { store } = kit;
      await kit.subscribe("a");
      const failed = await kit.enqueueOne("a");
      await kit.failed(await kit.claimOne(T0), T0, T0 + 1e6);
      const pending = await kit.enqueueOne("a", { dueAt: T0 + 1e6 });
      same(await store.requeue({}, T0 + 5, 9), [failed, pending], "requeue");
      const unchanged = { maxAttempts: MAX_ATTEMPTS, dueAt: T0 + 5 };
      same(await stateOf(kit, failed), { status: "failed", attempts: 1, ...unchanged }, "failed");
      same(
        await stateOf(kit, pending),
        { status: "pending", attempts: 0, ...unchanged },
        "pending",
      );
      same(await store.nextDueAt(), T0 + 5, "nextDueAt");
      same(await kit.claimIds(T0 + 4), [], "claim before");
      same((await kit.claimIds(T0 + 5)).toSorted(), [failed, pending].toSorted(), "claim");
    },
  ),

  storeCase("makes deliveries due later just as well", async (kit) => {
    await kit.subscribe("a");
    const id = await kit.enqueueOne("a");
    await kit.store.requeue({}, T0 + 500, 9);
    same(await kit.store.nextDueAt(), T0 + 500, "nextDueAt");
    const other = await kit.enqueueOne("a", { dueAt: T0 + 499 });
    same(await kit.claimIds(T0 + 499), [other], "claim of what is due in the meantime");
    same(await kit.claimIds(T0 + 500), [id], "claim");
  }),

  storeCase("revives finished deliveries with more attempts", async (kit) => {
    const { store } = kit;
    await kit.subscribe("a");
    const sent = await kit.enqueueOne("a");
    await kit.sent(await kit.claimOne(T0), T0);
    const dead = await kit.enqueueOne("a");
    await kit.failed(await kit.claimOne(T0), T0, T0);
    await kit.dead(await kit.claimOne(T0), T0);
    const untried = await kit.enqueueOne("a");
    await store.cancel({ ids: [untried] }, T0, "by hand");

    same(await store.requeue({}, T0 + 5, 4), [sent, dead, untried], "requeue");
    const failed = { status: "failed", dueAt: T0 + 5 };
    same(await stateOf(kit, sent), { ...failed, attempts: 1, maxAttempts: 5 }, "what was sent");
    same(await stateOf(kit, dead), { ...failed, attempts: 2, maxAttempts: 6 }, "what was dead");
    same(
      await stateOf(kit, untried),
      { status: "pending", attempts: 0, maxAttempts: 4, dueAt: T0 + 5 },
      "what was given up without an attempt",
    );
    const { pending, failed: failing, sent: done, dead: lost } = await kit.stats();
    same([pending, failing, done, lost], [1, 2, 0, 0], "pending, failed, sent, dead");
    same((await kit.claimIds(T0 + 5)).length, 3, "the number of claims");
  }),

  storeCase("leaves what is under a lease to its worker", async (kit) => {
    const { store } = kit;
    await kit.subscribe("a");
    const id = await kit.enqueueOne("a");
    const claimed = await kit.claimOne(T0);
    same(await store.requeue({}, T0 + 5, 9), [], "requeue");
    same(await store.cancel({}, T0 + 5, "by hand"), 0, "cancel");
    same(await kit.claimIds(T0 + 5), [], "claim");
    same(
      await stateOf(kit, id),
      {
        status: "pending",
        attempts: 0,
        maxAttempts: MAX_ATTEMPTS,
        dueAt: T0,
      },
      "the delivery",
    );
    same(await kit.sent(claimed, T0 + 5), "settled", "settle");
  }),

  storeCase(
    "gives a delivery out once, however often and for whatever time it is requeued",
    async (kit) => {
      const { store } = kit;
      for (const ordered of [false, true]) {
        const subscription = `ordered-${ordered}`;
        await kit.subscribe(subscription, { ordered });
        const id = await kit.enqueueOne(subscription, { dueAt: T0 + 7 });
        const only = { subscriptionId: subscription };
        for (const dueAt of [T0 + 7, T0 + 3, T0 + 7, T0 + 7, T0 + 3]) {
          same(await store.requeue(only, dueAt, 9), [id], "requeue");
        }
        await store.cancel(only, T0, "by hand");
        for (const dueAt of [T0 + 3, T0 + 7]) await store.requeue(only, dueAt, 9);
        same(await store.requeue({ ids: [id, id] }, T0 + 7, 9), [id], "requeue, named twice");
        const claimed = await kit.claimOne(T0 + 7);
        same(await kit.claimIds(T0 + 7), [], "a second claim");
        await kit.failed(claimed, T0 + 7, T0 + 7);
        const again = await kit.claimOne(T0 + 7);
        await kit.sent(again, T0 + 7);
        same(await kit.claimIds(T0 + 100), [], "claim, when sent");
      }
    },
  ),

  storeCase("requeues and gives up only what the filter asks for", async (kit) => {
    const { store } = kit;
    for (const id of ["a", "b"]) await kit.subscribe(id);
    const [a, b] = await kit.enqueue(["a", "b"], { dueAt: T0 + 100 });
    const held = await kit.enqueueOne("b", { at: T0 + 1, dueAt: T0 + 100 });
    await kit.endpoint("b", { status: "disabled" });
    same(await store.requeue({ subscriptionId: "a" }, T0, 1), [a], "requeue of a subscription's");
    same(await store.requeue({ status: ["sent", "dead"] }, T0, 1), [], "requeue of none");
    const old = { held: true, until: T0 + 1 } as const;
    same(await store.cancel(old, T0 + 10, "held for too long"), 1, "cancel");
    same((await kit.facts(b ?? ""))?.status, "dead", "the status of the older one");
    same((await kit.facts(held))?.status, "pending", "the status of the newer one");
    same(await store.requeue(old, T0 + 20, 2), [b], "requeue of what is held");
    same((await kit.stats()).held, 2, "held");
  }),

  storeCase("gives unfinished deliveries up, and says why", async (kit) => {
    const { store } = kit;
    await kit.subscribe("a");
    const sent = await kit.enqueueOne("a");
    await kit.sent(await kit.claimOne(T0), T0);
    const failed = await kit.enqueueOne("a");
    await kit.failed(await kit.claimOne(T0), T0, T0 + 10);
    const pending = await kit.enqueueOne("a");
    same(await store.cancel({}, T0 + 5, "enough"), 2, "cancel");
    for (const id of [failed, pending]) {
      const { status, dueAt, updatedAt, lastError } = (await store.deliveries.get(id)) ?? {};
      same(
        { status, dueAt, updatedAt, lastError },
        { status: "dead", updatedAt: T0 + 5, lastError: "enough" },
        "a delivery that was unfinished",
      );
    }
    same((await kit.facts(sent))?.status, "sent", "the status of what was sent");
    same(await kit.claimIds(T0 + 100), [], "claim");
    same(await store.nextDueAt(), undefined, "nextDueAt");
    same(await store.cancel({}, T0 + 6, "again"), 0, "cancel, when nothing is left");
  }),

  storeCase("lists events in the order of creation for a replay", async (kit) => {
    const { store } = kit;
    for (const id of ["a", "b"]) await kit.subscribe(id);
    for (const [index, id] of ["one", "two", "three", "four"].entries()) {
      await kit.enqueue(["a", "b"], { at: T0 + index, message: { id } });
    }
    const list = async (filter: { since?: number; until?: number; after?: number }) => {
      const page = await store.messages.list({ ...filter, limit: PLENTY });
      return page.map((entry) => entry.message.id);
    };
    same(await list({}), ["one", "two", "three", "four"], "all");
    same(await list({ since: T0 + 1 }), ["two", "three", "four"], "since");
    same(await list({ until: T0 + 1 }), ["one"], "until");
    same(await list({ since: T0 + 1, until: T0 + 3 }), ["two", "three"], "since and until");
    const [first] = await store.messages.list({ limit: 1 });
    const second = await store.messages.list({ after: first?.seq ?? 0, limit: 2 });
    same(
      second.map((entry) => entry.message.id),
      ["two", "three"],
      "the second page",
    );
  }),

  storeCase("redelivers a stored event to a newer subscription", async (kit) => {
    const { store } = kit;
    await kit.subscribe("a");
    await kit.enqueueOne("a", { message: { id: "event", idempotencyKey: "key" } });
    const [entry] = await store.messages.list({ limit: 1 });
    await kit.sent(await kit.claimOne(T0), T0);
    await kit.subscribe("new");
    const delivery = kit.newDelivery("new", { dueAt: T0 + 100, maxAttempts: 7 });
    await store.redeliver(entry?.seq ?? 0, [delivery, kit.newDelivery("gone")]);
    same(
      await stateOf(kit, delivery.id),
      {
        status: "pending",
        attempts: 0,
        maxAttempts: 7,
        dueAt: T0 + 100,
      },
      "the new delivery",
    );
    same((await store.messages.list({ limit: PLENTY })).length, 1, "the number of stored events");
    same(await store.prune({ before: T0 + 1, limit: PLENTY }), 1, "prune of the first delivery");
    const claimed = await kit.claimOne(T0 + 100);
    same(claimed.delivery.message, entry?.message, "the event of the new delivery");
    await kit.sent(claimed, T0 + 100);
    same(await store.prune({ before: T0 + 101, limit: PLENTY }), 1, "prune of the new delivery");
    same(await store.messages.list({ limit: PLENTY }), [], "the stored events");
    await store.redeliver(entry?.seq ?? 0, [kit.newDelivery("new")]);
    same(await kit.ids(), [], "the deliveries of an event that is gone");
  }),
];
