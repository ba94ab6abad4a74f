import { describe, expect, it } from "vitest";
import type { PaymentFailure, PaymentProvider, StoredPayment } from "../../src/payments/index.ts";
import { createMemoryPaymentStore, createPaymentService } from "../../src/payments/index.ts";
import { createSqlitePaymentStore } from "../../src/payments/sqlite/index.ts";
import {
  charge,
  eur,
  HOUR_MS,
  IMPATIENT,
  INTENTS,
  later,
  openShop,
  temporaryFile,
} from "./set-up.ts";

const POST = { method: "POST", path: INTENTS } as const;

const REFUSED: PaymentFailure = {
  code: "AUTH_ERROR",
  message: "no",
  outcome: "rejected",
  retryable: false,
};

describe("a lost charge", () => {
  it("is not resolved by the news that it was prepared", async () => {
    const shop = await openShop();
    shop.emulator.fault({ kind: "reset", when: "after", ...POST, times: 4 });
    const { payment } = await shop.payments.charge(charge());
    const created = shop.emulator.events.find(({ type }) => type === "payment_intent.created");
    if (!created) throw new Error("There was no event");
    const outcome = await shop.payments.handleWebhook(await shop.verified(created));
    expect(outcome.status).toBe("applied");
    expect(await shop.payments.getPayment(payment?.id ?? "")).toMatchObject({
      providerPaymentId: shop.emulator.paymentIntents()[0]?.id,
      status: "pending",
      open: true,
    });
  });

  it("that was only prepared a day ago has moved no money", async () => {
    const shop = await openShop();
    shop.emulator.fault({ kind: "reset", when: "before", ...POST, times: 4 });
    const { payment } = await shop.payments.charge(charge());
    const stripe = await shop.provider.native();
    await stripe.paymentIntents.create({
      amount: 1250,
      currency: "eur",
      customer: shop.emulator.customers()[0]?.id ?? "",
      metadata: {
        ventostack_payment_id: payment?.id ?? "",
        ventostack_operation_id: "order-1",
      },
    });
    shop.time.now += 25 * HOUR_MS;
    expect(await shop.payments.reconcile()).toMatchObject({
      items: [{ status: "failed", resolved: true, error: { code: "NOT_EXECUTED" } }],
    });
  });

  it("that a webhook found paid is not failed by a refusal that comes after it", async () => {
    const shop = await openShop();
    const provider: typeof shop.provider = {
      ...shop.provider,
      async createPayment(request) {
        await shop.provider.createPayment(request);
        for (const event of shop.emulator.events) {
          await payments.handleWebhook(await shop.verified(event));
        }
        return { success: false, error: REFUSED };
      },
    };
    const payments = createPaymentService({ provider, store: shop.store });
    expect(await payments.charge(charge())).toMatchObject({
      success: true,
      payment: { status: "succeeded" },
    });
  });

  it("that was declined without a payment of the vendor's is not tried again", async () => {
    const shop = await openShop();
    let calls = 0;
    const declined: PaymentFailure = { ...REFUSED, code: "CARD_DECLINED" };
    const provider: typeof shop.provider = {
      ...shop.provider,
      async createPayment() {
        calls += 1;
        return { success: false, error: declined };
      },
    };
    const payments = createPaymentService({ provider, store: shop.store });
    expect(await payments.charge(charge())).toMatchObject({ error: declined });
    expect(await payments.charge(charge())).toMatchObject({ error: declined });
    expect(calls).toBe(1);
  });
});

describe("a lost capture", () => {
  it("that was not executed within a day leaves the authorisation as it is", async () => {
    const shop = await openShop();
    const { payment } = await shop.payments.charge(charge({ capture: "manual" }));
    shop.emulator.fault({ kind: "reset", when: "before", path: /capture/, times: 4 });
    await shop.payments.capture({ paymentId: payment?.id ?? "", operationId: "c" });
    shop.time.now += 25 * HOUR_MS;
    expect(await shop.payments.reconcile()).toMatchObject({
      items: [{ status: "requires_capture", resolved: true, error: { code: "NOT_EXECUTED" } }],
    });
    const again = await shop.payments.capture({ paymentId: payment?.id ?? "", operationId: "c" });
    expect(again).toMatchObject({ success: true, payment: { status: "succeeded" } });
  });

  it("stays open when its repeat is refused and the payment is still to be captured", async () => {
    const shop = await openShop();
    const { payment } = await shop.payments.charge(charge({ capture: "manual" }));
    shop.emulator.fault({ kind: "reset", when: "before", path: /capture/, times: 4 });
    await shop.payments.capture({ paymentId: payment?.id ?? "", operationId: "c" });
    shop.time.now += 120_000;
    shop.emulator.fault({ kind: "status", status: 401, path: /capture/ });
    expect(await shop.payments.reconcile()).toMatchObject({
      items: [{ status: "requires_capture", resolved: false, error: { outcome: "unknown" } }],
    });
    // What is still to be captured is news about the payment, not an answer to the capture.
    for (const event of shop.emulator.events) {
      await shop.payments.handleWebhook(await shop.verified(event));
    }
    expect(await shop.payments.getPayment(payment?.id ?? "")).toMatchObject({ open: true });
  });
});

