import type { AttemptRecord } from "../../store/delivery-store.ts";
import type { DeliveryStoreCase } from "./case.ts";
import { storeCase } from "./case.ts";
import { same } from "./check.ts";
import { attemptOf, T0 } from "./fixtures.ts";
import type { Kit } from "./kit.ts";

/** One delivery of the subscription `a`, and what the store says of it. */
async function oneDelivery(kit: Kit) {
  await kit.subscribe("a");
  const id = await kit.enqueueOne("a");
  return {
    id,
    outcome: async () => {
      const facts = await kit.facts(id);
      const { status, attempts, dueAt, lastStatus, lastError } = facts ?? {};
      return { status, attempts, dueAt, lastStatus, lastError };
    },
  };
}

export const settleCases: readonly DeliveryStoreCase[] = [
  storeCase("has done with a delivery that was sent", async (kit) => {
    const { id, outcome } = await oneDelivery(kit);
    same(await kit.sent(await kit.claimOne(T0), T0 + 5), "settled", "settle");
    same(await outcome(), { status: "sent", attempts: 1, lastStatus: 200 }, "the delivery");
    same((await kit.store.deliveries.get(id))?.updatedAt, T0 + 5, "updatedAt");
    same(await kit.claimIds(T0 + 1e9), [], "claim");
  }),

  storeCase("tries a delivery that failed again when it is due", async (kit) => {
    const { id, outcome } = await oneDelivery(kit);
    await kit.failed(await kit.claimOne(T0), T0, T0 + 1000);
    const failed = { status: "failed", attempts: 1, lastStatus: 500, lastError: "HTTP 500" };
    same(await outcome(), { ...failed, dueAt: T0 + 1000 }, "the delivery after a failure");
    same(await kit.claimIds(T0 + 999), [], "claim just before");
    const claimed = await kit.claimOne(T0 + 1000);
    await kit.settle(claimed, {
      at: T0 + 1001,
      result: "failed",
      dueAt: T0 + 3000,
      error: "connect ECONNREFUSED",
      attempt: attemptOf(2, { errorClass: "connect" }),
    });
    same(
      await outcome(),
      { status: "failed", attempts: 2, dueAt: T0 + 3000, lastError: "connect ECONNREFUSED" },
      "the delivery after a failure without an answer",
    );
    await kit.sent(await kit.claimOne(T0 + 3000), T0 + 3000);
    same(await outcome(), { status: "sent", attempts: 3, lastStatus: 200 }, "the delivery, sent");
    same((await kit.store.attempts.list(id)).length, 3, "the number of attempts on record");
  }),

  storeCase("gives a delivery up after an attempt, or without one", async (kit) => {
    const { outcome } = await oneDelivery(kit);
    await kit.dead(await kit.claimOne(T0), T0);
    same(
      await outcome(),
      { status: "dead", attempts: 1, lastStatus: 400, lastError: "HTTP 400" },
      "a delivery given up after an attempt",
    );
    const id = await kit.enqueueOne("a");
    await kit.settle(await kit.claimOne(T0), { at: T0, result: "dead", error: "no subscription" });
    const { status, attempts, dueAt, lastError } = (await kit.facts(id)) ?? {};
    same(
      { status, attempts, dueAt, lastError },
      { status: "dead", attempts: 0, lastError: "no subscription" },
      "a delivery given up without an attempt",
    );
    same(await kit.store.attempts.list(id), [], "its attempts");
    same(await kit.claimIds(T0 + 1e9), [], "claim");
  }),

  storeCase("puts a released delivery back as it was", async (kit) => {
    const { id, outcome } = await oneDelivery(kit);
    await kit.release(await kit.claimOne(T0), T0, T0 + 300);
    same(
      await outcome(),
      { status: "pending", attempts: 0, dueAt: T0 + 300 },
      "a pending delivery after a release",
    );
    same(await kit.claimIds(T0 + 299), [], "claim just before");
    await kit.failed(await kit.claimOne(T0 + 300), T0 + 300, T0 + 400);
    await kit.release(await kit.claimOne(T0 + 400), T0 + 400, T0 + 500);
    same(
      await outcome(),
      { status: "failed", attempts: 1, dueAt: T0 + 500, lastStatus: 500, lastError: "HTTP 500" },
      "a failed delivery after a release",
    );
    same((await kit.store.attempts.list(id)).length, 1, "the number of attempts on record");
  }),

  storeCase("lists the attempts in order, with all that was recorded", async (kit) => {
    const { id } = await oneDelivery(kit);
    const attempts: AttemptRecord[] = [
      attemptOf(1, { at: T0, errorClass: "dns", error: "getaddrinfo ENOTFOUND" }),
      attemptOf(2, {
        at: T0 + 10,
        status: 503,
        errorClass: "http",
        error: "HTTP 503",
        headers: { "retry-after": "5", "x-request-id": "1" },
        body: "busy: 忙 \0",
        timings: { dnsMs: 0.25, connectMs: 1, firstByteMs: 20, totalMs: 21.5 },
      }),
      attemptOf(3, { at: T0 + 20, status: 204 }),
    ];
    for (const [index, attempt] of attempts.entries()) {
      const claimed = await kit.claimOne(attempt.at);
      const result = index === attempts.length - 1 ? "sent" : "failed";
      const settled = { at: attempt.at, result, dueAt: attempt.at + 10, attempt } as const;
      await kit.settle(claimed, settled);
    }
    same(await kit.store.attempts.list(id), attempts, "attempts.list");
    same(await kit.store.attempts.list("unknown"), [], "attempts.list of an unknown delivery");
  }),

  storeCase("keeps an endpoint's state from a settlement with its subscription", async (kit) => {
    await oneDelivery(kit);
    await kit.change("a", { events: ["order.*"], metadata: { plan: "gold" } });
    const before = await kit.store.subscriptions.get("a");
    const endpoint = {
      status: "failing",
      failures: 2,
      failingSince: T0,
      quietUntil: T0 + 500,
      reason: "HTTP 503",
    } as const;
    const failed = { at: T0, result: "failed", dueAt: T0 + 100, attempt: attemptOf(1) } as const;
    await kit.settle(await kit.claimOne(T0), { ...failed, endpoint });
    same(await kit.store.subscriptions.get("a"), { ...before, endpoint }, "the subscription");
    same(await kit.store.nextDueAt(), T0 + 500, "nextDueAt, with the endpoint quiet");
    const disabled = { status: "disabled", failures: 3 } as const;
    const claimed = await kit.claimOne(T0 + 500);
    await kit.settle(claimed, { ...failed, at: T0 + 500, dueAt: T0 + 500, endpoint: disabled });
    same(await kit.claimIds(T0 + 1000), [], "claim, with the endpoint disabled");
    same((await kit.stats()).held, 1, "held");
  }),
];
