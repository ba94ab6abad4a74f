import type { DeliveryStore, StoredSubscription } from "../../store/delivery-store.ts";
import type { DeliveryStoreCase } from "./case.ts";
import { storeCase } from "./case.ts";
import { same } from "./check.ts";
import { PLENTY, subscriptionOf, T0 } from "./fixtures.ts";

async function matched(
  store: DeliveryStore,
  patterns: readonly string[],
  tenant?: string,
): Promise<readonly string[]> {
  const found = await store.subscriptions.match(patterns, tenant);
  return found.map((subscription) => subscription.id).toSorted();
}

export const subscriptionCases: readonly DeliveryStoreCase[] = [
  storeCase("gives a subscription back as it was put", async ({ store }) => {
    const full: StoredSubscription = subscriptionOf("full", {
      secrets: [{ value: "new" }, { value: "old", expiresAt: T0 + 1000 }],
      events: ["order.*", "user.created"],
      active: false,
      headers: { authorization: "Bearer ü" },
      tenant: "acme",
      filter: { $and: [{ amount: { $gt: 0.5 } }, { name: null }] },
      body: "event",
      concurrency: 2,
      ordered: true,
      rateLimit: { limit: 5, intervalMs: 1000 },
      tls: { ca: "-----BEGIN CERTIFICATE-----" },
      proxy: "http://proxy.example.com:3128",
      metadata: { team: { name: "a" }, tags: [1, "2", null, true] },
      updatedAt: T0 + 1,
      endpoint: {
        status: "disabled",
        reason: "gone",
        failures: 3,
        failingSince: T0 - 1,
        quietUntil: T0 + 2,
      },
    });
    const bare = subscriptionOf("bare");
    for (const each of [full, bare]) await store.subscriptions.put(each);
    same(await store.subscriptions.get("full"), full, "subscriptions.get");
    same(await store.subscriptions.get("bare"), bare, "subscriptions.get");
    same(await store.subscriptions.get("unknown"), undefined, "subscriptions.get of none");
    const listed = await store.subscriptions.list();
    same(
      listed.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      [bare, full],
      "subscriptions.list",
    );
    same((await store.stats()).subscriptions, 2, "the number of subscriptions");
  }),

  storeCase("replaces a subscription with all that it was", async ({ store }) => {
    await store.subscriptions.put(subscriptionOf("a", { tenant: "acme", concurrency: 2 }));
    const next = subscriptionOf("a", { url: "https://elsewhere.example.com", updatedAt: T0 + 1 });
    await store.subscriptions.put(next);
    same(await store.subscriptions.list(), [next], "subscriptions.list");
    same((await store.stats()).subscriptions, 1, "the number of subscriptions");
  }),

  storeCase("finds subscriptions by pattern, each once", async ({ store }) => {
    for (const [id, ...events] of [
      ["exact", "order.created"],
      ["prefix", "order.*"],
      ["all", "*"],
      ["several", "order.created", "order.*", "*"],
      ["other", "user.created", "user.*", "order"],
    ]) {
      await store.subscriptions.put(subscriptionOf(id ?? "", { events }));
    }
    same(
      await matched(store, ["order.created", "order.*", "*"]),
      ["all", "exact", "prefix", "several"],
      "match",
    );
    same(await matched(store, ["user.created"]), ["other"], "match of one pattern");
    same(await matched(store, ["ORDER.created", "order.create_", "%", ""]), [], "match of none");
    same(await matched(store, []), [], "match without patterns");
  }),

  storeCase("finds the active subscriptions of one tenant only", async (kit) => {
    const { store } = kit;
    await kit.subscribe("of-nobody");
    await kit.subscribe("of-acme", { tenant: "acme" });
    await kit.subscribe("of-globex", { tenant: "globex" });
    await kit.subscribe("inactive", { tenant: "acme", active: false });
    await kit.subscribe("paused", {
      tenant: "acme",
      endpoint: { status: "paused", failures: 0 },
    });
    same(await matched(store, ["*"]), ["of-nobody"], "match without a tenant");
    same(await matched(store, ["*"], "acme"), ["of-acme", "paused"], "match for a tenant");
    same(await matched(store, ["*"], "unknown"), [], "match for an unknown tenant");
    await kit.change("inactive", { active: true });
    same(
      await matched(store, ["*"], "acme"),
      ["inactive", "of-acme", "paused"],
      "match, when active again",
    );
  }),

  storeCase("finds a subscription by its newest patterns and tenant", async (kit) => {
    const { store } = kit;
    await kit.subscribe("a", { events: ["one", "two"] });
    await kit.subscribe("b", { events: ["one"] });
    await kit.change("a", { events: ["two", "three"] });
    same(await matched(store, ["one"]), ["b"], "match of a pattern that was taken away");
    same(await matched(store, ["two", "three"]), ["a"], "match of the new patterns");
    await kit.change("a", { tenant: "acme" });
    same(await matched(store, ["two"]), [], "match without the new tenant");
    same(await matched(store, ["two"], "acme"), ["a"], "match with the new tenant");
    await store.subscriptions.delete("a", T0);
    same(await matched(store, ["two"], "acme"), [], "match after it was deleted");
  }),

  storeCase("gives up a deleted subscription's unfinished work, and nothing else", async (kit) => {
    const { store } = kit;
    for (const id of ["a", "b"]) await kit.subscribe(id);
    const sent = await kit.enqueueOne("a");
    await kit.sent(await kit.claimOne(T0), T0);
    const failed = await kit.enqueueOne("a");
    await kit.failed(await kit.claimOne(T0), T0, T0 + 100);
    const leased = await kit.enqueueOne("a");
    const flight = await kit.claimOne(T0);
    await kit.enqueueOne("b");
    const otherFlight = await kit.claimOne(T0);
    const [pending, kept] = [await kit.enqueueOne("a"), await kit.enqueueOne("b")];

    same(await store.subscriptions.delete("a", T0 + 50), true, "subscriptions.delete");
    same(await store.subscriptions.get("a"), undefined, "subscriptions.get");
    for (const id of [failed, leased, pending]) {
      const delivery = await store.deliveries.get(id);
      const { status, dueAt, updatedAt, lastError } = delivery ?? {};
      same(
        { status, dueAt, updatedAt, hasError: typeof lastError === "string" && lastError !== "" },
        { status: "dead", updatedAt: T0 + 50, hasError: true },
        "a delivery that was unfinished",
      );
    }
    same((await kit.facts(sent))?.status, "sent", "the status of one that was sent");
    same(await kit.sent(flight, T0 + 60), "fenced", "the settlement of an attempt under way");
    same((await kit.facts(leased))?.status, "dead", "the status after that settlement");
    same((await kit.facts(kept))?.status, "pending", "the status of another subscription's");
    same(await kit.sent(otherFlight, T0 + 60), "settled", "another subscription's settlement");
    const { subscriptions, pending: waiting, dead } = await kit.stats();
    same({ subscriptions, waiting, dead }, { subscriptions: 1, waiting: 1, dead: 3 }, "counters");

    const unfinished = { status: ["pending", "failed", "dead"] } as const;
    same(await store.requeue(unfinished, T0 + 60, 3), [kept], "requeue");
    same(await kit.claimIds(T0 + 1e6), [kept], "claim");
    same(await store.subscriptions.delete("a", T0 + 70), false, "a second delete");
  }),

  storeCase("does not count or list a deleted subscription's work as held", async (kit) => {
    await kit.subscribe("a", { endpoint: { status: "paused", failures: 0 } });
    await kit.enqueueOne("a");
    await kit.store.subscriptions.delete("a", T0);
    same((await kit.stats()).held, 0, "held");
    const listed = await kit.store.deliveries.list({ held: true }, { limit: PLENTY });
    same(listed.length, 0, "the number of deliveries that are held");
  }),
];
