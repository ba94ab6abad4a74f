import { describe, expect, it } from "vitest";
import type { StripeFault } from "../../src/testing/index.ts";
import { createStripeEmulator } from "../../src/testing/index.ts";
import { charge, HOUR_MS, IMPATIENT, INTENTS, later, openShop, STORES } from "./set-up.ts";

const POST = { method: "POST", path: INTENTS } as const;
const ALWAYS = 1000;

const PASSING: readonly (readonly [string, StripeFault])[] = [
  ["the connection is cut before Stripe works", { kind: "reset", when: "before" }],
  ["the connection is cut after Stripe has worked", { kind: "reset", when: "after" }],
  ["Stripe is asked too often", { kind: "status", status: 429, retryAfter: "0" }],
  ["Stripe is unavailable", { kind: "status", status: 503 }],
  ["a gateway fails after Stripe has worked", { kind: "status", status: 502, when: "after" }],
  ["Stripe does not answer and does not work", { kind: "hang", when: "before" }],
  ["Stripe works and does not answer", { kind: "hang", when: "after" }],
  ["Stripe works slower than we wait", { kind: "slow", delayMs: 250 }],
];

describe.each(STORES)("a charge with the %s store", (store) => {
  it.each(PASSING)("is made once when %s", async (_name, fault) => {
    // Long enough for the slow request to end while its repeats are told that it is under way.
    const retry = { baseDelayMs: 40, maxDelayMs: 80, maxRetries: 10 };
    const { payments, emulator } = await openShop({ store, client: { ...IMPATIENT, retry } });
    emulator.fault({ ...fault, ...POST });
    const result = await payments.charge(charge());
    expect(result).toMatchObject({ success: true, payment: { status: "succeeded" } });
    expect(emulator.paymentIntents()).toHaveLength(1);
    expect(emulator.paymentIntents()[0]).toMatchObject({ amount: 1250, status: "succeeded" });
  });

  it.each<[string, StripeFault, number]>([
    ["every connection is cut before Stripe works", { kind: "reset", when: "before" }, 0],
    ["every connection is cut after Stripe has worked", { kind: "reset", when: "after" }, 1],
    ["every answer gets lost", { kind: "hang", when: "after" }, 1],
    ["Stripe stays unavailable", { kind: "status", status: 503 }, 0],
    [
      "every answer is a 503 after Stripe has worked",
      { kind: "status", status: 503, when: "after" },
      1,
    ],
  ])("is unknown when %s, and made once by reconcile", async (_name, fault, made) => {
    const client = fault.kind === "hang" ? IMPATIENT : {};
    const { payments, emulator, time } = await openShop({ store, client });
    emulator.fault({ ...fault, ...POST, times: ALWAYS });
    const lost = await payments.charge(charge());
    expect(lost).toMatchObject({
      success: false,
      error: { outcome: "unknown" },
      payment: { status: "pending", open: true },
    });
    expect(emulator.paymentIntents()).toHaveLength(made);

    emulator.clearFaults();
    expect(await payments.reconcile()).toMatchObject({ items: [] });
    time.now += 120_000;
    expect(await payments.reconcile()).toMatchObject({
      resolved: 1,
      unresolved: 0,
      items: [{ kind: "payment", status: "succeeded", resolved: true }],
    });
    expect(emulator.paymentIntents()).toHaveLength(1);
    expect(await payments.getPayment(lost.payment?.id ?? "")).toMatchObject({
      status: "succeeded",
      captured: { amount: 1250 },
      open: false,
    });
    expect(await payments.reconcile()).toMatchObject({ items: [] });
  });

  it("is resolved by the same call again", async () => {
    const { payments, emulator } = await openShop({ store });
    emulator.fault({ kind: "reset", when: "after", ...POST, times: 4 });
    expect(await payments.charge(charge())).toMatchObject({ error: { outcome: "unknown" } });
    expect(await payments.charge(charge())).toMatchObject({ payment: { status: "succeeded" } });
    expect(await payments.charge(charge())).toMatchObject({ payment: { status: "succeeded" } });
    expect(emulator.paymentIntents()).toHaveLength(1);
  });

  it("stays unknown when a later attempt is refused, which says nothing about the first", async () => {
    const { payments, emulator, time } = await openShop({ store });
    emulator.fault({ kind: "reset", when: "after", ...POST, times: 4 });
    await payments.charge(charge());
    // Neither the call nor the look-up gets through.
    emulator.fault({ kind: "status", status: 429, retryAfter: "0", times: ALWAYS });
    const throttled = { error: { code: "RATE_LIMITED", outcome: "unknown" } };
    expect(await payments.charge(charge())).toMatchObject(throttled);
    emulator.clearFaults();
    // The call is refused, and Stripe's records show the payment.
    emulator.fault({ kind: "status", status: 401, ...POST });
    time.now += 120_000;
    expect(await payments.reconcile()).toMatchObject({ resolved: 1 });
    expect(emulator.paymentIntents()).toHaveLength(1);
  });

  it("stays unknown when a repeat is refused and Stripe has no record of it yet", async () => {
    const { payments, emulator, time } = await openShop({ store });
    emulator.fault({ kind: "reset", when: "before", ...POST, times: 4 });
    await payments.charge(charge());
    time.now += 120_000;
    emulator.fault({ kind: "status", status: 401, ...POST });
    expect(await payments.reconcile()).toMatchObject({
      unresolved: 1,
      items: [{ status: "pending", resolved: false, error: { outcome: "unknown" } }],
    });
    expect(await payments.reconcile()).toMatchObject({ items: [{ status: "succeeded" }] });
    expect(emulator.paymentIntents()).toHaveLength(1);
  });

  it("is given up when a repeat shows that it could never be made", async () => {
    const { payments, emulator, time } = await openShop({ store });
    emulator.fault({ kind: "reset", when: "before", ...POST, times: 4 });
    await payments.charge(charge({ paymentMethodId: "pm_none" }));
    time.now += 120_000;
    expect(await payments.reconcile()).toMatchObject({
      items: [{ status: "failed", resolved: true, error: { vendorCode: "resource_missing" } }],
    });
  });

  it("that was certainly not executed may be tried again under its id", async () => {
    const { payments, emulator, time } = await openShop({ store });
    emulator.fault({ kind: "status", status: 429, retryAfter: "0", ...POST, times: ALWAYS });
    const refused = await payments.charge(charge());
    expect(refused).toMatchObject({
      success: false,
      error: { code: "RATE_LIMITED", outcome: "rejected", retryable: true },
      payment: { status: "failed", open: false },
    });
    emulator.clearFaults();
    time.now += 120_000;
    // Its caller was told that it failed: nobody but its caller may start it again.
    expect(await payments.reconcile()).toMatchObject({ items: [] });
    expect(emulator.paymentIntents()).toHaveLength(0);
    expect(await payments.charge(charge())).toMatchObject({
      success: true,
      payment: { id: refused.success ? "" : refused.payment?.id, status: "succeeded" },
    });
    expect(emulator.paymentIntents()).toHaveLength(1);
  });

  it("that could not even be sent is said to be so", async () => {
    const { payments, emulator, provider } = await openShop({ store });
    await payments.getOrCreateCustomer("user-1");
    await emulator.close();
    const result = await payments.charge(charge());
    expect(result).toMatchObject({
      success: false,
      error: { code: "NETWORK_ERROR", outcome: "not_sent" },
      payment: { status: "failed" },
    });
    const port = Number(new URL(emulator.url).port);
    const again = await createStripeEmulator({ port });
    later(() => again.close());
    expect(provider.id).toBe("stripe");
    // The new one has another memory, so the customer is refused: the call went out again.
    expect(await payments.charge(charge())).toMatchObject({
      error: { code: "HTTP_ERROR", vendorCode: "resource_missing", status: 400 },
    });
    expect(again.requests).toHaveLength(1);
  });

  it("whose error Stripe keeps for the key is found in Stripe's records", async () => {
    const { payments, emulator, time } = await openShop({ store });
    emulator.fault({ kind: "status", status: 500, when: "kept", ...POST });
    expect(await payments.charge(charge())).toMatchObject({ error: { outcome: "unknown" } });
    expect(emulator.requests.filter(({ path }) => path === INTENTS)).toHaveLength(4);
    time.now += 120_000;
    expect(await payments.reconcile()).toMatchObject({ items: [{ status: "succeeded" }] });
    expect(emulator.paymentIntents()).toHaveLength(1);
  });

  it("is only looked up once its key may have been forgotten, and found", async () => {
    const { payments, emulator, time } = await openShop({ store });
    emulator.fault({ kind: "reset", when: "after", ...POST, times: 4 });
    await payments.charge(charge());
    emulator.forgetKeys();
    time.now += 25 * HOUR_MS;
    expect(await payments.reconcile()).toMatchObject({ items: [{ status: "succeeded" }] });
    expect(emulator.paymentIntents()).toHaveLength(1);
    expect(await payments.charge(charge())).toMatchObject({ payment: { status: "succeeded" } });
    expect(emulator.paymentIntents()).toHaveLength(1);
  });

  it("fails when its key is too old and Stripe has no record of it", async () => {
    const { payments, emulator, time } = await openShop({ store });
    emulator.fault({ kind: "reset", when: "before", ...POST, times: 4 });
    await payments.charge(charge());
    time.now += 25 * HOUR_MS;
    expect(await payments.reconcile()).toMatchObject({
      items: [{ status: "failed", resolved: true, error: { code: "NOT_EXECUTED" } }],
    });
    expect(emulator.paymentIntents()).toHaveLength(0);
  });

  it("is never made late by reconcile when reissueForMs is 0, but by its caller", async () => {
    const time = { now: Date.now() };
    // It ticks with each look.
    const clock = { now: () => (time.now += 1) };
    const { payments, emulator } = await openShop({ store, service: { reissueForMs: 0, clock } });
    emulator.fault({ kind: "reset", when: "before", ...POST, times: 4 });
    await payments.charge(charge());
    time.now += 120_000;
    expect(await payments.reconcile()).toMatchObject({ items: [{ status: "failed" }] });
    expect(emulator.paymentIntents()).toHaveLength(0);
    expect(await payments.charge(charge({ operationId: "order-2" }))).toMatchObject({
      payment: { status: "succeeded" },
    });
    emulator.fault({ kind: "reset", when: "before", ...POST, times: 4 });
    await payments.charge(charge({ operationId: "order-3" }));
    expect(await payments.charge(charge({ operationId: "order-3" }))).toMatchObject({
      payment: { status: "succeeded" },
    });
    expect(emulator.paymentIntents()).toHaveLength(2);
  });
});

