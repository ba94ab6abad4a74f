import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInboundVerifier, WebhookVerificationError } from "@ventostack/webhook";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createStripeVerifier } from "../../src/providers/stripe.ts";
import type { EmulatedEvent } from "../../src/testing/index.ts";
import type { Shop } from "./set-up.ts";
import { charge, eur, IMPATIENT, INTENTS, later, openShop, STORES } from "./set-up.ts";

/** A real endpoint: verifies, handles, answers. */
async function endpoint({ payments, emulator, time }: Shop): Promise<string> {
  const verifier = createInboundVerifier({
    provider: createStripeVerifier(),
    config: { secret: emulator.webhookSecret },
  });
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    request.on("end", async () => {
      try {
        const headers = request.headers as Record<string, string>;
        const body = Buffer.concat(chunks);
        const event = await verifier.verifyAndConvert(body, headers, { now: time.now });
        await payments.handleWebhook(event);
        response.writeHead(200).end();
      } catch (error) {
        response.writeHead(error instanceof WebhookVerificationError ? error.status : 500).end();
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  later(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function handleAll(shop: Shop, events: readonly EmulatedEvent[]): Promise<string[]> {
  const outcomes: string[] = [];
  for (const event of events) {
    outcomes.push((await shop.payments.handleWebhook(await shop.verified(event))).status);
  }
  return outcomes;
}

/** A payment with 3-D Secure, a declined second card, a good third one and two refunds. */
async function lifecycle(shop: Shop): Promise<string> {
  const { payments, emulator } = shop;
  const input = charge({ money: eur(1000), paymentMethodId: "pm_card_threeDSecure2Required" });
  const { payment } = await payments.charge(input);
  const id = emulator.paymentIntents()[0]?.id ?? "";
  emulator.authenticate(id, "fail");
  emulator.payAgain(id, "pm_card_visa_chargeDeclined");
  emulator.payAgain(id, "pm_card_refundFail");
  emulator.refundElsewhere(id, 250);
  emulator.finishRefund(emulator.refundElsewhere(id, 400).id, "failed");
  return payment?.id ?? "";
}

describe.each(STORES)("webhooks with the %s store", (store) => {
  it.each([
    ["in order", { copies: 1 }],
    ["twice", { copies: 2 }],
    ["in the wrong order", { reversed: true }],
    ["twice and in the wrong order", { copies: 2, reversed: true }],
  ])("delivered %s bring a payment to its true state", async (_name, delivery) => {
    const shop = await openShop({ store });
    const paymentId = await lifecycle(shop);
    const statuses = await shop.emulator.deliver(await endpoint(shop), delivery);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await shop.payments.getPayment(paymentId)).toMatchObject({
      status: "succeeded",
      captured: eur(1000),
      refunded: eur(250),
      refundReserved: eur(250),
    });
    const refunds = await shop.payments.listRefunds(paymentId);
    expect(refunds.map(({ status }) => status).toSorted()).toEqual(["failed", "succeeded"]);
  });

  it("are answered once each", async () => {
    const shop = await openShop({ store });
    const input = charge({ paymentMethodId: "pm_card_threeDSecure2Required" });
    const { payment } = await shop.payments.charge(input);
    shop.emulator.authenticate(shop.emulator.paymentIntents()[0]?.id ?? "", "succeed");
    const event = shop.emulator.events.find(({ type }) => type === "payment_intent.succeeded");
    if (!event) throw new Error("There was no event");
    expect(await handleAll(shop, [event, event])).toEqual(["applied", "duplicate"]);
    expect(await shop.payments.getPayment(payment?.id ?? "")).toMatchObject({
      status: "succeeded",
    });
  });

  it("that come before the answer of the call resolve it", async () => {
    const shop = await openShop({ store, client: IMPATIENT });
    shop.emulator.fault({ kind: "hang", when: "after", path: INTENTS, times: 4 });
    const charging = shop.payments.charge(charge());
    await shop.emulator.received(2);
    await handleAll(shop, shop.emulator.events);
    const payment = await shop.store.payment({ operationId: "order-1" });
    expect(payment).toMatchObject({ status: "succeeded", capturedAmount: 1250 });
    expect(payment?.openCall).toBeUndefined();
    // The call itself was lost, and its result is nevertheless the truth.
    expect(await charging).toMatchObject({ success: true, payment: { status: "succeeded" } });
    expect(shop.emulator.paymentIntents()).toHaveLength(1);
  });

  it("bring a refund to its end whose answer was lost", async () => {
    const shop = await openShop({ store });
    const { payment } = await shop.payments.charge(charge());
    const paymentId = payment?.id ?? "";
    shop.emulator.fault({ kind: "reset", when: "after", path: "/v1/refunds", times: 4 });
    await shop.payments.refund({ paymentId, amount: "full", operationId: "r" });
    await handleAll(shop, shop.emulator.events);
    expect(await shop.payments.listRefunds(paymentId)).toMatchObject([
      { operationId: "r", status: "succeeded", open: false },
    ]);
    expect(await shop.payments.getPayment(paymentId)).toMatchObject({ refunded: eur(1250) });
  });
});

describe("webhooks", () => {
  it("lead to the same state in every order and number", async () => {
    const shop = await openShop();
    await lifecycle(shop);
    const events = [...shop.emulator.events];
    const before = await shop.store.payment({ operationId: "order-1" });
    if (!before) throw new Error("There is no payment");
    const { createMemoryPaymentStore, createPaymentService } =
      await import("../../src/payments/index.ts");
    const anyDelivery = fc
      .array(fc.nat(events.length - 1), { maxLength: events.length })
      .chain((extra) =>
        fc.shuffledSubarray([...events.keys(), ...extra], {
          minLength: events.length + extra.length,
        }),
      );
    await fc.assert(
      fc.asyncProperty(anyDelivery, async (order) => {
        const store = createMemoryPaymentStore();
        const payments = createPaymentService({ provider: shop.provider, store });
        await store.commit({ payment: { ...before, version: 1 } });
        for (const index of order) {
          const event = events[index];
          if (event) await payments.handleWebhook(await shop.verified(event));
        }
        expect(await payments.getPayment(before.id)).toMatchObject({
          status: "succeeded",
          captured: eur(1000),
          refunded: eur(250),
          refundReserved: eur(250),
        });
      }),
      { numRuns: 40 },
    );
  });

  it("of a declined card that is paid after all turn failed into succeeded", async () => {
    const shop = await openShop();
    const input = charge({ paymentMethodId: "pm_card_visa_chargeDeclined" });
    const { payment } = await shop.payments.charge(input);
    expect(payment?.status).toBe("failed");
    shop.emulator.payAgain(shop.emulator.paymentIntents()[0]?.id ?? "", "pm_card_visa");
    await handleAll(shop, shop.emulator.events);
    const now = await shop.payments.getPayment(payment?.id ?? "");
    expect(now).toMatchObject({ status: "succeeded" });
    expect(now?.failure).toBeUndefined();
  });

  it("about what is not ours are ignored, and taken once it is", async () => {
    const shop = await openShop();
    const stripe = await shop.provider.native();
    await stripe.paymentIntents.create({ amount: 500, currency: "eur" });
    await stripe.customers.create({});
    expect(await handleAll(shop, shop.emulator.events)).toEqual(["ignored", "ignored"]);
  });

  it("with our ids on another payment change nothing", async () => {
    const shop = await openShop();
    const { payment } = await shop.payments.charge(charge());
    const stripe = await shop.provider.native();
    // Somebody copies the metadata to a payment of another sum, and to one of the same.
    const metadata = {
      ventostack_payment_id: payment?.id ?? "",
      ventostack_operation_id: "order-1",
    };
    await stripe.paymentIntents.create({ amount: 1, currency: "eur", metadata });
    const twin = await stripe.paymentIntents.create({ amount: 1250, currency: "eur", metadata });
    await stripe.paymentIntents.cancel(twin.id);
    const outcomes = await handleAll(shop, shop.emulator.events.slice(-3));
    expect(outcomes).toEqual(["unchanged", "unchanged", "unchanged"]);
    expect(await shop.payments.getPayment(payment?.id ?? "")).toEqual(payment);
  });

  it("with our refund's id on a refund of another payment, or another sum, change nothing", async () => {
    const shop = await openShop();
    const { payment } = await shop.payments.charge(charge());
    const paymentId = payment?.id ?? "";
    shop.emulator.fault({ kind: "reset", when: "before", path: "/v1/refunds", times: 4 });
    await shop.payments.refund({ paymentId, amount: eur(100), operationId: "r" });
    const [lost] = await shop.payments.listRefunds(paymentId);
    await shop.payments.charge(charge({ operationId: "order-2" }));
    const stripe = await shop.provider.native();
    const metadata = { ventostack_refund_id: lost?.id ?? "" };
    const [first, second] = shop.emulator.paymentIntents();
    for (const [intent, amount] of [
      [second, 100],
      [first, 99],
    ] as const) {
      await stripe.refunds.create({ payment_intent: intent?.id ?? "", amount, metadata });
    }
    const outcomes = await handleAll(shop, shop.emulator.events.slice(-2));
    expect(outcomes).toEqual(["unchanged", "unchanged"]);
    expect(await shop.payments.listRefunds(paymentId)).toEqual([lost]);
  });

  it.each<[string, (event: EmulatedEvent) => object]>([
    ["from the live mode in the sandbox", (event) => ({ ...event, livemode: true })],
    ["without a snapshot", ({ data: _data, ...event }) => event],
    ["with a snapshot that is null", (event) => ({ ...event, data: { object: null } })],
    [
      "with an amount that is no number",
      (event) => ({
        ...event,
        data: { object: { ...event.data.object, amount: "1250" } },
      }),
    ],
    [
      "with a currency that is not charged",
      (event) => ({
        ...event,
        data: { object: { ...event.data.object, currency: "ugx" } },
      }),
    ],
  ])("%s are ignored", async (_name, change) => {
    const shop = await openShop();
    await shop.payments.charge(charge());
    const event = shop.emulator.events.at(-1);
    if (!event) throw new Error("There was no event");
    const genuine = await shop.verified(event);
    const outcome = await shop.payments.handleWebhook({ ...genuine, payload: change(event) });
    expect(outcome).toMatchObject({ status: "ignored", reason: expect.any(String) });
  });

  it("from another platform are ignored", async () => {
    const shop = await openShop();
    const event = { id: "1", type: "x", source: "github", payload: {}, timestamp: 0 };
    expect(await shop.payments.handleWebhook(event)).toMatchObject({ status: "ignored" });
  });

  it("are forgotten after the retention, without harm", async () => {
    const shop = await openShop({ service: { eventRetentionMs: 1000 } });
    await shop.payments.charge(charge());
    const events = [...shop.emulator.events];
    await handleAll(shop, events);
    shop.time.now += 2000;
    await shop.payments.reconcile();
    expect(await handleAll(shop, events)).toEqual(["ignored", "unchanged", "unchanged"]);
    expect(shop.emulator.paymentIntents()).toHaveLength(1);
  });

  it("reject when the store fails, so that the sender repeats them", async () => {
    const shop = await openShop({ store: "sqlite" });
    await shop.payments.charge(charge());
    const event = shop.emulator.events.at(-1);
    if (!event) throw new Error("There was no event");
    const genuine = await shop.verified(event);
    await shop.store.close();
    await expect(shop.payments.handleWebhook(genuine)).rejects.toBeInstanceOf(Error);
  });
});
