import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Shop } from "./set-up.ts";
import { charge, eur, HOUR_MS, openShop, STORES } from "./set-up.ts";

const REFUNDS = "/v1/refunds";

async function paid(shop: Shop, amount = 1000, operationId = "order-1"): Promise<string> {
  const { payment } = await shop.payments.charge(charge({ money: eur(amount), operationId }));
  return payment?.id ?? "";
}

function refundedAtStripe({ emulator }: Shop): number {
  return emulator.refunds().reduce((sum, { amount, status }) => {
    return status === "failed" ? sum : sum + amount;
  }, 0);
}

describe("refund", () => {
  it("gives back a part, and then all that is left", async () => {
    const shop = await openShop();
    const paymentId = await paid(shop);
    const part = await shop.payments.refund({ paymentId, amount: eur(300), operationId: "r1" });
    expect(part).toMatchObject({
      success: true,
      refund: { status: "succeeded", money: eur(300) },
      payment: { refunded: eur(300), refundReserved: eur(300), status: "succeeded" },
    });
    const rest = await shop.payments.refund({ paymentId, amount: "full", operationId: "r2" });
    expect(rest).toMatchObject({
      refund: { money: eur(700) },
      payment: { refunded: eur(1000) },
    });
    expect(
      await shop.payments.refund({ paymentId, amount: "full", operationId: "r3" }),
    ).toMatchObject({ success: false, error: { code: "REFUND_EXCEEDS_PAYMENT" } });
    expect(refundedAtStripe(shop)).toBe(1000);
    expect(await shop.payments.listRefunds(paymentId)).toMatchObject([
      { operationId: "r1" },
      { operationId: "r2" },
    ]);
  });

  it.each([0, -1, 0.5, Number.NaN])(
    "refuses %s as an amount: it does not mean all",
    async (amount) => {
      const shop = await openShop();
      const paymentId = await paid(shop);
      expect(
        await shop.payments.refund({ paymentId, amount: eur(amount), operationId: "r" }),
      ).toMatchObject({ success: false, error: { code: "INVALID_AMOUNT", outcome: "not_sent" } });
      expect(shop.emulator.refunds()).toHaveLength(0);
    },
  );

  it("refuses another currency and more than was paid", async () => {
    const shop = await openShop();
    const paymentId = await paid(shop);
    const refund = (amount: { amount: number; currency: string }) =>
      shop.payments.refund({ paymentId, amount, operationId: "r" });
    expect(await refund({ amount: 100, currency: "USD" })).toMatchObject({
      error: { code: "INVALID_AMOUNT" },
    });
    expect(await refund(eur(1001))).toMatchObject({ error: { code: "REFUND_EXCEEDS_PAYMENT" } });
    expect(shop.emulator.requests.filter(({ path }) => path === REFUNDS)).toHaveLength(0);
  });

  it("is made once for an operation id, and refused for another use of it", async () => {
    const shop = await openShop();
    const paymentId = await paid(shop);
    const first = await shop.payments.refund({ paymentId, amount: "full", operationId: "r" });
    expect(await shop.payments.refund({ paymentId, amount: "full", operationId: "r" })).toEqual(
      first,
    );
    const other = await shop.payments.refund({ paymentId, amount: eur(1000), operationId: "r" });
    expect(other).toMatchObject({ error: { code: "OPERATION_MISMATCH" } });
    expect(shop.emulator.refunds()).toHaveLength(1);
  });

  it("never gives back more than was captured, whatever runs at the same time", async () => {
    const shop = await openShop({ store: "sqlite" });
    const other = shop.other();
    const paymentId = await paid(shop);
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 ? shop.payments : other).refund({
          paymentId,
          amount: eur(300),
          operationId: `r${index}`,
        }),
      ),
    );
    expect(results.filter(({ success }) => success)).toHaveLength(3);
    expect(refundedAtStripe(shop)).toBe(900);
    // The bound is kept here: Stripe was not even asked for more.
    expect(shop.emulator.requests.filter(({ path }) => path === REFUNDS)).toHaveLength(3);
    expect(await shop.payments.getPayment(paymentId)).toMatchObject({
      refunded: eur(900),
      refundReserved: eur(900),
    });
  });

  it("counts what is under way, for any amounts in any order", async () => {
    const shop = await openShop();
    let orders = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 1200 }), fc.constant("full" as const)), {
          minLength: 1,
          maxLength: 6,
        }),
        async (amounts) => {
          orders += 1;
          const order = orders;
          const paymentId = await paid(shop, 1000, `order-${order}`);
          const results = await Promise.all(
            amounts.map((amount, index) =>
              shop.payments.refund({
                paymentId,
                amount: amount === "full" ? amount : eur(amount),
                operationId: `${order}-${index}`,
              }),
            ),
          );
          const given = results.reduce(
            (sum, result) => sum + (result.success ? result.refund.money.amount : 0),
            0,
          );
          expect(given).toBeLessThanOrEqual(1000);
          const payment = await shop.payments.getPayment(paymentId);
          expect(payment).toMatchObject({ refunded: eur(given), refundReserved: eur(given) });
        },
      ),
      { numRuns: 12 },
    );
  });

  describe.each(STORES)("under faults with the %s store", (store) => {
    it.each(["before", "after"] as const)(
      "is made once when the connection is cut %s the work",
      async (when) => {
        const shop = await openShop({ store });
        const paymentId = await paid(shop);
        shop.emulator.fault({ kind: "reset", when, path: REFUNDS });
        const result = await shop.payments.refund({ paymentId, amount: "full", operationId: "r" });
        expect(result).toMatchObject({ success: true, payment: { refunded: eur(1000) } });
        expect(shop.emulator.refunds()).toHaveLength(1);
      },
    );

    it("holds its amount while it is unknown, and is made once by reconcile", async () => {
      const shop = await openShop({ store });
      const paymentId = await paid(shop);
      shop.emulator.fault({ kind: "reset", when: "after", path: REFUNDS, times: 4 });
      const lost = await shop.payments.refund({ paymentId, amount: eur(800), operationId: "r" });
      expect(lost).toMatchObject({
        error: { outcome: "unknown" },
        refund: { status: "pending", open: true },
        payment: { refunded: eur(0), refundReserved: eur(800) },
      });
      const more = await shop.payments.refund({ paymentId, amount: eur(300), operationId: "r2" });
      expect(more).toMatchObject({ error: { code: "REFUND_EXCEEDS_PAYMENT" } });
      shop.time.now += 120_000;
      expect(await shop.payments.reconcile()).toMatchObject({
        items: [{ kind: "refund", status: "succeeded", resolved: true }],
      });
      expect(refundedAtStripe(shop)).toBe(800);
      expect(await shop.payments.getPayment(paymentId)).toMatchObject({ refunded: eur(800) });
    });

    it("frees its amount when it was certainly not made, and may be tried again", async () => {
      const shop = await openShop({ store });
      const paymentId = await paid(shop);
      shop.emulator.fault({
        kind: "status",
        status: 429,
        retryAfter: "0",
        path: REFUNDS,
        times: 4,
      });
      const refund = { paymentId, amount: "full", operationId: "r" } as const;
      expect(await shop.payments.refund(refund)).toMatchObject({
        error: { code: "RATE_LIMITED", outcome: "rejected" },
        refund: { status: "failed" },
        payment: { refundReserved: eur(0) },
      });
      expect(await shop.payments.refund(refund)).toMatchObject({ success: true });
      expect(refundedAtStripe(shop)).toBe(1000);
    });

    it("is looked up when its key may have been forgotten", async () => {
      const shop = await openShop({ store });
      const paymentId = await paid(shop);
      shop.emulator.fault({ kind: "reset", when: "after", path: REFUNDS, times: 4 });
      await shop.payments.refund({ paymentId, amount: eur(400), operationId: "r1" });
      shop.time.now += 1;
      shop.emulator.fault({ kind: "reset", when: "before", path: REFUNDS, times: 4 });
      await shop.payments.refund({ paymentId, amount: eur(500), operationId: "r2" });
      shop.emulator.forgetKeys();
      shop.time.now += 25 * HOUR_MS;
      expect(await shop.payments.reconcile()).toMatchObject({
        items: [{ status: "succeeded" }, { status: "failed", error: { code: "NOT_EXECUTED" } }],
      });
      expect(refundedAtStripe(shop)).toBe(400);
      expect(await shop.payments.getPayment(paymentId)).toMatchObject({ refundReserved: eur(400) });
    });
  });

  it("that the customer's bank sends back frees its amount", async () => {
    const shop = await openShop();
    const paymentMethodId = "pm_card_refundFail";
    const { payment } = await shop.payments.charge(charge({ money: eur(1000), paymentMethodId }));
    const paymentId = payment?.id ?? "";
    await shop.payments.refund({ paymentId, amount: "full", operationId: "r" });
    shop.emulator.finishRefund(shop.emulator.refunds()[0]?.id ?? "", "failed");
    for (const event of shop.emulator.events) {
      await shop.payments.handleWebhook(await shop.verified(event));
    }
    expect(
      await shop.payments.refund({ paymentId, amount: "full", operationId: "r" }),
    ).toMatchObject({
      error: { code: "REFUND_FAILED", vendorCode: "expired_or_canceled_card" },
      payment: { refunded: eur(0), refundReserved: eur(0) },
    });
    const again = await shop.payments.refund({ paymentId, amount: "full", operationId: "r2" });
    expect(again).toMatchObject({ success: true });
  });

  it("stays pending as long as the provider says so, and then succeeds", async () => {
    const shop = await openShop();
    const paymentMethodId = "pm_card_pendingRefund";
    const { payment } = await shop.payments.charge(charge({ money: eur(1000), paymentMethodId }));
    const paymentId = payment?.id ?? "";
    const refund = { paymentId, amount: "full", operationId: "r" } as const;
    expect(await shop.payments.refund(refund)).toMatchObject({
      success: true,
      refund: { status: "pending", open: false },
      payment: { refunded: eur(0), refundReserved: eur(1000) },
    });
    shop.emulator.finishRefund(shop.emulator.refunds()[0]?.id ?? "", "succeeded");
    for (const event of shop.emulator.events) {
      await shop.payments.handleWebhook(await shop.verified(event));
    }
    expect(await shop.payments.refund(refund)).toMatchObject({
      refund: { status: "succeeded" },
      payment: { refunded: eur(1000) },
    });
  });

  it("made in the dashboard counts, once its webhook has come", async () => {
    const shop = await openShop();
    const paymentId = await paid(shop);
    shop.emulator.refundElsewhere(shop.emulator.paymentIntents()[0]?.id ?? "", 600);
    const [event] = shop.emulator.events.slice(-1);
    if (!event) throw new Error("There was no event");
    expect(await shop.payments.handleWebhook(await shop.verified(event))).toMatchObject({
      status: "applied",
      paymentId,
    });
    expect(
      await shop.payments.refund({ paymentId, amount: eur(500), operationId: "r" }),
    ).toMatchObject({ error: { code: "REFUND_EXCEEDS_PAYMENT" } });
    expect(
      await shop.payments.refund({ paymentId, amount: "full", operationId: "r2" }),
    ).toMatchObject({ refund: { money: eur(400) }, payment: { refunded: eur(1000) } });
  });
});
