import { describe, expect, it } from "vitest";
import { stripeChargeToTransaction, stripePaymentToTransaction } from "../../src/mapping/index.ts";
import { charge, paymentIntent } from "./recorded.ts";

const payment = (changes?: Record<string, unknown>) =>
  stripePaymentToTransaction(paymentIntent(changes));
const chargeOf = (changes?: Record<string, unknown>) => stripeChargeToTransaction(charge(changes));

const yen = (amount: number) => ({ amount, currency: "JPY" });

describe("a PaymentIntent", () => {
  it("becomes a transaction", () => {
    expect(payment()).toEqual({
      success: true,
      data: {
        id: "pi_3PaymentIntent0001",
        provider: "stripe",
        kind: "payment",
        status: "succeeded",
        rawStatus: "succeeded",
        amount: { amount: 2000, currency: "USD" },
        captured: { amount: 2000, currency: "USD" },
        createdAt: 1_680_800_504_000,
        live: false,
        customerId: "cus_NffrFeUfNV2Hib",
        paymentMethodId: "pm_1PaymentMethod0001",
        chargeId: "ch_3Charge0001",
        description: "Order 42",
        metadata: { order_id: "6735" },
      },
    });
  });

  it("loses its client secret and its customer's address on the way", () => {
    expect(JSON.stringify(payment())).not.toMatch(/secret|jenny/);
  });

  it.each([
    ["requires_payment_method", "pending"],
    ["requires_confirmation", "pending"],
    ["requires_action", "requires_action"],
    ["processing", "processing"],
    ["requires_capture", "authorized"],
    ["canceled", "canceled"],
    ["succeeded", "succeeded"],
    ["requires_blessing", "unknown"],
    ["constructor", "unknown"],
  ])("that is %s is %s", (raw, status) => {
    expect(payment({ status: raw })).toMatchObject({ data: { status, rawStatus: raw } });
  });

  it("that asks for another card after a decline has failed, and says why", () => {
    const last_payment_error = {
      charge: "ch_3Charge0002",
      code: "card_declined",
      decline_code: "insufficient_funds",
      doc_url: "https://docs.stripe.com/error-codes/card-declined",
      message: "Your card has insufficient funds.",
      payment_method: { id: "pm_1", object: "payment_method" },
      type: "card_error",
    };
    expect(payment({ status: "requires_payment_method", last_payment_error })).toMatchObject({
      data: {
        status: "failed",
        failure: {
          code: "card_declined",
          declineCode: "insufficient_funds",
          message: "Your card has insufficient funds.",
        },
      },
    });
  });

  it("that succeeded at the second try keeps the first try's error but not its status", () => {
    expect(payment({ last_payment_error: { code: "card_declined" } })).toMatchObject({
      data: { status: "succeeded", failure: { code: "card_declined" } },
    });
  });

  it("may have its references expanded", () => {
    expect(
      payment({ customer: { id: "cus_1", object: "customer" }, latest_charge: charge() }),
    ).toMatchObject({ data: { customerId: "cus_1", chargeId: "ch_3Charge0001" } });
  });

  it("ignores fields that a later version of the API adds", () => {
    expect(payment({ quantum_state: { spin: 0.5 }, payment_record: "pr_1" })).toEqual(payment());
  });

  it("has its amounts in ISO minor units, whatever the wire has", () => {
    expect(payment({ currency: "isk", amount: 500, amount_received: 0 })).toMatchObject({
      data: { amount: { amount: 5, currency: "ISK" }, captured: { amount: 0, currency: "ISK" } },
    });
    expect(payment({ currency: "mga", amount: 500, amount_received: 500 })).toMatchObject({
      data: { amount: { amount: 50_000, currency: "MGA" } },
    });
  });

  it.each(["ugx", "zzz", "__proto__"])(
    "in %s, whose digits are not certain, is refused",
    (currency) => {
      expect(payment({ currency })).toMatchObject({
        success: false,
        error: { code: "VALIDATION_ERROR", issues: [{ path: ["currency"] }] },
      });
    },
  );

  it.each<[string, Record<string, unknown>, string]>([
    ["an amount that is no integer", { amount: 20.5 }, "amount"],
    ["an amount beyond what a double holds", { amount: 2 ** 53 }, "amount"],
    ["an amount that is missing", { amount: undefined }, "amount"],
    ["a status that is no text", { status: 3 }, "status"],
    ["another kind of object", { object: "setup_intent" }, "object"],
  ])("with %s is refused", (_name, changes, field) => {
    expect(payment(changes)).toMatchObject({
      success: false,
      error: { code: "VALIDATION_ERROR", issues: [{ path: [field] }] },
    });
  });
});

describe("a Charge", () => {
  it("becomes a transaction", () => {
    expect(chargeOf()).toEqual({
      success: true,
      data: {
        id: "ch_3Charge0001",
        provider: "stripe",
        kind: "charge",
        status: "succeeded",
        rawStatus: "succeeded",
        amount: yen(1099),
        captured: yen(1099),
        refunded: yen(0),
        createdAt: 1_679_090_539_000,
        live: true,
        disputed: false,
        paymentId: "pi_3PaymentIntent0001",
        paymentMethodId: "card_1Card0001",
        metadata: {},
      },
    });
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    [
      "refunded in part",
      { amount_refunded: 99 },
      { status: "partially_refunded", refunded: yen(99) },
    ],
    [
      "refunded",
      { amount_refunded: 1099, refunded: true },
      { status: "refunded", refunded: yen(1099) },
    ],
    [
      "only held",
      { captured: false, amount_captured: 0 },
      { status: "authorized", captured: yen(0) },
    ],
    [
      "held and let go",
      { captured: false, amount_captured: 0, refunded: true, amount_refunded: 1099 },
      { status: "canceled", refunded: yen(0) },
    ],
    ["pending", { status: "pending" }, { status: "pending" }],
    ["disputed", { disputed: true }, { status: "succeeded", disputed: true }],
    ["something new", { status: "vaporised" }, { status: "unknown", rawStatus: "vaporised" }],
  ])("that is %s says so", (_name, changes, expected) => {
    expect(chargeOf(changes)).toMatchObject({ success: true, data: expected });
  });

  it("that failed says why", () => {
    expect(
      chargeOf({
        status: "failed",
        paid: false,
        captured: false,
        amount_captured: 0,
        failure_code: "card_declined",
        failure_message: "Your card was declined.",
        outcome: {
          network_status: "declined_by_network",
          reason: "do_not_honor",
          type: "issuer_declined",
        },
      }),
    ).toMatchObject({
      data: {
        status: "failed",
        failure: { code: "card_declined", declineCode: "do_not_honor" },
      },
    });
  });

  it("is not taken for a payment, nor the other way round", () => {
    expect(stripePaymentToTransaction(charge())).toMatchObject({ success: false });
    expect(stripeChargeToTransaction(paymentIntent())).toMatchObject({ success: false });
  });
});
