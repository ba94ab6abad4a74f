import { describe, expect, it } from "vitest";
import { charge, eur, openShop } from "./set-up.ts";

describe("a payment that is captured later", () => {
  it("authorises first and captures later, once", async () => {
    const { payments, emulator } = await openShop();
    const held = await payments.charge(charge({ capture: "manual" }));
    expect(held).toMatchObject({ success: true, payment: { status: "requires_capture" } });
    const paymentId = held.payment?.id ?? "";
    expect(await payments.refund({ paymentId, amount: "full", operationId: "r" })).toMatchObject({
      error: { code: "INVALID_STATE" },
    });
    const capture = { paymentId, amount: eur(1000), operationId: "capture-1" };
    const captured = { payment: { status: "succeeded", captured: eur(1000), money: eur(1250) } };
    expect(await payments.capture(capture)).toMatchObject(captured);
    const before = emulator.requests.length;
    expect(await payments.capture(capture)).toMatchObject(captured);
    expect(emulator.requests).toHaveLength(before);
    expect(await payments.capture({ ...capture, operationId: "capture-2" })).toMatchObject({
      error: { code: "INVALID_STATE" },
    });
  });

  it("gives up a payment that is not captured, once", async () => {
    const { payments, emulator } = await openShop();
    const held = await payments.charge(charge({ capture: "manual" }));
    const cancel = { paymentId: held.payment?.id ?? "", operationId: "cancel-1" };
    expect(await payments.cancel(cancel)).toMatchObject({ payment: { status: "canceled" } });
    expect(await payments.cancel(cancel)).toMatchObject({ payment: { status: "canceled" } });
    expect(emulator.paymentIntents()[0]?.status).toBe("canceled");
    expect(await payments.capture({ ...cancel, operationId: "x" })).toMatchObject({
      error: { code: "INVALID_STATE" },
    });
  });

  it.each(["capture", "cancel"] as const)("resolves a %s whose answer was lost", async (kind) => {
    const { payments, emulator, time } = await openShop({ store: "sqlite" });
    const held = await payments.charge(charge({ capture: "manual" }));
    const input = { paymentId: held.payment?.id ?? "", operationId: "op" };
    emulator.fault({ kind: "reset", when: "after", path: new RegExp(kind), times: 4 });
    expect(await payments[kind](input)).toMatchObject({
      error: { outcome: "unknown" },
      payment: { status: "requires_capture", open: true },
    });
    // While nobody knows, nothing else may be started.
    expect(await payments.capture({ ...input, operationId: "other" })).toMatchObject({
      error: { code: "INVALID_STATE" },
    });
    time.now += 120_000;
    const status = kind === "capture" ? "succeeded" : "canceled";
    expect(await payments.reconcile()).toMatchObject({ items: [{ status, resolved: true }] });
    expect(await payments[kind](input)).toMatchObject({ success: true, payment: { status } });
  });

  it("is no success once the payment was canceled", async () => {
    const { payments } = await openShop();
    const held = await payments.charge(charge({ capture: "manual" }));
    await payments.cancel({ paymentId: held.payment?.id ?? "", operationId: "c" });
    const canceled = {
      success: false,
      error: { code: "CANCELED" },
      payment: { status: "canceled" },
    };
    expect(await payments.charge(charge({ capture: "manual" }))).toMatchObject(canceled);
    expect(await payments.refresh(held.payment?.id ?? "")).toMatchObject(canceled);
  });

  it("is not canceled by a cancellation that came too late", async () => {
    const { payments, emulator, provider } = await openShop();
    const held = await payments.charge(charge({ capture: "manual" }));
    const cancel = { paymentId: held.payment?.id ?? "", operationId: "c" };
    emulator.fault({ kind: "reset", when: "before", path: /cancel/, times: 4 });
    await payments.cancel(cancel);
    const stripe = await provider.native();
    await stripe.paymentIntents.capture(emulator.paymentIntents()[0]?.id ?? "");
    expect(await payments.cancel(cancel)).toMatchObject({
      success: false,
      error: { code: "INVALID_STATE" },
      payment: { status: "succeeded", open: false },
    });
  });

  it("learns from a refused capture what the payment is now", async () => {
    const { payments, emulator, provider } = await openShop();
    const held = await payments.charge(charge({ capture: "manual" }));
    const stripe = await provider.native();
    await stripe.paymentIntents.cancel(emulator.paymentIntents()[0]?.id ?? "");
    const paymentId = held.payment?.id ?? "";
    expect(await payments.capture({ paymentId, operationId: "c" })).toMatchObject({
      success: false,
      error: { code: "HTTP_ERROR", vendorCode: "payment_intent_unexpected_state" },
      payment: { status: "canceled", open: false },
    });
  });
});
