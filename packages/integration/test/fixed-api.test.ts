import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createEventBus, defineEvent } from "@ventostack/events";
import type { WebhookEvent } from "@ventostack/webhook";
import {
  createGenericHmacVerifier,
  createInboundVerifier,
  createOutboundWebhookManager,
} from "@ventostack/webhook";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** The lines of the public API that are fixed, as they stand, over a real socket. */
describe("the fixed API", () => {
  const bodies: { body: string; headers: Record<string, unknown> }[] = [];
  let answers: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    request.on("end", () => {
      bodies.push({ body: Buffer.concat(chunks).toString(), headers: request.headers });
      response.writeHead(answers.shift() ?? 200).end();
    });
  });
  let url = "";

  beforeAll(async () => {
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it("sends, reads back and retries", async () => {
    const secret = "my-secret";
    const outbound = createOutboundWebhookManager({
      maxRetries: 5,
      retryInterval: 1000,
      maxRetryInterval: 60000,
      deliveryTimeout: 10000,
      signatureAlgorithm: "sha256",
      signatureHeader: "X-Webhook-Signature",
      network: { allow: ["127.0.0.1"] },
    });
    const subId = outbound.subscribe({
      url,
      secret,
      events: ["order.created"],
      active: true,
      headers: { Authorization: "Bearer token" },
    });
    expect(outbound.getSubscription(subId)).toMatchObject({ id: subId, active: true });
    expect(outbound.listSubscriptions({ event: "order.created", active: true })).toHaveLength(1);

    answers = [200, 503, 200];
    const deliveryIds = await outbound.send("order.created", { orderId: "123" });
    expect(deliveryIds).toHaveLength(1);
    await outbound.sendEvent({
      id: crypto.randomUUID(),
      type: "order.created",
      source: "my-app",
      payload: { orderId: "123" },
      timestamp: Date.now(),
    });
    const [deliveryId = ""] = deliveryIds;
    expect(outbound.getDelivery(deliveryId)).toMatchObject({ status: "sent", maxAttempts: 6 });
    expect(outbound.listDeliveries({ status: "failed" })).toHaveLength(1);
    expect(outbound.listDeliveries({ event: "order.created" })).toHaveLength(2);
    expect(await outbound.retry()).toBe(1);
    expect(outbound.stats()).toMatchObject({
      subscriptions: 1,
      pending: 0,
      sent: 2,
      failed: 0,
      dead: 0,
    });

    const [first] = bodies;
    expect(first?.headers["authorization"]).toBe("Bearer token");
    expect(first?.headers["x-webhook-signature"]).toBe(
      `sha256=${outbound.sign({ orderId: "123" }, secret)}`,
    );

    const verifier = createInboundVerifier({
      provider: createGenericHmacVerifier("sha256", "x-webhook-signature"),
      config: { secret: "my-secret" },
    });
    const event = await verifier.verifyAndConvert(
      first?.body ?? "",
      first?.headers as Record<string, string>,
    );
    expect(event).toMatchObject({ type: "webhook.received", payload: { orderId: "123" } });

    expect(outbound.unsubscribe(subId)).toBe(true);
    await outbound.close();
  });

  it("retries by itself over a real socket", async () => {
    const delivered = Promise.withResolvers<number>();
    const outbound = createOutboundWebhookManager({
      retryInterval: 20,
      network: { allow: ["127.0.0.0/8"] },
      hooks: { onDelivered: ({ attempt }) => delivered.resolve(attempt.number) },
    });
    outbound.subscribe({ url, secret: "my-secret" });
    answers = [500, 502, 204];
    await outbound.send("order.created", { orderId: "124" });
    expect(await delivered.promise).toBe(3);
    await outbound.close();
  });

  it("is fed by the bus", async () => {
    await using outbound = createOutboundWebhookManager({ network: { allow: ["127.0.0.1"] } });
    outbound.subscribe({ url, secret: "my-secret" });
    const bus = createEventBus();
    const OrderCreated = defineEvent<{ orderId: string }>("order.created");
    bus.on(OrderCreated, async (payload) => {
      const event: WebhookEvent = {
        id: crypto.randomUUID(),
        type: OrderCreated.name,
        source: "my-app",
        payload,
        timestamp: Date.now(),
      };
      await outbound.sendEvent(event);
    });
    await bus.emit(OrderCreated, { orderId: "125" });
    expect(bodies.at(-1)?.body).toBe('{"orderId":"125"}');
  });
});
