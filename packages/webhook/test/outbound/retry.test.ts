import { describe, expect, it } from "vitest";
import type { WebhookDelivery } from "../../src/outbound/views.ts";
import { answer, failure } from "./scripted-transport.ts";
import { SECRET, setUp, URL_A, URL_B } from "./set-up.ts";

const HOUR = 3_600_000;

describe("automatic retries", () => {
  it("fires by itself, to the millisecond", async () => {
    const { outbound, clock, transport } = setUp({ [URL_A]: [answer(500), answer(200)] });
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const [id = ""] = await outbound.send("order.created", { orderId: "123" });
    expect(outbound.getDelivery(id)).toMatchObject({ status: "failed", attempts: 1 });

    await clock.advance(999);
    expect(transport.requests).toHaveLength(1);
    await clock.advance(1);
    expect(transport.requests).toHaveLength(2);
    expect(outbound.getDelivery(id)).toMatchObject({ status: "sent", attempts: 2 });
  });

  it("doubles the delay up to the longest, and gives up after maxRetries + 1 attempts", async () => {
    const { outbound, clock, transport } = setUp(
      { [URL_A]: [answer(503)] },
      { maxRetries: 5, retryInterval: 1000, maxRetryInterval: 5000 },
    );
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const [id = ""] = await outbound.send("order.created", {});
    for (const [retry, delay] of [1000, 2000, 4000, 5000, 5000].entries()) {
      await clock.advance(delay - 1);
      expect(transport.requests).toHaveLength(retry + 1);
      await clock.advance(1);
      expect(transport.requests).toHaveLength(retry + 2);
    }
    expect(outbound.getDelivery(id)).toMatchObject({
      status: "dead",
      attempts: 6,
      maxAttempts: 6,
      lastStatus: 503,
    });
    await clock.advance(HOUR);
    expect(transport.requests).toHaveLength(6);
  });

  it("halves the delay at the lower end of the jitter", async () => {
    const { outbound, clock, transport } = setUp({ [URL_A]: [answer(500)] }, { random: () => 0 });
    outbound.subscribe({ url: URL_A, secret: SECRET });
    await outbound.send("order.created", {});
    await clock.advance(499);
    expect(transport.requests).toHaveLength(1);
    await clock.advance(1);
    expect(transport.requests).toHaveLength(2);
  });

  it("attempts once when maxRetries is 0", async () => {
    const { outbound, clock, transport } = setUp({ [URL_A]: [answer(500)] }, { maxRetries: 0 });
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const [id = ""] = await outbound.send("order.created", {});
    expect(outbound.getDelivery(id)).toMatchObject({ status: "dead", attempts: 1, maxAttempts: 1 });
    await clock.advance(HOUR);
    expect(transport.requests).toHaveLength(1);
  });

  it.each([
    ["a network error", failure("connect")],
    ["a name that does not resolve", failure("dns")],
    ["a time-out", failure("timeout")],
    ["a client error, since receivers misdeploy", answer(404)],
    ["a redirect, which is not followed", answer(302, { location: URL_B })],
  ])("retries %s", async (_name, outcome) => {
    const { outbound, clock, transport } = setUp({ [URL_A]: [outcome, answer(204)] });
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const [id = ""] = await outbound.send("order.created", {});
    expect(outbound.getDelivery(id)?.status).toBe("failed");
    await clock.advance(1000);
    expect(outbound.getDelivery(id)?.status).toBe("sent");
    expect(transport.requests.map((request) => request.url)).toEqual([URL_A, URL_A]);
  });

  it("asks retryIf, and gives up when it says no", async () => {
    const seen: unknown[] = [];
    const { outbound } = setUp(
      { [URL_A]: [answer(400)] },
      {
        retryIf: (failed) => {
          seen.push(failed);
          return failed.status !== 400;
        },
      },
    );
    const subscriptionId = outbound.subscribe({ url: URL_A, secret: SECRET });
    const [id = ""] = await outbound.send("order.created", {});
    expect(outbound.getDelivery(id)?.status).toBe("dead");
    expect(seen).toEqual([
      { status: 400, errorClass: "http", attempts: 1, event: "order.created", subscriptionId },
    ]);
  });

  it("tries again when retryIf itself is broken, and says so", async () => {
    const errors: unknown[] = [];
    const { outbound } = setUp(
      { [URL_A]: [answer(400)] },
      {
        retryIf: () => {
          throw new Error("a rule of the tests");
        },
        hooks: { onError: ({ error }) => errors.push(error) },
      },
    );
    outbound.subscribe({ url: URL_A, secret: SECRET });
    await outbound.send("order.created", {});
    expect(outbound.stats()).toMatchObject({ failed: 1, inFlight: 0 });
    expect(errors).toHaveLength(1);
  });

  it("uses up attempts when the transport itself is broken", async () => {
    const { outbound, clock } = setUp(
      {},
      {
        transport: { send: () => Promise.reject(new Error("planted")), close() {} },
        maxRetries: 1,
      },
    );
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const [id = ""] = await outbound.send("order.created", {});
    await clock.advance(1000);
    expect(outbound.getDelivery(id)).toMatchObject({ status: "dead", attempts: 2 });
    expect(JSON.stringify(outbound.listAttempts(id))).not.toContain("planted");
  });

  it("follows a schedule, and the standard one has ten attempts in about three days", async () => {
    const { outbound, clock, transport } = setUp(
      { [URL_A]: [answer(500)] },
      { retrySchedule: "standard", endpointHealth: { disableAfterMs: false } },
    );
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const [id = ""] = await outbound.send("order.created", {});
    await clock.advance(5000);
    expect(transport.requests).toHaveLength(2);
    await clock.advance(5 * 60_000);
    expect(transport.requests).toHaveLength(3);
    await clock.advance(76 * HOUR);
    expect(outbound.getDelivery(id)).toMatchObject({ status: "dead", attempts: 10 });
  });

  it("sends the same id, body and signed content on every attempt, with the time of the attempt", async () => {
    const { outbound, clock, transport } = setUp({ [URL_A]: [answer(500), answer(200)] });
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const payload = { orderId: "123" };
    await outbound.send("order.created", payload);
    payload.orderId = "changed afterwards";
    await clock.advance(1000);
    const [first, second] = transport.requests;
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(second?.body).toEqual(first?.body);
    expect(Number(second?.headers["webhook-timestamp"])).toBe(
      Number(first?.headers["webhook-timestamp"]) + 1,
    );
  });
});

