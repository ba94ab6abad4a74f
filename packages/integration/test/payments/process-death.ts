/**
 * A shop whose process is killed at a moment of a charge or refund.
 * Arguments: URL of the emulator, database, moment (`before-call`, `after-call`), operation (`charge`, `refund`), payment id.
 */
import { createPaymentService, createStripePaymentProvider } from "../../src/payments/index.ts";
import { createSqlitePaymentStore } from "../../src/payments/sqlite/index.ts";

const [, , baseUrl = "", path = "", moment = "", operation = "", paymentId = ""] = process.argv;

const die = (): never => {
  process.kill(process.pid, "SIGKILL");
  // Nothing may happen until the signal has arrived.
  for (;;);
};

const provider = createStripePaymentProvider({
  apiKey: "sk_test_emulator",
  baseUrl,
  client: {
    log: false,
    async fetch(input, init) {
      const isIt =
        /\/v1\/(payment_intents|refunds)$/.test(
          input instanceof Request ? input.url : String(input),
        ) && init?.method === "POST";
      if (isIt && moment === "before-call") die();
      const response = await fetch(input, init);
      if (isIt && moment === "after-call") die();
      return response;
    },
  },
});
const payments = createPaymentService({ provider, store: createSqlitePaymentStore({ path }) });

if (operation === "charge") {
  await payments.charge({
    userId: "user-1",
    money: { amount: 1250, currency: "EUR" },
    paymentMethodId: "pm_card_visa",
    operationId: "order-1",
  });
} else {
  await payments.refund({ paymentId, amount: "full", operationId: "refund-1" });
}
console.log("survived");
