import { describe, expect, it } from "vitest";
import type { Clock } from "../../src/clock.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { createManualClock } from "../../src/testing/manual-clock.ts";
import { answer } from "./scripted-transport.ts";
import { SECRET, setUp, URL_A, URL_B } from "./set-up.ts";

const HUNG = "https://hung.example.com/";

function urlOf(n: number): string {
  return `https://healthy-${n}.example.com/`;
}

describe("a clock that is set back, and forward again", () => {
  it("holds up no retry for more than a minute", async () => {
    const manual = createManualClock();
    let offset = 0;
    const clock: Clock = { ...manual, now: () => manual.now() + offset };
    const { outbound, transport } = setUp(
      { [URL_A]: [answer(500), answer(200)], [URL_B]: [answer(500), answer(200)] },
      { clock, retryInterval: 10_000 },
    );
    outbound.subscribe({ url: URL_A, secret: SECRET, events: ["a"] });
    outbound.subscribe({ url: URL_B, secret: SECRET, events: ["b"] });
    await outbound.send("a", {});
    offset = -3_600_000;
    await outbound.send("b", {});
    await manual.advance(15_000);
    // The retry that is an hour away by this clock is what it would now wait for.
    expect(transport.requests).toHaveLength(3);
    offset = 0;
    await manual.advance(60_000);
    expect(transport.requests.map(({ url }) => url)).toEqual([URL_A, URL_B, URL_B, URL_A]);
  });
});

describe("isolation", () => {
  it("delivers to 100 healthy endpoints at once while one hangs", async () => {
    const { outbound, clock } = setUp({ [HUNG]: ["hang"] });
    const hung = outbound.subscribe({ url: HUNG, secret: SECRET });
    for (let n = 0; n < 100; n += 1) outbound.subscribe({ url: urlOf(n), secret: SECRET });
    const sending = outbound.send("order.created", {});
    await clock.advance(0);
    expect(outbound.stats()).toMatchObject({ sent: 100, pending: 1, inFlight: 1 });
    expect(outbound.listDeliveries({ status: "pending" })[0]?.subscriptionId).toBe(hung);
    outbound.destroy();
    await sending;
  });

  it("keeps slots for healthy endpoints however many hang", async () => {
    const script = Object.fromEntries(
      Array.from({ length: 300 }, (_each, n) => [`${HUNG}${n}`, ["hang" as const]]),
    );
    const { outbound, clock, transport } = setUp(script, { concurrency: 40, slowAfterMs: 250 });
    for (let n = 0; n < 300; n += 1) {
      outbound.subscribe({ url: `${HUNG}${n}`, secret: SECRET, events: ["x"] });
    }
    outbound.subscribe({ url: URL_A, secret: SECRET, events: ["y"] });
    await outbound.send("y", {});
    await outbound.send("x", {}, { wait: "accepted" });
    // Nobody knows them yet: they take the half of the slots that strangers get, and an endpoint that is known to be
    // well does not feel it.
    expect(outbound.stats().inFlight).toBe(20);
    await outbound.send("y", {});

    // They are found out one batch after the other. What hangs never holds more than eight times the slots.
    for (let round = 0; round < 20; round += 1) {
      await clock.advance(250);
      await outbound.send("y", {});
      expect(outbound.stats().inFlight).toBeLessThanOrEqual(320);
    }
    expect(outbound.stats()).toMatchObject({ sent: 22, inFlight: 300 });
    for (const release of transport.waiting.splice(0)) release();
    await clock.advance(0);
    expect(outbound.stats()).toMatchObject({ sent: 322, inFlight: 0 });

    // From now on a quarter of the slots is all that they get.
    await outbound.send("x", {}, { wait: "accepted" });
    await clock.advance(1000);
    expect(outbound.stats().inFlight).toBe(10);
    await outbound.send("y", {});
    expect(outbound.stats()).toMatchObject({ sent: 323 });
    outbound.destroy();
  });

  it("tries a failing endpoint with one attempt at a time, and opens up again when it recovers", async () => {
    const { outbound, clock, transport } = setUp(
      { [URL_A]: [answer(500), answer(500), answer(500), "hang"] },
      { retryInterval: 10, maxRetryInterval: 10 },
    );
    outbound.subscribe({ url: URL_A, secret: SECRET });
    for (let n = 0; n < 20; n += 1) await outbound.send("x", { n }, { wait: "accepted" });
    await clock.advance(1000);
    expect(transport.requests).toHaveLength(4);
    transport.waiting.shift()?.();
    await clock.advance(0);
    expect(transport.waiting).toHaveLength(4);
    outbound.destroy();
  });

  it("takes turns between endpoints that have due work", async () => {
    const { outbound, clock, transport } = setUp({}, { concurrency: 2, concurrencyPerEndpoint: 1 });
    const a = outbound.subscribe({ url: URL_A, secret: SECRET });
    const b = outbound.subscribe({ url: URL_B, secret: SECRET });
    outbound.pause(a);
    outbound.pause(b);
    for (let n = 0; n < 5; n += 1) await outbound.send("x", { n });
    outbound.enable(a);
    outbound.enable(b);
    await clock.advance(0);
    const order = transport.requests.map((request) => request.url);
    const firstOfB = order.indexOf(URL_B);
    expect(order).toHaveLength(10);
    expect(firstOfB).toBeLessThan(5);
  });
});