describe("Retry-After", () => {
  it("is a floor for the next attempt and makes the whole endpoint wait", async () => {
    const { outbound, clock, transport } = setUp({
      [URL_A]: [answer(429, { "retry-after": "30" }), answer(200)],
    });
    outbound.subscribe({ url: URL_A, secret: SECRET });
    await outbound.send("order.created", { n: 1 });
    // Another event for the same endpoint waits without using up an attempt.
    const [second = ""] = await outbound.send("order.created", { n: 2 });
    expect(outbound.getDelivery(second)).toMatchObject({ status: "pending", attempts: 0 });
    await clock.advance(29_999);
    expect(transport.requests).toHaveLength(1);
    await clock.advance(1);
    expect(transport.requests).toHaveLength(3);
    expect(outbound.stats()).toMatchObject({ sent: 2, pending: 0, failed: 0 });
  });

  it("is clamped to maxRetryAfter", async () => {
    const { outbound, clock, transport } = setUp(
      { [URL_A]: [answer(503, { "retry-after": "999999" }), answer(200)] },
      { maxRetryAfter: 10_000 },
    );
    outbound.subscribe({ url: URL_A, secret: SECRET });
    await outbound.send("order.created", {});
    await clock.advance(9999);
    expect(transport.requests).toHaveLength(1);
    await clock.advance(1);
    expect(transport.requests).toHaveLength(2);
  });

  it.each(["-5", "1.5", "soon", ""])("is ignored when it is malformed: %j", async (value) => {
    const { outbound, clock, transport } = setUp({
      [URL_A]: [answer(429, { "retry-after": value }), answer(200)],
    });
    outbound.subscribe({ url: URL_A, secret: SECRET });
    await outbound.send("order.created", {});
    await clock.advance(1000);
    expect(transport.requests).toHaveLength(2);
  });
});

