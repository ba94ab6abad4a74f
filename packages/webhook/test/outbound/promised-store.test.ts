import { describe, expect, it } from "vitest";
import { createOutboundWebhookManager } from "../../src/index.ts";
import type { DeliveryStore } from "../../src/index.ts";
import { createManualClock } from "../../src/testing/manual-clock.ts";
import { createPromisedStore } from "./promised-store.ts";
import { answer, createScriptedTransport } from "./scripted-transport.ts";
import { SECRET, URL_A, URL_B } from "./set-up.ts";

type Script = Parameters<typeof createScriptedTransport>[0];

function setUp(script: Script = {}, store: DeliveryStore<"async"> = createPromisedStore()) {
  const clock = createManualClock();
  const transport = createScriptedTransport(script);
  const outbound = createOutboundWebhookManager({ clock, transport, store, random: () => 1 });
  return { outbound, clock, transport };
}

describe("over a store that promises", () => {
  it("an event is delivered, and the reads are promises", async () => {
    const { outbound, transport } = setUp();
    const id = await outbound.subscribe({ url: URL_A, secret: SECRET, events: ["x"] });
    const [delivery = ""] = await outbound.send("x", { a: 1 });
    expect(transport.requests).toHaveLength(1);
    expect(await outbound.getDelivery(delivery)).toMatchObject({ status: "sent", attempts: 1 });
    expect(await outbound.listAttempts(delivery)).toHaveLength(1);
    expect(await outbound.listDeliveries()).toHaveLength(1);
    expect(await outbound.stats()).toMatchObject({ sent: 1, pending: 0, inFlight: 0 });
    expect(await outbound.getSubscription(id)).toMatchObject({ url: URL_A });
    expect(await outbound.listSubscriptions()).toHaveLength(1);
  });

  it("a failed attempt is made again when its time has come", async () => {
    const { outbound, clock, transport } = setUp({
      [URL_A]: [answer(500), answer(503), answer(200)],
    });
    await outbound.subscribe({ url: URL_A, secret: SECRET });
    const [id = ""] = await outbound.send("x", {});
    expect(await outbound.getDelivery(id)).toMatchObject({ status: "failed" });
    await clock.advance(60_000);
    expect(transport.requests).toHaveLength(3);
    expect(await outbound.getDelivery(id)).toMatchObject({ status: "sent", attempts: 3 });
  });

  it("a subscription's own rate limit holds", async () => {
    const { outbound, clock, transport } = setUp();
    const rateLimit = { limit: 10, intervalMs: 1000 };
    await outbound.subscribe({ url: URL_A, secret: SECRET, concurrency: 100, rateLimit });
    for (let event = 0; event < 30; event += 1) {
      await outbound.send("x", { event }, { wait: "accepted" });
    }
    await clock.advance(0);
    expect(transport.requests).toHaveLength(10);
    await clock.advance(500);
    expect(transport.requests).toHaveLength(15);
    await clock.advance(1500);
    expect(transport.requests).toHaveLength(30);
  });

  it("a subscription's own concurrency of 1 keeps its events in order", async () => {
    const { outbound, clock, transport } = setUp({ [URL_A]: [answer(500), answer(200)] });
    await outbound.subscribe({ url: URL_A, secret: SECRET, concurrency: 1 });
    for (let event = 1; event <= 3; event += 1) {
      await outbound.send("x", { event }, { wait: "accepted" });
    }
    await clock.advance(5000);
    const bodies = transport.requests.map((request) => new TextDecoder().decode(request.body));
    expect(bodies).toEqual(['{"event":1}', '{"event":1}', '{"event":2}', '{"event":3}']);
  });

  it("a paused endpoint's deliveries are held, and go when it is enabled", async () => {
    const { outbound, clock, transport } = setUp();
    const id = await outbound.subscribe({ url: URL_A, secret: SECRET });
    await outbound.subscribe({ url: URL_B, secret: SECRET });
    await outbound.pause(id);
    await outbound.send("x", {});
    expect(transport.requests.map(({ url }) => url)).toEqual([URL_B]);
    expect(await outbound.stats()).toMatchObject({ held: 1 });
    await outbound.enable(id);
    await clock.advance(0);
    expect(transport.requests.map(({ url }) => url)).toEqual([URL_B, URL_A]);
  });

  it("many events at once are each delivered once", async () => {
    const { outbound, clock, transport } = setUp();
    await outbound.subscribe({ url: URL_A, secret: SECRET });
    await outbound.subscribe({ url: URL_B, secret: SECRET });
    await Promise.all(Array.from({ length: 200 }, (_each, event) => outbound.send("x", { event })));
    await clock.advance(0);
    expect(transport.requests).toHaveLength(400);
    const ids = transport.requests.map(({ url, headers }) => `${url} ${headers["webhook-id"]}`);
    expect(new Set(ids).size).toBe(400);
    expect(await outbound.stats()).toMatchObject({ sent: 400, pending: 0 });
  });

  it("closing it waits for what is in flight", async () => {
    const { outbound, transport } = setUp();
    await outbound.subscribe({ url: URL_A, secret: SECRET });
    const sending = outbound.send("x", {}, { wait: "accepted" });
    await sending;
    await outbound.close();
    expect(transport.requests).toHaveLength(1);
  });
});
