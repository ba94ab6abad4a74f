import type { Claimed } from "../../store/delivery-store.ts";
import type { DeliveryStoreCase } from "./case.ts";
import { storeCase } from "./case.ts";
import { check, same } from "./check.ts";
import { factsOf, LEASE_MS, PLENTY, T0 } from "./fixtures.ts";
import { idsOf } from "./kit.ts";

const NO_SLOTS = { slots: () => 0 };

function slotsUnlessBusy(subscriptionId: string): number {
  return subscriptionId === "busy" ? 0 : PLENTY;
}

/** How often each value occurs, the rarest first. */
function tally(values: readonly string[]): readonly number[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts.values()].toSorted((a, b) => a - b);
}

export const claimCases: readonly DeliveryStoreCase[] = [
  storeCase("hands a claimed delivery out with its event and its record", async (kit) => {
    await kit.subscribe("a");
    const id = await kit.enqueueOne("a", { message: { type: "order.paid" } });
    const first = await kit.claimOne(T0);
    same(factsOf(first.delivery), await kit.facts(id), "the claimed delivery");
    same(first.delivery.message.type, "order.paid", "its event's type");
    await kit.failed(first, T0, T0 + 100);
    const second = await kit.claimOne(T0 + 100);
    const { status, attempts } = second.delivery;
    same({ status, attempts }, { status: "failed", attempts: 1 }, "the delivery claimed again");
    check(second.token > first.token, "the token of a newer claim has to be greater");
  }),

  storeCase("gives each delivery to one of many workers that claim at once", async (kit) => {
    const subscriptions = ["a", "b", "c", "d", "e"];
    for (const id of subscriptions) await kit.subscribe(id);
    for (let event = 0; event < 40; event += 1) await kit.enqueue(subscriptions);
    const taken: string[] = [];
    for (let round = 0; round < 40; round += 1) {
      const claims = await Promise.all(
        Array.from({ length: 8 }, (_, worker) =>
          kit.claimIds(T0, { limit: 7, worker: `worker-${worker}` }),
        ),
      );
      taken.push(...claims.flat());
    }
    same(taken.toSorted(), (await kit.ids()).toSorted(), "the deliveries that were claimed");
  }),

  storeCase("takes as many deliveries as the limit says, and no more", async (kit) => {
    for (const id of ["a", "b"]) await kit.subscribe(id);
    for (let event = 0; event < 5; event += 1) await kit.enqueue(["a", "b"]);
    for (const [limit, expected] of [
      [0, 0],
      [1, 1],
      [7, 7],
      [7, 2],
    ]) {
      same((await kit.claim(T0, { limit: limit ?? 0 })).length, expected, `of a limit of ${limit}`);
    }
  }),

  storeCase("takes as many of a subscription as slots says, and no more", async (kit) => {
    for (const id of ["a", "b"]) await kit.subscribe(id);
    for (let event = 0; event < 5; event += 1) await kit.enqueue(["a", "b"]);
    const claimed = await kit.claim(T0, { slots: (id) => (id === "a" ? 2 : PLENTY) });
    same(
      tally(claimed.map(({ delivery }) => delivery.subscriptionId)),
      [2, 5],
      "deliveries per subscription",
    );
  }),

  storeCase("does not let a subscription without slots hide anybody's work", async (kit) => {
    for (const id of ["busy", "other"]) await kit.subscribe(id);
    for (let event = 0; event < 1000; event += 1) await kit.enqueue(["busy"]);
    for (let second = 1; second <= 3; second += 1) {
      const now = T0 + second * 1000;
      const id = await kit.enqueueOne("other", { at: now });
      same(await kit.claimIds(now, { limit: 10, slots: slotsUnlessBusy }), [id], "claim");
    }
  }),

  storeCase("comes back to a subscription that is freed", async (kit) => {
    for (const id of ["a", "b"]) await kit.subscribe(id);
    const [first, second] = [
      await kit.enqueueOne("a"),
      await kit.enqueueOne("a", { dueAt: T0 + 1 }),
    ];
    const now = T0 + 10;
    same(await kit.claimIds(now, NO_SLOTS), [], "claim without slots");
    same(await kit.claimIds(now, { freed: ["b"], ...NO_SLOTS }), [], "claim with another freed");
    const one = { slots: () => 1 };
    same(await kit.claimIds(now, { freed: ["a", "gone"], ...one }), [first], "claim with one slot");
    same(await kit.claimIds(now, { freed: ["a"] }), [second], "claim with slots again");
  }),

  storeCase("remembers what has no slots for each worker by itself", async (kit) => {
    await kit.subscribe("a");
    const id = await kit.enqueueOne("a");
    same(await kit.claimIds(T0, { worker: "full", ...NO_SLOTS }), [], "claim without slots");
    same(await kit.claimIds(T0, { worker: "free" }), [id], "the claim of another worker");
  }),

  storeCase("gives small claims to the subscriptions in turn", async (kit) => {
    const subscriptions = ["a", "b", "c", "d", "e"];
    for (const id of subscriptions) await kit.subscribe(id);
    // The whole backlog of one is due before that of the next.
    for (const [rank, id] of subscriptions.entries()) {
      for (let event = 0; event < 20; event += 1) await kit.enqueue([id], { at: T0 + rank });
    }
    for (const limit of [1, 2, 3]) {
      const turns: string[] = [];
      for (let turn = 0; turn < subscriptions.length * 2; turn += 1) {
        const claimed = await kit.claim(T0 + 10, { limit });
        turns.push(...claimed.map(({ delivery }) => delivery.subscriptionId));
      }
      const counts = tally(turns);
      check(
        counts.length === subscriptions.length && (counts.at(-1) ?? 0) - (counts[0] ?? 0) <= limit,
        `claims of ${limit} gave the subscriptions ${counts.join(", ")} of ${turns.length}`,
      );
    }
  }),

  storeCase("does not let a newcomer wait for another's backlog", async (kit) => {
    for (const id of ["backlog", "newcomer"]) await kit.subscribe(id);
    for (let event = 0; event < 50; event += 1) await kit.enqueue(["backlog"]);
    for (let claim = 0; claim < 5; claim += 1) await kit.claim(T0, { limit: 1 });
    const id = await kit.enqueueOne("newcomer", { at: T0 + 1 });
    const soon = [
      ...(await kit.claimIds(T0 + 1, { limit: 1 })),
      ...(await kit.claimIds(T0 + 1, { limit: 1 })),
    ];
    check(soon.includes(id), "the newcomer's delivery was not among the next two");
  }),

  storeCase("takes a subscription's work in the order in which it is due", async (kit) => {
    await kit.subscribe("a");
    const due: [number, string][] = [];
    for (const offset of [5, 1, 9, 3, 7, 2, 8, 4, 6, 0]) {
      due.push([offset, await kit.enqueueOne("a", { dueAt: T0 + offset })]);
    }
    const expected = due.toSorted(([a], [b]) => a - b).map(([, id]) => id);
    const taken = [
      ...(await kit.claimIds(T0 + 100, { limit: 4 })),
      ...(await kit.claimIds(T0 + 100, { limit: 1 })),
      ...(await kit.claimIds(T0 + 100)),
    ];
    same(taken, expected, "the order of the claims");
  }),

  storeCase("leaves work alone until the millisecond it is due", async (kit) => {
    await kit.subscribe("a");
    const id = await kit.enqueueOne("a", { dueAt: T0 + 1000 });
    same(await kit.claimIds(T0), [], "claim long before");
    same(await kit.claimIds(T0 + 999), [], "claim just before");
    same(await kit.claimIds(T0 + 1000), [id], "claim when it is due");
  }),

  storeCase("says when the next work is due", async (kit) => {
    await kit.subscribe("a");
    const next = async (expected: number | undefined, when: string): Promise<void> =>
      same(await kit.store.nextDueAt(), expected, `nextDueAt ${when}`);
    await next(undefined, "of an empty store");
    await kit.enqueueOne("a", { dueAt: T0 + 500 });
    await next(T0 + 500, "after enqueue");
    await kit.enqueueOne("a", { dueAt: T0 + 200 });
    await next(T0 + 200, "after enqueue of earlier work");
    const earlier = await kit.claimOne(T0 + 200);
    await next(T0 + 500, "with the earlier work under a lease");
    const later = await kit.claimOne(T0 + 500);
    await next(undefined, "with everything under a lease");
    await kit.failed(earlier, T0 + 500, T0 + 900);
    await next(T0 + 900, "after a failure");
    await kit.release(later, T0 + 500, T0 + 700);
    await next(T0 + 700, "after a release");
    await kit.sent(await kit.claimOne(T0 + 700), T0 + 700);
    await kit.sent(await kit.claimOne(T0 + 900), T0 + 900);
    await next(undefined, "when everything is sent");
  }),

  storeCase("says that work is due which a claim has left behind", async (kit) => {
    for (const id of ["a", "b"]) await kit.subscribe(id);
    for (const id of ["a", "b"]) await kit.enqueueOne(id);
    await kit.enqueueOne("b", { dueAt: T0 + 9000 });
    same((await kit.claim(T0 + 10, { limit: 1 })).length, 1, "claims");
    const next = await kit.store.nextDueAt();
    check(next !== undefined && next <= T0 + 10, `nextDueAt has to be past, but is ${next}`);
  }),

  storeCase("says when the next work is due, whichever worker asked last", async (kit) => {
    for (const id of ["a", "b"]) await kit.subscribe(id);
    await kit.enqueueOne("a");
    await kit.enqueueOne("a", { dueAt: T0 + 9000 });
    await kit.enqueueOne("b", { dueAt: T0 + 2000 });
    await kit.claim(T0 - 1, { worker: "one" });
    await kit.claim(T0 - 1, { worker: "two" });
    await kit.claimOne(T0, { worker: "two" });
    same(await kit.store.nextDueAt(), T0 + 2000, "nextDueAt");
  }),

  storeCase("goes on however far and in which direction the clock jumps", async (kit) => {
    await kit.subscribe("a");
    const year = 365 * 86_400_000;
    const id = await kit.enqueueOne("a");
    const later = await kit.enqueueOne("a", { dueAt: T0 + year });
    same(await kit.claimIds(T0 - year), [], "claim a year before");
    const before = await kit.enqueueOne("a", { at: T0 - year });
    same(await kit.claimIds(T0 - year), [before], "claim of work of a year before");
    const taken: Claimed[] = [...(await kit.claim(T0 + 2 * year))];
    same(idsOf(taken).toSorted(), [id, later, before].toSorted(), "claim two years later");
    same(await kit.claimIds(T0), [], "claim back again");
    const ends = T0 + 2 * year + LEASE_MS;
    same((await kit.claimIds(ends)).toSorted(), idsOf(taken).toSorted(), "claim after the leases");
  }),
];
