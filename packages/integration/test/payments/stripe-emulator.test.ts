import { describe, expect, it } from "vitest";
import type { StripeEmulator } from "../../src/testing/index.ts";
import { createStripeEmulator, stripeTestMethods } from "../../src/testing/index.ts";
import { later } from "./set-up.ts";

async function start(
  options?: Parameters<typeof createStripeEmulator>[0],
): Promise<StripeEmulator> {
  const emulator = await createStripeEmulator(options);
  later(() => emulator.close());
  return emulator;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Whatever the API says, as a test reads it.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

async function call(
  emulator: StripeEmulator,
  method: string,
  path: string,
  options: { body?: string; key?: string; auth?: string } = {},
): Promise<Answer> {
  const response = await fetch(`${emulator.url}${path}`, {
    method,
    headers: {
      authorization: options.auth ?? `Bearer ${emulator.apiKey}`,
      ...(options.key !== undefined && { "idempotency-key": options.key }),
      ...(options.body !== undefined && { "content-type": "application/x-www-form-urlencoded" }),
    },
    ...(options.body !== undefined && { body: options.body }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

const PAY = "amount=1000&currency=eur&payment_method=pm_card_visa&confirm=true";
const INTENTS = "/v1/payment_intents";

describe("the Stripe emulator", () => {
  it("demands its key, as a bearer or a user name", async () => {
    const emulator = await start({ apiKey: "sk_test_x" });
    const status = async (auth: string) =>
      (await call(emulator, "GET", "/v1/events", { auth })).status;
    expect(await status("Bearer sk_test_x")).toBe(200);
    expect(await status(`Basic ${btoa("sk_test_x:")}`)).toBe(200);
    expect(await status("Bearer sk_test_y")).toBe(401);
    expect(await status("")).toBe(401);
  });

  it("decodes nested forms, and takes no field for a prototype", async () => {
    const emulator = await start();
    const body = "metadata[a]=b%20c&metadata[__proto__]=x&email=a%40example.com";
    await call(emulator, "POST", "/v1/customers", { body });
    expect(emulator.customers()[0]).toMatchObject({
      email: "a@example.com",
      metadata: { a: "b c" },
    });
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  it("replays the answer of a key, with the headers that say so", async () => {
    const emulator = await start();
    const first = await call(emulator, "POST", INTENTS, { body: PAY, key: "k" });
    const again = await call(emulator, "POST", INTENTS, { body: PAY, key: "k" });
    expect(again.body).toEqual(first.body);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(again.headers.get("original-request")).toBe(first.headers.get("request-id"));
    expect(first.headers.get("idempotent-replayed")).toBeNull();
    expect(emulator.paymentIntents()).toHaveLength(1);
    await call(emulator, "POST", INTENTS, { body: PAY });
    expect(emulator.paymentIntents()).toHaveLength(2);
  });

  it("replays a decline too, and not a request that its checks refused", async () => {
    const emulator = await start();
    const body = PAY.replace("pm_card_visa", "pm_card_visa_chargeDeclined");
    await call(emulator, "POST", INTENTS, { body, key: "k" });
    const declined = await call(emulator, "POST", INTENTS, { body, key: "k" });
    expect(declined.status).toBe(402);
    expect(declined.headers.get("idempotent-replayed")).toBe("true");
    const invalid = await call(emulator, "POST", INTENTS, {
      body: "amount=x&currency=eur",
      key: "i",
    });
    expect(invalid.status).toBe(400);
    const corrected = await call(emulator, "POST", INTENTS, { body: PAY, key: "i" });
    expect(corrected.status).toBe(200);
  });

  it("refuses a key with other parameters, and one that is in use", async () => {
    const emulator = await start();
    await call(emulator, "POST", INTENTS, { body: PAY, key: "k" });
    const other = await call(emulator, "POST", INTENTS, { body: `${PAY}&description=x`, key: "k" });
    expect(other).toMatchObject({ status: 400, body: { error: { type: "idempotency_error" } } });
    emulator.fault({ kind: "slow", delayMs: 50 });
    const slow = call(emulator, "POST", INTENTS, { body: PAY, key: "s" });
    await emulator.received(3);
    const early = await call(emulator, "POST", INTENTS, { body: PAY, key: "s" });
    expect(early).toMatchObject({
      status: 409,
      body: { error: { code: "idempotency_key_in_use" } },
    });
    expect((await slow).status).toBe(200);
    emulator.forgetKeys();
    expect((await call(emulator, "POST", INTENTS, { body: PAY, key: "k" })).status).toBe(200);
    expect(emulator.paymentIntents()).toHaveLength(3);
  });

  it.each([
    ["amount=0&currency=eur", "amount"],
    ["amount=1.5&currency=eur", "amount"],
    ["amount=100000000&currency=eur", "amount"],
    ["amount=1234&currency=kwd", "amount"],
    ["amount=100&currency=EUR", "currency"],
    ["amount=100&currency=eur&customer=cus_none", "customer"],
    ["amount=100&currency=eur&payment_method=pm_none", "payment_method"],
    ["amount=100&currency=eur&ammount=1", "ammount"],
  ])("refuses %s", async (body, param) => {
    const emulator = await start();
    const answer = await call(emulator, "POST", INTENTS, { body });
    expect(answer).toMatchObject({ status: 400, body: { error: { param } } });
    expect(emulator.paymentIntents()).toHaveLength(0);
  });

  it("takes a payment through confirmation, capture and cancellation as Stripe does", async () => {
    const emulator = await start();
    const body = "amount=1000&currency=eur&capture_method=manual";
    const { body: intent } = await call(emulator, "POST", INTENTS, { body });
    expect(intent.status).toBe("requires_payment_method");
    const at = (action: string, form = "") =>
      call(emulator, "POST", `${INTENTS}/${intent.id}/${action}`, { body: form });
    expect((await at("capture")).body.error.code).toBe("payment_intent_unexpected_state");
    const confirmed = await at("confirm", "payment_method=pm_card_visa");
    expect(confirmed.body).toMatchObject({ status: "requires_capture", amount_capturable: 1000 });
    expect((await at("capture", "amount_to_capture=1001")).status).toBe(400);
    const captured = await at("capture", "amount_to_capture=600");
    expect(captured.body).toMatchObject({ status: "succeeded", amount_received: 600 });
    expect((await at("cancel")).status).toBe(400);
    const read = await call(emulator, "GET", `${INTENTS}/${intent.id}`);
    expect(read.body).toEqual(captured.body);
    expect((await call(emulator, "GET", `${INTENTS}/pi_none`)).status).toBe(404);
  });

  it("refunds no more than was captured", async () => {
    const emulator = await start();
    const { body: intent } = await call(emulator, "POST", INTENTS, { body: PAY });
    const refund = (amount: number) =>
      call(emulator, "POST", "/v1/refunds", {
        body: `payment_intent=${intent.id}&amount=${amount}`,
      });
    expect((await refund(600)).body).toMatchObject({ status: "succeeded", amount: 600 });
    expect((await refund(401)).status).toBe(400);
    expect((await refund(0)).status).toBe(400);
    expect((await refund(400)).status).toBe(200);
    expect((await refund(1)).body.error.code).toBe("charge_already_refunded");
  });

  it("knows its test payment methods", async () => {
    const emulator = await start();
    const statuses: Record<string, string> = {};
    for (const method of stripeTestMethods) {
      const body = PAY.replace("pm_card_visa", method);
      const answer = await call(emulator, "POST", INTENTS, { body });
      statuses[method] = answer.body.error?.decline_code ?? answer.body.status;
    }
    expect(statuses).toMatchObject({
      pm_card_visa: "succeeded",
      pm_card_visa_chargeDeclinedInsufficientFunds: "insufficient_funds",
      pm_card_threeDSecure2Required: "requires_action",
      pm_usBankAccount_success: "processing",
    });
  });

  it("lists newest first, page by page, by customer and time", async () => {
    let now = 1_700_000_000_000;
    const emulator = await start({ now: () => now });
    const { body: customer } = await call(emulator, "POST", "/v1/customers", { body: "" });
    for (let index = 0; index < 3; index += 1) {
      await call(emulator, "POST", INTENTS, { body: `${PAY}&customer=${customer.id}` });
      now += 10_000;
    }
    await call(emulator, "POST", INTENTS, { body: PAY });
    const ids = emulator.paymentIntents().map(({ id }) => id);
    const list = async (query: string) => {
      const { body } = await call(emulator, "GET", `${INTENTS}?${query}`);
      return [body.data.map(({ id }: { id: string }) => ids.indexOf(id)), body.has_more];
    };
    expect(await list("limit=2")).toEqual([[3, 2], true]);
    expect(await list(`limit=2&starting_after=${ids[2]}`)).toEqual([[1, 0], false]);
    expect(await list(`customer=${customer.id}&created[gte]=1700000010`)).toEqual([[2, 1], false]);
    expect((await call(emulator, "GET", `${INTENTS}?limit=101`)).status).toBe(400);
  });

  it("tells what happened, with each object as it was", async () => {
    const emulator = await start();
    await call(emulator, "POST", INTENTS, { body: PAY, key: "k" });
    const types = emulator.events.map(({ type }) => type);
    expect(types).toEqual(["payment_intent.created", "payment_intent.succeeded"]);
    const [created, succeeded] = emulator.events;
    expect(created?.data.object).toMatchObject({ status: "requires_payment_method" });
    expect(succeeded?.data.object).toMatchObject({ status: "succeeded" });
    expect(succeeded?.request.idempotency_key).toBe("k");
    const { body } = await call(emulator, "GET", "/v1/events?type=payment_intent.succeeded");
    expect(body.data).toEqual([succeeded]);
    expect((await call(emulator, "GET", `/v1/events/${succeeded?.id}`)).body).toEqual(succeeded);
  });

  it("meets requests with faults in their order, by method and path", async () => {
    const emulator = await start();
    emulator.fault({ kind: "status", status: 503, path: /^\/v1\/refunds/ });
    emulator.fault({ kind: "status", status: 429, method: "POST", retryAfter: "7", times: 2 });
    expect((await call(emulator, "GET", "/v1/events")).status).toBe(200);
    const limited = await call(emulator, "POST", INTENTS, { body: PAY });
    expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "7"]);
    expect((await call(emulator, "GET", "/v1/refunds")).status).toBe(503);
    expect((await call(emulator, "POST", INTENTS, { body: PAY })).status).toBe(429);
    expect((await call(emulator, "POST", INTENTS, { body: PAY })).status).toBe(200);
    emulator.fault({ kind: "reset", when: "before" });
    await expect(call(emulator, "POST", INTENTS, { body: PAY })).rejects.toBeInstanceOf(Error);
    expect(emulator.paymentIntents()).toHaveLength(1);
    emulator.fault({ kind: "reset", when: "after" });
    await expect(call(emulator, "POST", INTENTS, { body: PAY })).rejects.toBeInstanceOf(Error);
    expect(emulator.paymentIntents()).toHaveLength(2);
    emulator.fault({ kind: "status", status: 500 });
    emulator.clearFaults();
    expect((await call(emulator, "GET", "/v1/events")).status).toBe(200);
  });

  it("says 404 for what it does not emulate, and refuses what a customer cannot do", async () => {
    const emulator = await start();
    expect((await call(emulator, "GET", "/v1/payouts")).status).toBe(404);
    expect(() => emulator.authenticate("pi_none", "succeed")).toThrow(RangeError);
    expect(() => emulator.finishRefund("re_none", "failed")).toThrow(RangeError);
  });
});
