import type { DeliveryStoreCase } from "./case.ts";
import { storeCase } from "./case.ts";
import { same } from "./check.ts";
import { PLENTY, T0 } from "./fixtures.ts";
import type { Kit } from "./kit.ts";

/** Deliveries of the subscription `a` that were sent at these times, in this order. */
async function sentAt(kit: Kit, ...offsets: readonly number[]): Promise<readonly string[]> {
  await kit.subscribe("a");
  const ids: string[] = [];
  for (const offset of offsets) {
    ids.push(await kit.enqueueOne("a"));
    await kit.sent(await kit.claimOne(T0), T0 + offset);
  }
  return ids;
}

export const pruneCases: readonly DeliveryStoreCase[] = [
  storeCase("never removes unfinished work", async (kit) => {
    const { store } = kit;
    for (const id of ["a", "b"]) await kit.subscribe(id);
    const leased = await kit.enqueueOne("a");
    await kit.claimOne(T0);
    const failed = await kit.enqueueOne("a");
    await kit.failed(await kit.claimOne(T0), T0, T0 + 10);
    const pending = await kit.enqueueOne("a");
    await kit.endpoint("b", { status: "disabled" });
    const held = await kit.enqueueOne("b");
    const sent = await kit.enqueueOne("a");
    const last = (await kit.claim(T0)).find(({ delivery }) => delivery.id === sent);
    same(last && (await kit.sent(last, T0)), "settled", "settle");
    same(await store.prune({ before: T0 + 1e9, keep: 0, limit: PLENTY }), 1, "prune");
    same(await kit.ids(), [leased, failed, pending, held], "what is left");
    same((await store.messages.list({ limit: PLENTY })).length, 4, "the number of events left");
  }),

  storeCase("removes what was finished before a time, and its record with it", async (kit) => {
    const { store } = kit;
    const [one = "", two = "", three = ""] = await sentAt(kit, 10, 20, 30);
    same(await store.prune({ before: T0 + 10, limit: PLENTY }), 0, "prune, nothing being older");
    same(await store.prune({ before: T0 + 21, limit: PLENTY }), 2, "prune");
    same(await kit.ids(), [three], "what is left");
    for (const id of [one, two]) {
      same(await store.deliveries.get(id), undefined, "deliveries.get of what was removed");
      same(await store.attempts.list(id), [], "attempts.list of what was removed");
    }
    same((await kit.stats()).sent, 1, "sent");
    same(await store.prune({ limit: PLENTY }), 0, "prune without bounds");
  }),

  storeCase("goes by when work was finished, not by when it was created", async (kit) => {
    // As after a clock that was set back: what was finished later has the earlier time.
    const [late, early] = await sentAt(kit, 1000, 10);
    same(await kit.store.prune({ before: T0 + 500, limit: PLENTY }), 1, "prune");
    same(await kit.ids(), [late], "what is left");
    await kit.enqueueOne("a");
    await kit.dead(await kit.claimOne(T0), T0 + 20);
    same(await kit.store.prune({ keep: 1, limit: PLENTY }), 1, "prune to a number");
    same(await kit.ids(), [late], `what is left; ${early} was removed before`);
  }),

  storeCase("keeps the newest of a number of finished deliveries", async (kit) => {
    const { store } = kit;
    const ids = await sentAt(kit, 1, 2, 3, 4, 5);
    const unfinished = await kit.enqueueOne("a");
    same(await store.prune({ keep: 5, limit: PLENTY }), 0, "prune, with no more than the number");
    same(await store.prune({ keep: 3, limit: PLENTY }), 2, "prune");
    same(await kit.ids(), [...ids.slice(2), unfinished], "what is left");
    same(await store.prune({ keep: 1, before: T0 + 4, limit: PLENTY }), 2, "prune by both");
    same(await kit.ids(), [...ids.slice(4), unfinished], "what is left after both");
  }),

  storeCase("removes no more than the limit in one call, the oldest first", async (kit) => {
    const { store } = kit;
    const ids = await sentAt(kit, 3, 1, 2);
    const [third, first, second] = ids;
    for (const [left, removed] of [
      [[third, second], first],
      [[third], second],
      [[], third],
    ] as const) {
      same(await store.prune({ before: T0 + 10, limit: 1 }), 1, `prune of ${removed}`);
      same(await kit.ids(), left, "what is left");
    }
    same(await store.prune({ before: T0 + 10, limit: 1 }), 0, "prune of nothing");
  }),

  storeCase(
    "leaves a revived delivery alone until it has been finished for long again",
    async (kit) => {
      const { store } = kit;
      const [id] = await sentAt(kit, 0);
      await store.requeue({}, T0 + 50, 1);
      await kit.sent(await kit.claimOne(T0 + 50), T0 + 100);
      same(await store.prune({ before: T0 + 100, limit: PLENTY }), 0, "prune before its new time");
      await store.requeue({}, T0 + 100, 1);
      same(
        await store.prune({ before: T0 + 1e6, keep: 0, limit: PLENTY }),
        0,
        "prune, when revived",
      );
      await kit.sent(await kit.claimOne(T0 + 100), T0 + 100);
      same(await kit.ids(), [id], "what is left");
      same(await store.prune({ before: T0 + 101, limit: PLENTY }), 1, "prune after its new time");
      same((await kit.stats()).sent, 0, "sent");
    },
  ),

  storeCase("frees an event with its last delivery", async (kit) => {
    const { store } = kit;
    for (const id of ["a", "b"]) await kit.subscribe(id);
    await kit.enqueue(["a", "b"]);
    const [one, two] = await kit.claim(T0);
    same(one && (await kit.sent(one, T0)), "settled", "settle of the first");
    same(await store.prune({ keep: 0, limit: PLENTY }), 1, "prune of the first");
    same((await store.messages.list({ limit: PLENTY })).length, 1, "events, with one left");
    same(two && (await kit.dead(two, T0)), "settled", "settle of the second");
    same(await store.prune({ keep: 0, limit: PLENTY }), 1, "prune of the second");
    same(await store.messages.list({ limit: PLENTY }), [], "events, with none left");
  }),
];
