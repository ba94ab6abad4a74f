import type { DeliveryStoreCase } from "./case.ts";
import { storeCase } from "./case.ts";
import { same } from "./check.ts";
import { T0 } from "./fixtures.ts";

export const holdCases: readonly DeliveryStoreCase[] = [
  ...(["paused", "disabled"] as const).map((status) =>
    storeCase(
      `holds the work of an endpoint that is ${status} until it is enabled`,
      async (kit) => {
        for (const id of ["a", "b"]) await kit.subscribe(id);
        const before = await kit.enqueueOne("a");
        await kit.endpoint("a", { status, reason: "by hand" });
        same((await kit.stats()).held, 1, "held");
        const during = await kit.enqueueOne("a", { at: T0 + 1 });
        const other = await kit.enqueueOne("b", { at: T0 + 5 });
        const { held, pending, oldestDueAt } = await kit.stats();
        same({ held, pending }, { held: 2, pending: 3 }, "held and pending");
        same(oldestDueAt, T0 + 5, "oldestDueAt, which leaves out what is held");
        same(await kit.claimIds(T0 + 10), [other], "claim");
        same(await kit.claimIds(T0 + 10, { freed: ["a"] }), [], "claim, with the endpoint freed");
        same(await kit.store.nextDueAt(), undefined, "nextDueAt");
        await kit.endpoint("a", { status: "ok" });
        same((await kit.stats()).held, 0, "held, when enabled");
        same(await kit.store.nextDueAt(), T0, "nextDueAt, when enabled");
        same(await kit.claimIds(T0 + 10), [before, during], "claim, when enabled");
      },
    ),
  ),

  storeCase("does not hold the work of an endpoint that is failing", async (kit) => {
    await kit.subscribe("a", { endpoint: { status: "failing", failures: 5, failingSince: T0 } });
    const id = await kit.enqueueOne("a");
    same((await kit.stats()).held, 0, "held");
    same(await kit.claimIds(T0), [id], "claim");
  }),

  storeCase(
    "records what comes of an attempt that was under way when its endpoint was paused",
    async (kit) => {
      await kit.subscribe("a");
      await kit.enqueueOne("a");
      const two = await kit.enqueueOne("a", { dueAt: T0 + 1 });
      const [sent, failed] = await kit.claim(T0 + 1);
      await kit.endpoint("a", { status: "paused" });
      same((await kit.stats()).held, 2, "held, with both under a lease");
      same(sent && (await kit.sent(sent, T0 + 2)), "settled", "a success");
      same((await kit.stats()).held, 1, "held, after a success");
      same(failed && (await kit.failed(failed, T0 + 2, T0 + 3)), "settled", "a failure");
      same((await kit.stats()).held, 1, "held, after a failure");
      same(await kit.claimIds(T0 + 10), [], "claim");
      await kit.endpoint("a", { status: "ok" });
      same(await kit.claimIds(T0 + 10), [two], "claim, when enabled");
    },
  ),

  storeCase("lets an endpoint alone while it is quiet", async (kit) => {
    for (const id of ["a", "b"]) await kit.subscribe(id);
    await kit.enqueueOne("a");
    const late = await kit.enqueueOne("a", { dueAt: T0 + 2000 });
    const other = await kit.enqueueOne("b");
    await kit.endpoint("a", { status: "failing", failures: 1, quietUntil: T0 + 1000 });
    const { held, oldestDueAt } = await kit.stats();
    same({ held, oldestDueAt }, { held: 0, oldestDueAt: T0 }, "held and oldestDueAt");
    same(await kit.claimIds(T0), [other], "claim");
    same(await kit.store.nextDueAt(), T0 + 1000, "nextDueAt");
    same(await kit.claimIds(T0 + 999), [], "claim just before the end");
    await kit.sent(await kit.claimOne(T0 + 1000), T0 + 1000);
    same(await kit.store.nextDueAt(), T0 + 2000, "nextDueAt, with the endpoint quiet no longer");
    same(await kit.claimIds(T0 + 2000), [late], "claim of what was due later anyway");
  }),

  storeCase("gives work out at once when its endpoint's quiet time is taken back", async (kit) => {
    await kit.subscribe("a", { endpoint: { status: "ok", failures: 0, quietUntil: T0 + 1e6 } });
    const id = await kit.enqueueOne("a");
    same(await kit.claimIds(T0 + 10), [], "claim");
    await kit.endpoint("a", { status: "ok" });
    same(await kit.store.nextDueAt(), T0, "nextDueAt");
    same(await kit.claimIds(T0 + 10), [id], "claim, with the quiet time taken back");
  }),
];
