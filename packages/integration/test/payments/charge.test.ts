import { describe, expect, it } from "vitest";
import { charge, eur, INTENTS, openShop } from "./set-up.ts";

describe("charge", () => {
  it("takes the money of a good card and says so in the store", async () => {
    const { payments, emulator } = await openShop();
    const result = await payments.charge(charge());
    expect(result).toMatchObject({
      success: true,
      payment: {
        operationId: "order-1",
        userId: "user-1",
        provider: "stripe",
        status: "succeeded",
        money: eur(1250),
        captured: eur(1250),
        refunded: eur(0),
        open: false,
      },
      native: { object: "payment_intent" },
    });
    const [intent] = emulator.paymentIntents();
    expect(intent).toMatchObject({
      amount: 1250,
      currency: "eur",
      customer: emulator.customers()[0]?.id,
      metadata: {
        ventostack_payment_id: result.payment?.id,
        ventostack_operation_id: "order-1",
      },
    });
    expect(await payments.getPayment(result.payment?.id ?? "")).toEqual(result.payment);
  });

  it("sends its key, its version and no retries of the SDK's own", async () => {
    const { payments, emulator } = await openShop();
    await payments.charge(charge());
    const [customer, payment] = emulator.requests;
    expect(customer).toMatchObject({ path: "/v1/customers", idempotencyKey: "cust:user-1" });
    expect(payment).toMatchObject({ path: INTENTS, idempotencyKey: "charge:order-1" });
    expect(payment?.form).toMatchObject({
      confirm: "true",
      automatic_payment_methods: { enabled: "true", allow_redirects: "never" },
    });
    expect(payment?.headers["stripe-version"]).toMatch(/^20\d\d-/);
    expect(emulator.requests).toHaveLength(2);
  });

  it("writes the payment before it calls the provider", async () => {
    const { payments, store, provider } = await openShop();
    let seen: unknown;
    const spied = {
      ...provider,
      createPayment: async (request: Parameters<typeof provider.createPayment>[0]) => {
        seen = await store.payment({ operationId: "order-1" });
        return provider.createPayment(request);
      },
    };
    const { createPaymentService } = await import("../../src/payments/index.ts");
    await createPaymentService({ provider: spied, store }).charge(charge());
    expect(seen).toMatchObject({
      status: "pending",
      openCall: { kind: "charge", idempotencyKey: "charge:order-1" },
    });
    expect(payments).toBeDefined();
  });

  it.each([
    ["pm_card_visa_chargeDeclined", "declined", "generic_decline"],
    ["pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds", "insufficient_funds"],
    ["pm_card_visa_chargeDeclinedLostCard", "declined", "lost_card"],
    ["pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"],
    ["pm_card_chargeDeclinedIncorrectCvc", "incorrect_details", "incorrect_cvc"],
    ["pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"],
  ] as const)("gives the decline of %s as a result: %s", async (method, reason, vendorCode) => {
    const { payments, emulator } = await openShop();
    const declined = await payments.charge(charge({ paymentMethodId: method }));
    expect(declined).toMatchObject({
      success: false,
      error: {
        code: "CARD_DECLINED",
        declineReason: reason,
        vendorCode,
        outcome: "rejected",
        retryable: false,
      },
      payment: { status: "failed", open: false },
    });
    const before = emulator.requests.length;
    expect(await payments.charge(charge({ paymentMethodId: method }))).toEqual(declined);
    expect(emulator.requests).toHaveLength(before);
  });

  it("charges again after a decline as a new operation", async () => {
    const { payments } = await openShop();
    await payments.charge(charge({ paymentMethodId: "pm_card_visa_chargeDeclined" }));
    const second = await payments.charge(charge({ operationId: "order-1-again" }));
    expect(second).toMatchObject({ success: true, payment: { status: "succeeded" } });
  });

  it("hands out what the customer's browser needs for 3-D Secure, each time anew", async () => {
    const { payments, emulator, store } = await openShop();
    const input = charge({ paymentMethodId: "pm_card_threeDSecure2Required" });
    const first = await payments.charge(input);
    const intent = emulator.paymentIntents()[0];
    const asked = {
      success: true,
      payment: { status: "requires_action", captured: eur(0) },
      action: { clientSecret: intent?.client_secret },
    };
    expect(first).toMatchObject(asked);
    expect(await payments.charge(input)).toMatchObject(asked);
    expect(JSON.stringify(await store.payment({ operationId: "order-1" }))).not.toContain("secret");

    emulator.authenticate(intent?.id ?? "", "succeed");
    expect(await payments.charge(input)).toMatchObject({ payment: { status: "succeeded" } });
    expect(emulator.paymentIntents()).toHaveLength(1);
  });

  it("declines what wants authentication while the customer is away", async () => {
    const { payments } = await openShop();
    const paymentMethodId = "pm_card_authenticationRequired";
    const input = charge({ paymentMethodId, providerOptions: { off_session: true } });
    expect(await payments.charge(input)).toMatchObject({
      error: { code: "CARD_DECLINED", declineReason: "authentication_required" },
    });
  });

  it("sends each currency as Stripe takes it, and refuses what it cannot send", async () => {
    const { payments, emulator } = await openShop();
    const amounts = [
      { amount: 500, currency: "JPY" },
      { amount: 12_340, currency: "KWD" },
      { amount: 1500, currency: "ISK" },
      { amount: 70_000, currency: "MGA" },
    ];
    for (const money of amounts) {
      const result = await payments.charge(charge({ money, operationId: money.currency }));
      expect(result).toMatchObject({ success: true, payment: { money, captured: money } });
    }
    const wire = emulator.paymentIntents().map(({ amount, currency }) => `${amount} ${currency}`);
    expect(wire).toEqual(["500 jpy", "12340 kwd", "150000 isk", "700 mga"]);
    for (const money of [
      { amount: 100, currency: "UGX" },
      { amount: 12_345, currency: "KWD" },
      { amount: 0, currency: "EUR" },
      { amount: -5, currency: "EUR" },
      { amount: 0.5, currency: "EUR" },
      { amount: 100, currency: "XXX" },
    ]) {
      const refused = await payments.charge(charge({ money, operationId: `no-${money.currency}` }));
      expect(refused).toMatchObject({ error: { code: "INVALID_AMOUNT", outcome: "not_sent" } });
    }
    expect(emulator.paymentIntents()).toHaveLength(4);
  });

  it.each<[string, Partial<ReturnType<typeof charge>>]>([
    ["an empty operation id", { operationId: "" }],
    ["an operation id with a line end", { operationId: "a\r\nb" }],
    ["an operation id beyond a header's characters", { operationId: "bestellung-ü" }],
    ["an operation id that is too long", { operationId: "x".repeat(201) }],
    ["an empty user id", { userId: "" }],
    ["a user id that is half a character", { userId: "\ud800" }],
    ["no payment method", { paymentMethodId: "" }],
    ["options that are no JSON", { providerOptions: { description: 1n } as never }],
  ])("refuses %s before anything is stored or sent", async (_name, changes) => {
    const { payments, emulator } = await openShop();
    expect(await payments.charge(charge(changes))).toMatchObject({
      success: false,
      error: { code: "INVALID_ARGUMENT", outcome: "not_sent" },
    });
    expect(emulator.requests).toHaveLength(0);
  });

  it.each<[string, Partial<ReturnType<typeof charge>>]>([
    ["sum", { money: eur(1251) }],
    ["currency", { money: { amount: 1250, currency: "USD" } }],
    ["user", { userId: "user-2" }],
    ["payment method", { paymentMethodId: "pm_card_mastercard" }],
    ["capture", { capture: "manual" }],
    ["option", { providerOptions: { description: "another" } }],
  ])("refuses an operation id that was used with another %s", async (_name, changes) => {
    const { payments, emulator } = await openShop();
    await payments.charge(charge());
    expect(await payments.charge(charge(changes))).toMatchObject({
      error: { code: "OPERATION_MISMATCH", outcome: "not_sent" },
    });
    expect(emulator.paymentIntents()).toHaveLength(1);
  });

  it("passes the vendor's own parameters on, but never in place of ours", async () => {
    const { payments, emulator } = await openShop();
    const providerOptions = {
      description: "Order 1",
      statement_descriptor_suffix: "SHOP",
      metadata: { order: "1", ventostack_payment_id: "forged" },
      amount: 1,
      confirm: false,
    };
    const result = await payments.charge(charge({ providerOptions }));
    expect(emulator.paymentIntents()[0]).toMatchObject({
      amount: 1250,
      status: "succeeded",
      description: "Order 1",
      statement_descriptor_suffix: "SHOP",
      metadata: { order: "1", ventostack_payment_id: result.payment?.id },
    });
    // Another order of the same options is the same charge.
    const { amount, ...rest } = providerOptions;
    const again = await payments.charge(charge({ providerOptions: { amount, ...rest } as never }));
    expect(again).toMatchObject({ success: true });
  });

  it("knows a payment that takes its time", async () => {
    const { payments, emulator } = await openShop();
    const input = charge({ paymentMethodId: "pm_usBankAccount_success" });
    const result = await payments.charge(input);
    expect(result).toMatchObject({ success: true, payment: { status: "processing" } });
    emulator.finishProcessing(emulator.paymentIntents()[0]?.id ?? "", "succeed");
    expect(await payments.refresh(result.payment?.id ?? "")).toMatchObject({
      payment: { status: "succeeded" },
    });
  });

  it("answers for payments that are not there", async () => {
    const { payments } = await openShop();
    expect(await payments.getPayment("nothing")).toBeUndefined();
    expect(await payments.listRefunds("nothing")).toEqual([]);
    const missing = { error: { code: "NOT_FOUND", outcome: "not_sent" } };
    const input = { paymentId: "nothing", operationId: "o" };
    expect(await payments.refresh("nothing")).toMatchObject(missing);
    expect(await payments.capture(input)).toMatchObject(missing);
    expect(await payments.cancel(input)).toMatchObject(missing);
    expect(await payments.refund({ ...input, amount: "full" })).toMatchObject(missing);
  });
});
