import { createEventBus, defineEvent } from "@ventostack/events";
import type { WebhookEvent } from "@ventostack/webhook";
import { relayEvents } from "@ventostack/webhook";
import { describe, expect, it } from "vitest";

const OrderCreated = defineEvent<{ orderId: string }>("order.created");
const UserDeleted = defineEvent<{ userId: number }>("user.deleted");
const Nothing = defineEvent("nothing.happened");

describe("relayEvents", () => {
  it("sends what is published, until it is ended", async () => {
    const bus = createEventBus();
    const sent: WebhookEvent[] = [];
    const outbound = { sendEvent: async (event: WebhookEvent) => sent.push(event) };
    let ids = 0;
    const stop = relayEvents(bus, outbound, [OrderCreated, UserDeleted], {
      source: "my-shop",
      newId: () => `id-${(ids += 1)}`,
      now: () => 7,
    });
    await bus.emit(OrderCreated, { orderId: "1" });
    await bus.emit(UserDeleted, { userId: 2 });
    await bus.emit(Nothing);
    stop();
    await bus.emit(OrderCreated, { orderId: "3" });
    expect(sent).toEqual([
      {
        id: "id-1",
        type: "order.created",
        source: "my-shop",
        payload: { orderId: "1" },
        timestamp: 7,
      },
      { id: "id-2", type: "user.deleted", source: "my-shop", payload: { userId: 2 }, timestamp: 7 },
    ]);
  });

  it("lets the publisher know when an event could not be taken over", async () => {
    const bus = createEventBus();
    const outbound = { sendEvent: () => Promise.reject(new Error("the disk is full")) };
    relayEvents(bus, outbound, [OrderCreated], { source: "my-shop" });
    await expect(bus.emit(OrderCreated, { orderId: "1" })).rejects.toThrow(AggregateError);
  });
});
