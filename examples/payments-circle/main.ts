/**
 * The whole circle of a payment, against an emulated Stripe: a charge goes out, its signed webhook comes in and is
 * verified, the store learns what became of it, and a partner is told with a webhook of our own.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createStripeVerifier } from "@ventostack/integration";
import {
  createMemoryPaymentStore,
  createPaymentService,
  createStripePaymentProvider,
  formatMoney,
  parseMoney,
} from "@ventostack/integration/payments";
import { createStripeEmulator } from "@ventostack/integration/testing";
import {
  createInboundVerifier,
  createMemoryReplayGuard,
  createOutboundWebhookManager,
  createStandardWebhooksVerifier,
  createWebhookHandler,
  generateSecret,
  toNodeHandler,
} from "@ventostack/webhook";
import type { WebhookEvent, WebhookHandler } from "@ventostack/webhook";
import { expect, run } from "../support/expect.ts";

async function serve(handler: WebhookHandler): Promise<{ url: string; stop(): void }> {
  const answer = toNodeHandler(handler);
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

await run(async () => {
  const stripe = await createStripeEmulator();

  // The partner, who is told of every payment.
  const partnerSecret = generateSecret();
  const told: WebhookEvent[] = [];
  const partner = await serve(
    createWebhookHandler({
      verifier: createInboundVerifier({
        provider: createStandardWebhooksVerifier(),
        config: { secret: partnerSecret },
      }),
      onEvent: (event) => {
        told.push(event);
        console.log("partner: ", event.type, event.payload);
      },
    }),
  );

  // Our side: payments, the webhooks about them, and the webhooks that we send.
  const payments = createPaymentService({
    provider: createStripePaymentProvider({
      apiKey: stripe.apiKey,
      baseUrl: stripe.url,
      mode: "sandbox",
    }),
    store: createMemoryPaymentStore(),
  });
  const outbound = createOutboundWebhookManager({
    body: "event",
    network: { allow: ["127.0.0.1"] },
  });
  outbound.subscribe({ url: partner.url, secret: partnerSecret, events: ["payment.*"] });

  const webhooks = await serve(
    createWebhookHandler({
      verifier: createInboundVerifier({
        provider: createStripeVerifier(),
        config: { secret: stripe.webhookSecret },
      }),
      replayGuard: createMemoryReplayGuard(),
      onEvent: async (event) => {
        const outcome = await payments.handleWebhook(event);
        console.log("webhook: ", event.type, outcome.status);
        const payment =
          outcome.paymentId === undefined
            ? undefined
            : await payments.getPayment(outcome.paymentId);
        if (payment?.status !== "succeeded") return;
        await outbound.sendEvent({
          // The same payment is announced once, however many webhooks say that it has succeeded.
          id: `payment-succeeded-${payment.id}`,
          type: "payment.succeeded",
          source: "my-shop",
          payload: { paymentId: payment.id, amount: formatMoney(payment.money) },
          timestamp: event.timestamp,
        });
      },
    }),
  );

  const charged = await payments.charge({
    userId: "user-1",
    money: parseMoney("49.90", "eur"),
    paymentMethodId: "pm_card_visa",
    operationId: "order-1",
  });
  console.log("charge:  ", charged.success ? charged.payment.status : charged.error.code);
  expect(charged.success, "the charge goes through");

  // Pressed twice: the operation is the same, and so is the payment.
  await payments.charge({
    userId: "user-1",
    money: parseMoney("49.90", "eur"),
    paymentMethodId: "pm_card_visa",
    operationId: "order-1",
  });
  expect(stripe.paymentIntents().length === 1, "the customer has paid once");

  const declined = await payments.charge({
    userId: "user-2",
    money: parseMoney("10.00", "eur"),
    paymentMethodId: "pm_card_visa_chargeDeclined",
    operationId: "order-2",
  });
  console.log("declined:", declined.success ? "no" : declined.error.code);
  expect(!declined.success, "a declined card is a result, not an exception");

  // Stripe sends its webhooks, each of them twice and in the wrong order.
  const statuses = await stripe.deliver(webhooks.url, { copies: 2, reversed: true });
  expect(
    statuses.every((status) => status >= 200 && status < 300),
    "every webhook is taken over",
  );
  await outbound.drain({ timeoutMs: 5000 });
  expect(told.length === 1 && told[0]?.type === "payment.succeeded", "the partner is told once");

  await outbound.close();
  webhooks.stop();
  partner.stop();
  await stripe.close();
});
