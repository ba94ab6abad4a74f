import type { DeliveryStoreCase } from "./case.ts";
import { storeCase } from "./case.ts";
import { check, same } from "./check.ts";
import { LEASE_MS, T0 } from "./fixtures.ts";
import type { Kit } from "./kit.ts";

/** Three deliveries of the ordered subscription `a`, the later ones due earlier. */
async function threeInOrder(kit: Kit): Promise<readonly [string, string, string]> {
  await kit.subscribe("a", { ordered: true });
  return [
    await kit.enqueueOne("a", { dueAt: T0 + 20 }),
    await kit.enqueueOne("a", { dueAt: T0 + 10 }),
    await kit.enqueueOne("a", { dueAt: T0 }),
  ];
}

export const orderedCases: readonly DeliveryStoreCase[] = [
  storeCase("gives an ordered subscription's work out one at a time, as created", async (kit) => {
    const [first, second, third] = await threeInOrder(kit);
    await kit.subscribe("other");
    const other = await kit.enqueueOne("other");
    same(await kit.claimIds(T0 + 19), [other], "claim before the first is due");
    same(await kit.store.nextDueAt(), T0 + 20, "nextDueAt");
    const one = await kit.claimOne(T0 + 20);
    same(one.delivery.id, first, "the first");
    same(await kit.claimIds(T0 + 30), [], "claim while the first is under a lease");
    same(await kit.store.nextDueAt(), undefined, "nextDueAt while the first is under a lease");
    await kit.sent(one, T0 + 30);
    const two = await kit.claimOne(T0 + 30);
    same(two.delivery.id, second, "the second");
    await kit.dead(two, T0 + 30);
    same(await kit.claimIds(T0 + 30), [third], "the third, after a dead letter");
  }),

  storeCase(
    "lets a failed delivery of an ordered subscription hold up the later ones",
    async (kit) => {
      const [first, second] = await threeInOrder(kit);
      await kit.failed(await kit.claimOne(T0 + 20), T0 + 20, T0 + 1000);
      same(await kit.claimIds(T0 + 999), [], "claim before the failed one is due again");
      same(await kit.store.nextDueAt(), T0 + 1000, "nextDueAt");
      const again = await kit.claimOne(T0 + 1000);
      same(again.delivery.id, first, "the failed one again");
      await kit.release(again, T0 + 1000, T0 + 2000);
      same(await kit.claimIds(T0 + 1999), [], "claim before the released one is due again");
      await kit.sent(await kit.claimOne(T0 + 2000), T0 + 2000);
      same(await kit.claimIds(T0 + 2000), [second], "the next one");
    },
  ),

  storeCase(
    "gives an ordered subscription's lapsed delivery out before the later ones",
    async (kit) => {
      const [first] = await threeInOrder(kit);
      same(await kit.claimIds(T0 + 20), [first], "claim");
      same(await kit.claimIds(T0 + 20 + LEASE_MS), [first], "claim after the lease");
    },
  ),

  storeCase(
    "goes on with the next when the first of an ordered subscription is cancelled",
    async (kit) => {
      const [first, second, third] = await threeInOrder(kit);
      same(await kit.claimIds(T0 + 9), [], "claim before anything is due");
      same(await kit.store.cancel({ ids: [first] }, T0, "by hand"), 1, "cancel of the first");
      await kit.sent(await kit.claimOne(T0 + 10), T0 + 10);
      same((await kit.facts(second))?.status, "sent", "the status of the second");
      same(await kit.store.requeue({ ids: [first] }, T0 + 50, 1), [first], "requeue of the first");
      same(await kit.claimIds(T0 + 49), [], "claim: the first stands before the third again");
      await kit.sent(await kit.claimOne(T0 + 50), T0 + 50);
      same(await kit.claimIds(T0 + 50), [third], "the third");
    },
  ),

  storeCase(
    "goes on with the next of an ordered subscription after the clock was set back",
    async (kit) => {
      await kit.subscribe("a", { ordered: true });
      const first = await kit.enqueueOne("a");
      const revived = await kit.enqueueOne("a");
      const only = { ids: [revived] };
      await kit.store.cancel(only, T0, "by hand");
      await kit.store.requeue(only, T0 + 1000, 1);
      const one = await kit.claimOne(T0);
      same(one.delivery.id, first, "the first");
      await kit.sent(one, T0);
      const two = await kit.claimOne(T0 + 1000);
      same(two.delivery.id, revived, "the one that was revived");
      const third = await kit.enqueueOne("a", { at: T0 + 10 });
      await kit.sent(two, T0);
      same(await kit.claimIds(T0 + 10), [third], "the third, at the earlier time");
    },
  ),

  storeCase("keeps all work when a subscription becomes ordered and back again", async (kit) => {
    await kit.subscribe("a");
    const ids: string[] = [];
    for (const offset of [30, 20, 10, 40, 0]) {
      ids.push(await kit.enqueueOne("a", { dueAt: T0 + offset }));
    }
    const [first = "", second = "", third = "", , last = ""] = ids;
    const flights = await kit.claim(T0 + 10);
    same(
      flights.map(({ delivery }) => delivery.id),
      [last, third],
      "claim, by due time",
    );
    await kit.change("a", { ordered: true });
    same(await kit.claimIds(T0 + 30), [], "claim, ordered, with two in flight");
    for (const flight of flights) await kit.failed(flight, T0 + 30, T0 + 35);
    const one = await kit.claimOne(T0 + 30);
    same(one.delivery.id, first, "the first in order of creation");
    await kit.sent(one, T0 + 30);
    const two = await kit.claimOne(T0 + 30);
    same(two.delivery.id, second, "the second in order of creation");

    await kit.change("a", { ordered: false });
    await kit.release(two, T0 + 30, T0 + 33);
    same(await kit.store.nextDueAt(), T0 + 33, "nextDueAt, no longer ordered");
    const rest = await kit.claimIds(T0 + 40);
    same(rest[0], second, "the one that is due first");
    same(rest.toSorted(), ids.slice(1).toSorted(), "everything that is left");
    check(new Set(rest).size === rest.length, "a delivery was claimed twice");
  }),
];
