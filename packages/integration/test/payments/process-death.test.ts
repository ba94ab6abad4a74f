import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createPaymentService } from "../../src/payments/index.ts";
import { createSqlitePaymentStore } from "../../src/payments/sqlite/index.ts";
import type { Shop } from "./set-up.ts";
import { charge, eur, HOUR_MS, later, openShop } from "./set-up.ts";

const SCRIPT = fileURLToPath(new URL("process-death.ts", import.meta.url));

/** The script has the machine's clock, which goes on while this one stands still. */
const LATER_MS = 600_000;

/** Runs the shop of the script until it is killed. */
async function runUntilKilled(shop: Shop, ...args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [SCRIPT, shop.emulator.url, shop.path ?? "", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Uint8Array) => {
    output += new TextDecoder().decode(chunk);
  });
  const signal = await new Promise<string | null>((resolve) => {
    child.once("close", (_code, name) => resolve(name));
  });
  expect(output).toBe("");
  expect(signal).toBe("SIGKILL");
}

/** What a new process finds. */
function restart(shop: Shop): Shop["payments"] {
  const store = createSqlitePaymentStore({ path: shop.path ?? "" });
  later(() => store.close());
  const clock = { now: () => shop.time.now };
  return createPaymentService({ provider: shop.provider, store, clock });
}

describe.each(["before-call", "after-call"] as const)("a process that dies %s", (moment) => {
  it("of a charge leaves one payment, once reconcile has run", async () => {
    const shop = await openShop({ store: "sqlite" });
    await runUntilKilled(shop, moment, "charge");
    const payments = restart(shop);
    expect(shop.emulator.paymentIntents()).toHaveLength(moment === "after-call" ? 1 : 0);
    shop.time.now += LATER_MS;
    expect(await payments.reconcile()).toMatchObject({
      resolved: 1,
      items: [{ kind: "payment", operationId: "order-1", status: "succeeded" }],
    });
    expect(shop.emulator.paymentIntents()).toHaveLength(1);
    expect(shop.emulator.customers()).toHaveLength(1);
    const [item] = (await payments.reconcile()).items;
    expect(item).toBeUndefined();
  });

  it("of a charge leaves one payment when its caller asks again", async () => {
    const shop = await openShop({ store: "sqlite" });
    await runUntilKilled(shop, moment, "charge");
    const result = await restart(shop).charge(charge());
    expect(result).toMatchObject({ success: true, payment: { status: "succeeded" } });
    expect(shop.emulator.paymentIntents()).toHaveLength(1);
  });

  it("of a charge is found in Stripe's records a day later, or failed", async () => {
    const shop = await openShop({ store: "sqlite" });
    await runUntilKilled(shop, moment, "charge");
    shop.emulator.forgetKeys();
    shop.time.now += 25 * HOUR_MS;
    expect(await restart(shop).reconcile()).toMatchObject({
      items: [{ status: moment === "after-call" ? "succeeded" : "failed", resolved: true }],
    });
    expect(shop.emulator.paymentIntents()).toHaveLength(moment === "after-call" ? 1 : 0);
  });

  it("of a refund leaves one refund, once reconcile has run", async () => {
    const shop = await openShop({ store: "sqlite" });
    const { payment } = await shop.payments.charge(charge());
    await runUntilKilled(shop, moment, "refund", payment?.id ?? "");
    const payments = restart(shop);
    expect(await payments.getPayment(payment?.id ?? "")).toMatchObject({
      refunded: eur(0),
      refundReserved: eur(1250),
    });
    shop.time.now += LATER_MS;
    expect(await payments.reconcile()).toMatchObject({
      items: [{ kind: "refund", operationId: "refund-1", status: "succeeded" }],
    });
    expect(shop.emulator.refunds()).toHaveLength(1);
    expect(await payments.getPayment(payment?.id ?? "")).toMatchObject({ refunded: eur(1250) });
  });
});
