/** Events of an application's bus become webhooks of its customers: one line wires them. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createEventBus, defineEvent } from "@ventostack/events";
import { createOutboundWebhookManager, generateSecret, relayEvents } from "@ventostack/webhook";
import { expect, run } from "../support/expect.ts";

const OrderCreated = defineEvent<{ orderId: string; total: string }>("order.created");
const OrderShipped = defineEvent<{ orderId: string }>("order.shipped");

await run(async () => {
  const received: string[] = [];
  const customer = createServer((request, response) => {
    received.push(String(request.headers["webhook-event"]));
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => {
    customer.listen(0, "127.0.0.1", resolve);
  });
  const { port } = customer.address() as AddressInfo;

  const outbound = createOutboundWebhookManager({
    network: { allow: ["127.0.0.1"] },
    body: "event",
  });
  outbound.subscribe({
    url: `http://127.0.0.1:${port}/`,
    secret: generateSecret(),
    events: ["order.shipped"],
  });

  const bus = createEventBus();
  relayEvents(bus, outbound, [OrderCreated, OrderShipped], { source: "my-shop" });

  await bus.emit(OrderCreated, { orderId: "1", total: "49.90" });
  await bus.emit(OrderShipped, { orderId: "1" });
  console.log("the customer received", received);
  expect(received.join() === "order.shipped", "only what was subscribed arrives");

  await outbound.close();
  customer.closeAllConnections();
  customer.close();
});
