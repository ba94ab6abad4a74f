import type { DeliveryStoreCase } from "./case.ts";
import { storeCase } from "./case.ts";
import { check, same } from "./check.ts";
import { attemptOf, LEASE_MS, T0 } from "./fixtures.ts";

export const leaseCases: readonly DeliveryStoreCase[] = [
  storeCase("gives a delivery out again once its lease has run out, to one worker", async (kit) => {
    await kit.subscribe("a");
    const id = await kit.enqueueOne("a");
    const first = await kit.claimOne(T0, { leaseMs: 1000 });
    same(await kit.claimIds(T0 + 999), [], "claim while the lease runs");
    const claims = await Promise.all(
      ["one", "two", "three"].map((worker) => kit.claim(T0 + 1000, { worker })),
    );
    const [second, ...more] = claims.flat();
    check(second !== undefined && more.length === 0, "one worker was to get the delivery");
    check(second.token > first.token, "the token of a newer claim has to be greater");
    const { status, attempts } = (await kit.facts(id)) ?? {};
    same({ status, attempts }, { status: "pending", attempts: 0 }, "the delivery");
    same(await kit.claimIds(T0 + 1001), [], "claim once more");
  }),

  storeCase("ends each lease at its own time", async (kit) => {
    await kit.subscribe("a");
    const lengths = [3000, 1000, 2000, 500];
    const ids: string[] = [];
    for (const leaseMs of lengths) {
      ids.push(await kit.enqueueOne("a"));
      await kit.claimOne(T0, { leaseMs, worker: `worker-${leaseMs}` });
    }
    for (const leaseMs of lengths.toSorted((a, b) => a - b)) {
      same(await kit.claimIds(T0 + leaseMs - 1), [], `claim just before ${leaseMs} ms`);
      const expected = ids[lengths.indexOf(leaseMs)];
      same(await kit.claimIds(T0 + leaseMs), [expected], `claim after ${leaseMs} ms`);
    }
  }),

  storeCase("ends a lease of the time before the clock was set back", async (kit) => {
    await kit.subscribe("a");
    const [one, two] = [await kit.enqueueOne("a"), await kit.enqueueOne("a", { at: T0 - 5000 })];
    same(await kit.claimIds(T0, { limit: 2 }).then((ids) => ids.length), 2, "claims");
    const three = await kit.enqueueOne("a", { at: T0 - 5000 });
    same(await kit.claimIds(T0 - 5000), [three], "claim at the earlier time");
    same(await kit.claimIds(T0 - 5000 + LEASE_MS), [three], "claim after the newer lease");
    const back = await kit.claimIds(T0 + LEASE_MS);
    same(back.toSorted(), [one, two].toSorted(), "claim after the older leases");
  }),

  storeCase("takes a late settlement as long as nobody else has claimed", async (kit) => {
    await kit.subscribe("a");
    const id = await kit.enqueueOne("a");
    const claimed = await kit.claimOne(T0);
    same(await kit.sent(claimed, T0 + LEASE_MS * 2), "settled", "a late settlement");
    same((await kit.facts(id))?.status, "sent", "status");
    same(await kit.claimIds(T0 + LEASE_MS * 2), [], "claim");
  }),

  storeCase("fences a settlement with an old token, and changes nothing", async (kit) => {
    await kit.subscribe("a");
    const id = await kit.enqueueOne("a");
    const old = await kit.claimOne(T0, { worker: "slow" });
    const now = T0 + LEASE_MS;
    const current = await kit.claimOne(now, { worker: "quick" });
    const before = await kit.facts(id);
    for (const result of ["sent", "failed", "dead", "release"] as const) {
      const settled = await kit.settle(old, {
        at: now,
        result,
        dueAt: now,
        error: "from the past",
        attempt: attemptOf(1, { status: 200 }),
        endpoint: { status: "disabled", failures: 99 },
      });
      same(settled, "fenced", `the old claim's ${result}`);
    }
    same(await kit.facts(id), before, "the delivery");
    same(await kit.store.attempts.list(id), [], "its attempts");
    const subscription = await kit.store.subscriptions.get("a");
    same(subscription?.endpoint, { status: "ok", failures: 0 }, "the endpoint's state");
    same(await kit.claimIds(now), [], "claim, with the newer lease running");
    same(await kit.sent(current, now), "settled", "the newer claim's settlement");
  }),

  storeCase("settles a claim once", async (kit) => {
    await kit.subscribe("a");
    const id = await kit.enqueueOne("a");
    const claimed = await kit.claimOne(T0);
    same(await kit.failed(claimed, T0, T0), "settled", "the first settlement");
    same(await kit.sent(claimed, T0), "fenced", "the second settlement");
    same((await kit.facts(id))?.status, "failed", "status");
    const again = await kit.claimOne(T0);
    same(await kit.sent(claimed, T0), "fenced", "the old settlement, with a newer claim");
    same(await kit.sent(again, T0), "settled", "the newer claim's settlement");
  }),

  storeCase("answers settlements one by one and in order", async (kit) => {
    await kit.subscribe("a");
    const ids = [await kit.enqueueOne("a"), await kit.enqueueOne("a", { dueAt: T0 + 1 })];
    const [one, two] = await kit.claim(T0 + 1);
    check(one !== undefined && two !== undefined, "claim was to take both deliveries");
    const base = { at: T0 + 1, result: "sent" } as const;
    const results = await kit.store.settle([
      { ...base, deliveryId: "unknown", token: one.token },
      { ...base, deliveryId: one.delivery.id, token: one.token },
      { ...base, deliveryId: one.delivery.id, token: one.token },
      { ...base, deliveryId: two.delivery.id, token: two.token + 1 },
      { ...base, deliveryId: two.delivery.id, token: two.token, result: "dead", error: "enough" },
    ]);
    same(results, ["fenced", "settled", "fenced", "fenced", "settled"], "the answers");
    same(
      [(await kit.facts(ids[0] ?? ""))?.status, (await kit.facts(ids[1] ?? ""))?.status],
      ["sent", "dead"],
      "the statuses",
    );
    same(await kit.store.settle([]), [], "the answer to nothing");
  }),
];
