import { describe, expect, it } from "vitest";
import { HOUR_MS, openShop, STORES } from "./set-up.ts";

const CUSTOMERS = "/v1/customers";

describe.each(STORES)("getOrCreateCustomer with the %s store", (store) => {
  it("makes one customer, however often it is called", async () => {
    const { payments, emulator } = await openShop({ store });
    const results = await Promise.all(
      Array.from({ length: 10 }, () => payments.getOrCreateCustomer("user-1")),
    );
    const id = emulator.customers()[0]?.id;
    const customer = { userId: "user-1", providerCustomerId: id };
    expect(results).toEqual(results.map(() => ({ success: true, customer })));
    expect(await payments.getOrCreateCustomer("user-1")).toEqual({ success: true, customer });
    expect(emulator.requests).toHaveLength(1);
    expect(emulator.customers()[0]?.metadata).toEqual({ ventostack_user_id: "user-1" });
  });

  it.each(["before", "after"] as const)(
    "makes one customer when every connection is cut %s the work",
    async (when) => {
      const { payments, emulator } = await openShop({ store });
      emulator.fault({ kind: "reset", when, path: CUSTOMERS, times: 4 });
      expect(await payments.getOrCreateCustomer("user-1")).toMatchObject({
        success: false,
        error: { outcome: "unknown" },
      });
      expect(await payments.getOrCreateCustomer("user-1")).toMatchObject({ success: true });
      expect(emulator.customers()).toHaveLength(1);
    },
  );

  it("searches for the customer when the key may have been forgotten", async () => {
    const { payments, emulator, time } = await openShop({ store });
    const userId = `o'brien "the\\user" 1`;
    emulator.fault({ kind: "reset", when: "after", path: CUSTOMERS, times: 4 });
    await payments.getOrCreateCustomer(userId);
    // One whose id differs in case only, which the search does not tell apart.
    await payments.getOrCreateCustomer(userId.toUpperCase());
    emulator.forgetKeys();
    time.now += 25 * HOUR_MS;
    expect(await payments.getOrCreateCustomer(userId)).toMatchObject({
      customer: { providerCustomerId: emulator.customers()[0]?.id },
    });
    expect(emulator.customers()).toHaveLength(2);
  });

  it("makes the customer after all when the search finds none", async () => {
    const { payments, emulator, time } = await openShop({ store });
    emulator.fault({ kind: "reset", when: "before", path: CUSTOMERS, times: 4 });
    await payments.getOrCreateCustomer("user-1");
    time.now += 25 * HOUR_MS;
    expect(await payments.getOrCreateCustomer("user-1")).toMatchObject({ success: true });
    expect(emulator.customers()).toHaveLength(1);
  });
});

describe("getOrCreateCustomer", () => {
  it("in two processes at once makes one customer", async () => {
    const shop = await openShop({
      store: "sqlite",
      client: { retry: { baseDelayMs: 20, maxRetries: 9 } },
    });
    shop.emulator.fault({ kind: "slow", delayMs: 60, path: CUSTOMERS });
    const results = await Promise.all([
      shop.payments.getOrCreateCustomer("user-1"),
      shop.other().getOrCreateCustomer("user-1"),
    ]);
    expect(results[0]).toMatchObject({ success: true });
    expect(results[1]).toEqual(results[0]);
    expect(shop.emulator.customers()).toHaveLength(1);
  });

  it("takes ids that no header takes", async () => {
    const { payments, emulator } = await openShop();
    const users = ["ünï@example.com", "x".repeat(500), "a b"];
    for (const user of users) {
      expect(await payments.getOrCreateCustomer(user)).toMatchObject({ success: true });
    }
    const keys = emulator.requests.map(({ idempotencyKey }) => idempotencyKey);
    expect(new Set(keys).size).toBe(3);
    expect(keys.every((key) => /^cust-sha256:[0-9a-f]{64}$/.test(key ?? ""))).toBe(true);
  });

  it("says for a charge that nothing was charged when the customer could not be made", async () => {
    const { payments, emulator, store } = await openShop();
    emulator.fault({ kind: "reset", when: "after", path: CUSTOMERS, times: 4 });
    const { charge } = await import("./set-up.ts");
    expect(await payments.charge(charge())).toMatchObject({
      success: false,
      error: { code: "NETWORK_ERROR", outcome: "not_sent" },
    });
    expect(await store.payment({ operationId: "order-1" })).toBeUndefined();
    expect(await payments.charge(charge())).toMatchObject({ success: true });
    expect(emulator.customers()).toHaveLength(1);
  });
});