describe("a lost refund", () => {
  it("is known by a webhook that comes before its answer", async () => {
    const shop = await openShop({ client: IMPATIENT });
    const { payment } = await shop.payments.charge(charge());
    const paymentId = payment?.id ?? "";
    shop.emulator.fault({ kind: "hang", when: "after", path: "/v1/refunds", times: 4 });
    const refunding = shop.payments.refund({ paymentId, amount: eur(50), operationId: "r" });
    await shop.emulator.received(3);
    for (const event of shop.emulator.events) {
      await shop.payments.handleWebhook(await shop.verified(event));
    }
    expect(await refunding).toMatchObject({
      success: true,
      refund: { status: "succeeded", open: false },
      payment: { refunded: eur(50) },
    });
  });

  it("of all that is left keeps the amount that was fixed for it", async () => {
    const shop = await openShop();
    const { payment } = await shop.payments.charge(charge({ money: eur(1000) }));
    const all = { paymentId: payment?.id ?? "", amount: "full", operationId: "all" } as const;
    const limit = { kind: "status", status: 429, retryAfter: "0", path: "/v1/refunds" } as const;
    shop.emulator.fault({ ...limit, times: 4 });
    expect(await shop.payments.refund(all)).toMatchObject({ error: { code: "RATE_LIMITED" } });
    await shop.payments.refund({ ...all, amount: eur(300), operationId: "part" });
    // The key stands for 1000: with 700 it would be refused by Stripe, or worse, mean two things.
    expect(await shop.payments.refund(all)).toMatchObject({
      error: { code: "REFUND_EXCEEDS_PAYMENT" },
      payment: { refundReserved: eur(300) },
    });
  });
});

describe("reconcile", () => {
  it("passes by what stays unknown, however much of it there is", async () => {
    const store = createMemoryPaymentStore();
    const shop = await openShop();
    const lost: PaymentFailure = { ...REFUSED, code: "TIMEOUT", outcome: "unknown" };
    const answer = { success: false, error: lost } as const;
    const provider: typeof shop.provider = {
      ...shop.provider,
      createPayment: () => Promise.resolve(answer),
      findPayment: () => Promise.resolve(answer),
    };
    for (let index = 0; index < 250; index += 1) {
      await store.commit({ payment: openPayment(`p${index}`, shop.time.now - 200_000 + index) });
    }
    const payments = createPaymentService({ provider, store });
    expect(await payments.reconcile()).toMatchObject({ resolved: 0, unresolved: 250 });
  });
});

it("two processes that were given two customers keep the first", async () => {
  const shop = await openShop();
  const path = temporaryFile();
  const both = Promise.withResolvers<void>();
  let calls = 0;
  const provider: typeof shop.provider = {
    ...shop.provider,
    async createCustomer() {
      calls += 1;
      const id = `cus_${calls}`;
      if (calls === 2) both.resolve();
      await both.promise;
      return { success: true, data: { id } };
    },
  };
  const results = await Promise.all(
    [1, 2].map(() => {
      const store = createSqlitePaymentStore({ path });
      later(() => store.close());
      return createPaymentService({ provider, store }).getOrCreateCustomer("user-1");
    }),
  );
  expect(calls).toBe(2);
  expect(results[0]).toMatchObject({ success: true });
  expect(results[1]).toEqual(results[0]);
});

it("a provider that knows no keys gets each call once, and never again", async () => {
  const shop = await openShop();
  const provider = { ...shop.provider, idempotencyKeyLifetimeMs: 0 };
  // It ticks with each look, so that nothing is young.
  const clock = { now: () => (shop.time.now += 1) };
  const payments = createPaymentService({ provider, store: shop.store, clock });
  expect(await payments.charge(charge())).toMatchObject({ payment: { status: "succeeded" } });
  shop.emulator.fault({ kind: "reset", when: "before", ...POST, times: 4 });
  const second = charge({ operationId: "order-2" });
  await payments.charge(second);
  expect(await payments.charge(second)).toMatchObject({ error: { code: "NOT_EXECUTED" } });
});

it("a provider that cannot do something is not asked to", async () => {
  const shop = await openShop();
  const provider: PaymentProvider = {
    ...shop.provider,
    capabilities: { manualCapture: false, partialRefund: false, customerActions: false },
  };
  const payments = createPaymentService({ provider, store: shop.store });
  expect(await payments.charge(charge({ capture: "manual" }))).toMatchObject({
    error: { code: "NOT_SUPPORTED" },
  });
  const { payment } = await payments.charge(charge());
  const refund = { paymentId: payment?.id ?? "", operationId: "r" };
  expect(await payments.refund({ ...refund, amount: eur(1) })).toMatchObject({
    error: { code: "NOT_SUPPORTED" },
  });
  expect(await payments.refund({ ...refund, amount: eur(1250) })).toMatchObject({ success: true });
});

it("a list that does not end is not read to its end, and proves nothing", async () => {
  const pages: string[] = [];
  const shop = await openShop({
    client: {
      fetch(input) {
        pages.push(input instanceof Request ? input.url : String(input));
        const data = Array.from({ length: 100 }, (_, index) => ({
          id: `pi_${pages.length}_${index}`,
          object: "payment_intent",
          metadata: {},
        }));
        const body = { object: "list", url: INTENTS, has_more: true, data };
        return Promise.resolve(Response.json(body));
      },
    },
  });
  const wanted = { paymentId: "p", operationId: "o", customerId: "cus_1", since: shop.time.now };
  expect(await shop.provider.findPayment(wanted)).toMatchObject({
    success: false,
    error: { code: "RESPONSE_TOO_LARGE", outcome: "unknown" },
  });
  expect(pages).toHaveLength(10);
});

function openPayment(id: string, startedAt: number): StoredPayment {
  return {
    id,
    operationId: id,
    userId: "user-1",
    provider: "stripe",
    providerCustomerId: "cus_1",
    paymentMethodId: "pm_card_visa",
    amount: 100,
    currency: "EUR",
    capture: "automatic",
    status: "pending",
    capturedAmount: 0,
    refundReserved: 0,
    refundedAmount: 0,
    openCall: { kind: "charge", operationId: id, idempotencyKey: `charge:${id}`, startedAt },
    version: 1,
    createdAt: startedAt,
    updatedAt: startedAt,
  };
}