describe("two processes", () => {
  it("that make the same charge at the same time make one payment", async () => {
    const shop = await openShop({
      store: "sqlite",
      client: { retry: { baseDelayMs: 20, maxRetries: 9 } },
    });
    const other = shop.other();
    shop.emulator.fault({ kind: "slow", delayMs: 60, ...POST });
    const results = await Promise.all([shop.payments.charge(charge()), other.charge(charge())]);
    expect(results).toMatchObject([
      { payment: { status: "succeeded" } },
      { payment: { status: "succeeded" } },
    ]);
    expect(shop.emulator.paymentIntents()).toHaveLength(1);
    expect(shop.emulator.customers()).toHaveLength(1);
  });

  it("that share an account and operation ids, but no store, do not take each other's payments", async () => {
    const first = await openShop();
    const second = await openShop({ emulator: first.emulator });
    await first.payments.charge(charge());
    expect(await second.payments.charge(charge())).toMatchObject({
      success: false,
      error: { code: "IDEMPOTENCY_CONFLICT", outcome: "rejected" },
      payment: { status: "failed" },
    });
    expect(first.emulator.paymentIntents()).toHaveLength(1);
  });

  it("in one process join the same call", async () => {
    const { payments, emulator } = await openShop();
    const results = await Promise.all(Array.from({ length: 20 }, () => payments.charge(charge())));
    expect(new Set(results.map((result) => result.payment?.id)).size).toBe(1);
    expect(results.every(({ success }) => success)).toBe(true);
    expect(emulator.requests.filter(({ path }) => path === INTENTS)).toHaveLength(1);
  });
});