describe("waiting", () => {
  it("resolves once accepted, when asked to", async () => {
    const { outbound } = setUp({ [URL_A]: ["hang"] });
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const ids = await outbound.send("x", {}, { wait: "accepted" });
    expect(outbound.getDelivery(ids[0] ?? "")?.status).toBe("pending");
    outbound.destroy();
  });

  it("drains what is in flight and due, not what is due later", async () => {
    const { outbound, clock, transport } = setUp({ [URL_A]: ["hang"], [URL_B]: [answer(500)] });
    outbound.subscribe({ url: URL_A, secret: SECRET });
    outbound.subscribe({ url: URL_B, secret: SECRET });
    await outbound.send("x", {}, { wait: "accepted" });
    let drained: boolean | undefined;
    void outbound.drain().then((value) => (drained = value));
    await clock.advance(100);
    expect(drained).toBeUndefined();
    transport.waiting[0]?.();
    await clock.advance(0);
    expect(drained).toBe(true);
    expect(outbound.stats()).toMatchObject({ sent: 1, failed: 1, inFlight: 0 });
  });

  it("stops draining when the time is up, and says so", async () => {
    const { outbound, clock } = setUp({ [URL_A]: ["hang"] });
    outbound.subscribe({ url: URL_A, secret: SECRET });
    await outbound.send("x", {}, { wait: "accepted" });
    const draining = outbound.drain({ timeoutMs: 500 });
    await clock.advance(500);
    expect(await draining).toBe(false);
    outbound.destroy();
  });

  it("lets nobody wait for an endpoint that is held, removed or told to be quiet meanwhile", async () => {
    const { outbound, clock, transport } = setUp(
      { [URL_A]: ["hang"], [URL_B]: [answer(429, { "retry-after": "3000" })] },
      { concurrencyPerEndpoint: 1 },
    );
    const a = outbound.subscribe({ url: URL_A, secret: SECRET, events: ["a"] });
    outbound.subscribe({ url: URL_B, secret: SECRET, events: ["b"] });
    void outbound.send("a", { n: 1 });
    const second = outbound.send("a", { n: 2 });
    await clock.advance(0);
    outbound.pause(a);
    expect(await second).toHaveLength(1);

    outbound.enable(a);
    const third = outbound.send("a", { n: 3 });
    await clock.advance(0);
    outbound.unsubscribe(a);
    expect(await third).toHaveLength(1);

    const both = await Promise.all([outbound.send("b", { n: 1 }), outbound.send("b", { n: 2 })]);
    expect(both.flat()).toHaveLength(2);
    expect(transport.requests.filter(({ url }) => url === URL_B)).toHaveLength(1);
    outbound.destroy();
  });

  it("lets nobody wait for ever when it is destroyed", async () => {
    const { outbound, clock } = setUp({ [URL_A]: ["hang"] });
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const sending = outbound.send("x", {});
    await clock.advance(0);
    outbound.destroy();
    expect(await sending).toHaveLength(1);
    expect(clock.pending()).toBe(0);
  });

  it("gives back what is in flight when it is closed, without using up an attempt", async () => {
    const { outbound, clock } = setUp({ [URL_A]: ["hang"] });
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const [id = ""] = await outbound.send("x", {}, { wait: "accepted" });
    const closing = outbound.close({ timeoutMs: 1000 });
    await clock.advance(1000);
    await closing;
    expect(outbound.getDelivery(id)).toMatchObject({ status: "pending", attempts: 0 });
    expect(clock.pending()).toBe(0);
  });
});

describe("a store that fails", () => {
  it("is asked again, and no attempt is made twice because its record was lost", async () => {
    const store = createMemoryStore();
    const errors: unknown[] = [];
    let failures = 3;
    const flaky = {
      ...store,
      settle: (settlements: Parameters<typeof store.settle>[0]) => {
        if (failures > 0) {
          failures -= 1;
          throw new Error("the database is locked");
        }
        return store.settle(settlements);
      },
    };
    const { outbound, clock, transport } = setUp(
      {},
      { store: flaky, hooks: { onError: ({ error }) => errors.push(error) } },
    );
    outbound.subscribe({ url: URL_A, secret: SECRET });
    await outbound.send("x", {}, { wait: "accepted" });
    await clock.advance(5000);
    expect(errors).toHaveLength(3);
    expect(transport.requests).toHaveLength(1);
    expect(outbound.stats()).toMatchObject({ sent: 1, inFlight: 0 });
  });

  it("does not stop the worker when a claim fails", async () => {
    const store = createMemoryStore();
    let failures = 2;
    const flaky = {
      ...store,
      claim: (request: Parameters<typeof store.claim>[0]) => {
        if (failures > 0) {
          failures -= 1;
          throw new Error("the database is locked");
        }
        return store.claim(request);
      },
    };
    const { outbound, clock } = setUp({}, { store: flaky });
    outbound.subscribe({ url: URL_A, secret: SECRET });
    await outbound.send("x", {}, { wait: "accepted" });
    await clock.advance(1000);
    expect(outbound.stats()).toMatchObject({ sent: 1 });
  });
});

describe("retention", () => {
  it("keeps a long-running process from growing", async () => {
    const { outbound } = setUp({}, { retention: { maxDeliveries: 100 } });
    outbound.subscribe({ url: URL_A, secret: SECRET });
    for (let n = 0; n < 2000; n += 1) await outbound.send("x", { n });
    expect(outbound.stats().sent).toBeLessThanOrEqual(100 + 256);
  });

  it("never removes unfinished work", async () => {
    const { outbound } = setUp(
      { [URL_A]: [answer(500)] },
      { retention: { maxDeliveries: 0, maxAgeMs: 0 }, concurrency: 1000 },
    );
    outbound.subscribe({ url: URL_A, secret: SECRET, concurrency: 1000 });
    for (let n = 0; n < 600; n += 1) await outbound.send("x", { n });
    expect(outbound.stats()).toMatchObject({ failed: 600 });
  });
});
