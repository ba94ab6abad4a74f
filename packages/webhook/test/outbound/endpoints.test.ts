import { describe, expect, it } from "vitest";
import { answer } from "./scripted-transport.ts";
import { SECRET, setUp, URL_A } from "./set-up.ts";

const DAY = 86_400_000;

describe("an endpoint that keeps failing", () => {
  it("is disabled after five days and ten failures, and everybody hears of it", async () => {
    const told: string[] = [];
    const { outbound, clock } = setUp(
      { [URL_A]: [answer(500)] },
      {
        retrySchedule: Array.from({ length: 20 }, () => DAY),
        retention: { maxAgeMs: 30 * DAY },
        hooks: {
          onEndpointFailing: ({ endpoint }) => told.push(endpoint.status),
          onEndpointDisabled: ({ endpoint }) => told.push(`${endpoint.status}: ${endpoint.reason}`),
        },
      },
    );
    const id = outbound.subscribe({ url: URL_A, secret: SECRET });
    for (let event = 0; event < 3; event += 1) await outbound.send("x", { event });
    await clock.advance(4 * DAY);
    expect(outbound.getSubscription(id)?.endpoint).toMatchObject({
      status: "failing",
      failures: 15,
    });
    await clock.advance(DAY);
    expect(outbound.getSubscription(id)?.endpoint.status).toBe("disabled");
    expect(told).toEqual([
      "failing",
      expect.stringMatching(/^disabled: no success since .* attempts$/),
    ]);
    // Held, not dropped: and what comes now is recorded too.
    const [later = ""] = await outbound.send("x", { event: 4 });
    expect(outbound.getDelivery(later)).toMatchObject({ status: "pending", attempts: 0 });
    expect(outbound.stats()).toMatchObject({ held: 4, dead: 0 });
  });

  it("is disabled at once by 410, and its deliveries are held until it is enabled", async () => {
    const told: string[] = [];
    const { outbound, clock, transport } = setUp(
      { [URL_A]: [answer(410), answer(200)] },
      { hooks: { onEndpointRecovered: ({ endpoint }) => told.push(endpoint.status) } },
    );
    const id = outbound.subscribe({ url: URL_A, secret: SECRET });
    const [first = ""] = await outbound.send("x", {});
    expect(outbound.getSubscription(id)?.endpoint).toMatchObject({
      status: "disabled",
      reason: /410/ as never,
    });
    expect(outbound.getDelivery(first)?.status).toBe("failed");
    await clock.advance(DAY / 2);
    expect(transport.requests).toHaveLength(1);
    expect(outbound.enable(id)).toBe(true);
    await clock.advance(0);
    expect(outbound.getDelivery(first)?.status).toBe("sent");
    expect(told).toEqual(["ok"]);
  });

  it("forgets its failures with the first success", async () => {
    const { outbound, clock } = setUp({ [URL_A]: [answer(500), answer(500), answer(200)] });
    const id = outbound.subscribe({ url: URL_A, secret: SECRET });
    await outbound.send("x", {});
    await clock.advance(1000);
    expect(outbound.getSubscription(id)?.endpoint).toMatchObject({
      status: "failing",
      failures: 2,
    });
    await clock.advance(2000);
    expect(outbound.getSubscription(id)?.endpoint).toEqual({ status: "ok", failures: 0 });
  });
});

describe("an endpoint that is paused by hand", () => {
  it("gets what came meanwhile when it is enabled", async () => {
    const { outbound, clock, transport } = setUp();
    const id = outbound.subscribe({ url: URL_A, secret: SECRET });
    expect(outbound.pause(id)).toBe(true);
    const ids = await outbound.send("x", {});
    expect(ids).toHaveLength(1);
    await clock.advance(DAY / 2);
    expect(transport.requests).toHaveLength(0);
    expect(outbound.stats()).toMatchObject({ pending: 1, held: 1 });
    outbound.enable(id);
    await clock.advance(0);
    expect(outbound.stats()).toMatchObject({ sent: 1, held: 0 });
  });

  it("gives up what was held for longer than the retention", async () => {
    const { outbound, clock } = setUp({}, { retention: { maxAgeMs: 60_000 } });
    const id = outbound.subscribe({ url: URL_A, secret: SECRET });
    outbound.pause(id);
    const [delivery = ""] = await outbound.send("x", {});
    await clock.advance(130_000);
    expect(outbound.getDelivery(delivery)?.status ?? "dead").toBe("dead");
    expect(outbound.stats()).toMatchObject({ held: 0, pending: 0 });
  });

  it("stays paused when an attempt that was in flight succeeds or fails", async () => {
    const { outbound, clock, transport } = setUp({ [URL_A]: ["hang"] });
    const id = outbound.subscribe({ url: URL_A, secret: SECRET });
    const sent = outbound.send("x", {});
    await clock.advance(0);
    outbound.pause(id);
    transport.waiting[0]?.();
    await sent;
    expect(outbound.getSubscription(id)?.endpoint.status).toBe("paused");
  });

  it("is unknown where there is no such subscription", () => {
    const { outbound } = setUp();
    expect([outbound.pause("x"), outbound.enable("x"), outbound.unsubscribe("x")]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe("an endpoint with a rate limit", () => {
  it("gets no more than the limit, evenly refilled", async () => {
    const { outbound, clock, transport } = setUp();
    outbound.subscribe({
      url: URL_A,
      secret: SECRET,
      concurrency: 100,
      rateLimit: { limit: 10, intervalMs: 1000 },
    });
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
});

describe("an endpoint with a concurrency of 1", () => {
  it("gets its events in order, across retries", async () => {
    const { outbound, clock, transport } = setUp({
      [URL_A]: [answer(500), answer(200)],
    });
    outbound.subscribe({ url: URL_A, secret: SECRET, concurrency: 1 });
    for (let event = 1; event <= 3; event += 1) {
      await outbound.send("x", { event }, { wait: "accepted" });
    }
    await clock.advance(5000);
    const bodies = transport.requests.map((request) => new TextDecoder().decode(request.body));
    expect(bodies).toEqual(['{"event":1}', '{"event":1}', '{"event":2}', '{"event":3}']);
  });
});