describe("retries by hand", () => {
  it("attempts all failed deliveries now and says how many were sent", async () => {
    const { outbound } = setUp({
      [URL_A]: [answer(500), answer(200)],
      [URL_B]: [answer(500), answer(500)],
    });
    outbound.subscribe({ url: URL_A, secret: SECRET });
    outbound.subscribe({ url: URL_B, secret: SECRET });
    await outbound.send("order.created", {});
    expect(outbound.stats()).toMatchObject({ failed: 2 });
    expect(await outbound.retry()).toBe(1);
    expect(outbound.stats()).toMatchObject({ failed: 1, sent: 1 });
  });

  it("revives dead letters with a full round of attempts", async () => {
    const { outbound, clock } = setUp(
      { [URL_A]: [answer(500), answer(500), answer(500), answer(200)] },
      { maxRetries: 1 },
    );
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const [id = ""] = await outbound.send("order.created", {});
    await clock.advance(1000);
    expect(outbound.getDelivery(id)).toMatchObject({ status: "dead", attempts: 2 });
    expect(await outbound.retry()).toBe(0);
    expect(await outbound.retry({ status: "dead" })).toBe(0);
    expect(outbound.getDelivery(id)).toMatchObject({
      status: "failed",
      attempts: 3,
      maxAttempts: 4,
    });
    await clock.advance(2000 * 4);
    expect(outbound.getDelivery(id)).toMatchObject({ status: "sent", attempts: 4 });
  });

  it("redelivers by id what was sent already", async () => {
    const { outbound, transport } = setUp();
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const ids = await outbound.send("order.created", {});
    expect(await outbound.retry({ ids })).toBe(1);
    expect(transport.requests).toHaveLength(2);
  });

  it("does not wait for an endpoint that is held", async () => {
    const { outbound } = setUp({ [URL_A]: [answer(500)] });
    const id = outbound.subscribe({ url: URL_A, secret: SECRET });
    await outbound.send("order.created", {});
    outbound.pause(id);
    expect(await outbound.retry()).toBe(0);
  });
});

describe("what happened", () => {
  it("is on record, attempt by attempt", async () => {
    const { outbound, clock } = setUp({
      [URL_A]: [
        failure("connect"),
        answer(503, { "retry-after": "2", "set-cookie": "x=1" }),
        answer(200),
      ],
    });
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const [id = ""] = await outbound.send("order.created", {});
    await clock.advance(10_000);
    const attempts = outbound.listAttempts(id);
    expect(attempts.map(({ number, status, errorClass }) => [number, status, errorClass])).toEqual([
      [1, undefined, "connect"],
      [2, 503, "http"],
      [3, 200, undefined],
    ]);
    expect(attempts[1]?.headers).toEqual({ "retry-after": "2" });
  });

  it("is told to hooks, and a hook that throws changes nothing", async () => {
    const told: string[] = [];
    const note = (name: string) => (moment: { delivery: WebhookDelivery }) => {
      told.push(`${name} ${moment.delivery.status} ${moment.delivery.attempts}`);
      throw new Error("a hook of the tests");
    };
    const { outbound, clock } = setUp(
      { [URL_A]: [answer(500), answer(200)], [URL_B]: [answer(400)] },
      {
        hooks: {
          onAttempt: note("attempt"),
          onFailed: note("failed"),
          onDelivered: note("delivered"),
          onDead: note("dead"),
          onEndpointFailing: () => told.push("failing"),
          onEndpointRecovered: () => Promise.reject(new Error("a late hook of the tests")),
        },
      },
    );
    outbound.subscribe({ url: URL_A, secret: SECRET });
    await outbound.send("order.created", {});
    await clock.advance(1000);
    expect(told).toEqual([
      "attempt failed 1",
      "failed failed 1",
      "failing",
      "attempt sent 2",
      "delivered sent 2",
    ]);
    expect(outbound.stats()).toMatchObject({ sent: 1 });
  });
});
