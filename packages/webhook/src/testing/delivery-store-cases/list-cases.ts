import type { StoreFilter } from "../../store/delivery-store.ts";
import type { DeliveryStoreCase } from "./case.ts";
import { storeCase } from "./case.ts";
import { check, same } from "./check.ts";
import { PLENTY, T0 } from "./fixtures.ts";

export const listCases: readonly DeliveryStoreCase[] = [
  storeCase("lists deliveries in the order of creation, page by page", async (kit) => {
    const { store } = kit;
    for (const id of ["a", "b"]) await kit.subscribe(id);
    const ids: string[] = [];
    // Neither ids nor times follow the order of creation.
    for (let event = 0; event < 10; event += 1) {
      ids.push(...(await kit.enqueue(["b", "a"], { at: T0 - event, dueAt: T0 + event })));
    }
    const listed: string[] = [];
    let after = 0;
    for (;;) {
      const page = await store.deliveries.list({}, { after, limit: 3 });
      check(page.length <= 3, `a page of 3 has ${page.length}`);
      for (const { id, seq } of page) {
        check(seq > after, `seq has to grow, but ${seq} comes after ${after}`);
        after = seq;
        listed.push(id);
      }
      if (page.length < 3) break;
    }
    same(listed, ids, "the pages");
    same(await store.deliveries.list({}, { limit: 0 }), [], "a page of none");
  }),

  storeCase("keeps the pages where they were while deliveries come and go", async (kit) => {
    const { store } = kit;
    await kit.subscribe("a");
    const ids: string[] = [];
    for (let event = 0; event < 6; event += 1) ids.push(await kit.enqueueOne("a"));
    const first = await store.deliveries.list({}, { limit: 3 });
    const seqs = first.map((delivery) => delivery.seq);
    for (const claimed of await kit.claim(T0)) {
      // The first page's are removed altogether, the last of it included.
      if (first.some(({ id }) => id === claimed.delivery.id)) await kit.sent(claimed, T0);
      else await kit.failed(claimed, T0, T0);
    }
    same(await store.prune({ before: T0 + 1, limit: PLENTY }), 3, "prune");
    const added = await kit.enqueueOne("a");
    const rest = await store.deliveries.list({}, { after: seqs.at(-1) ?? 0, limit: PLENTY });
    same(
      rest.map((delivery) => delivery.id),
      [...ids.slice(3), added],
      "the second page",
    );
    check(
      rest.every(({ seq }) => !seqs.includes(seq)),
      "a seq was given a second time",
    );
  }),

  storeCase("never gives a seq a second time, even after everything was removed", async (kit) => {
    await kit.subscribe("a");
    let last = 0;
    for (let time = 0; time < 3; time += 1) {
      const id = await kit.enqueueOne("a");
      const { seq = 0 } = (await kit.store.deliveries.get(id)) ?? {};
      check(seq > last, `seq has to grow, but ${seq} comes after ${last}`);
      last = seq;
      await kit.sent(await kit.claimOne(T0), T0);
      await kit.store.prune({ keep: 0, limit: PLENTY });
    }
  }),

  storeCase("lists the deliveries that a filter asks for", async (kit) => {
    for (const id of ["a", "b"]) await kit.subscribe(id);
    const paid = { id: "event-paid", type: "order.paid" };
    const sent = await kit.enqueueOne("a");
    await kit.sent(await kit.claimOne(T0), T0);
    const failed = await kit.enqueueOne("a", { at: T0 + 1, message: paid });
    await kit.failed(await kit.claimOne(T0 + 1), T0 + 1, T0 + 1e6);
    const dead = await kit.enqueueOne("b", { at: T0 + 2 });
    await kit.dead(await kit.claimOne(T0 + 2), T0 + 2);
    const pending = await kit.enqueueOne("b", { at: T0 + 3, message: paid });
    await kit.endpoint("b", { status: "paused" });

    const filters: [StoreFilter, readonly string[]][] = [
      [{}, [sent, failed, dead, pending]],
      [{ status: ["sent"] }, [sent]],
      [{ status: ["failed"] }, [failed]],
      [{ status: ["pending", "dead"] }, [dead, pending]],
      [{ status: [] }, []],
      [{ event: "order.paid" }, [failed, pending]],
      [{ event: "order.*" }, []],
      [{ eventId: "event-paid" }, [failed, pending]],
      [{ eventId: "unknown" }, []],
      [{ subscriptionId: "a" }, [sent, failed]],
      [{ subscriptionId: "unknown" }, []],
      [{ since: T0 + 1 }, [failed, dead, pending]],
      [{ until: T0 + 2 }, [sent, failed]],
      [{ since: T0 + 1, until: T0 + 3 }, [failed, dead]],
      [{ since: T0 + 2, until: T0 + 2 }, []],
      [{ ids: [pending, "unknown", sent] }, [sent, pending]],
      [{ ids: [sent, sent] }, [sent]],
      [{ ids: [] }, []],
      [{ held: true }, [dead, pending]],
      [{ held: true, status: ["pending", "failed"] }, [pending]],
      [{ subscriptionId: "b", event: "order.paid", status: ["pending"] }, [pending]],
      [{ ids: [sent, failed], status: ["failed"], since: T0 + 2 }, []],
    ];
    for (const [filter, expected] of filters) {
      const what = JSON.stringify(filter);
      same(await kit.ids(filter), expected, `the deliveries with ${what}`);
      const listed: string[] = [];
      for (let after = 0; ;) {
        const [next] = await kit.store.deliveries.list(filter, { after, limit: 1 });
        if (!next) break;
        check(next.seq > after, `seq has to grow, but ${next.seq} comes after ${after}`);
        after = next.seq;
        listed.push(next.id);
      }
      same(listed, expected, `the deliveries with ${what}, one by one`);
    }
  }),

  storeCase("says when it does not know a delivery", async ({ store }) => {
    same(await store.deliveries.get("unknown"), undefined, "deliveries.get");
    same(await store.attempts.list("unknown"), [], "attempts.list");
    same(await store.deliveries.list({}, { limit: PLENTY }), [], "deliveries.list");
    same(await store.messages.list({ limit: PLENTY }), [], "messages.list");
    same(
      { ...(await store.stats()) },
      { subscriptions: 0, pending: 0, failed: 0, sent: 0, dead: 0, held: 0 },
      "stats",
    );
  }),
];
