import { describe, expect, test } from "vitest";
import { createRetryBudget } from "@ventostack/integration/client";
import { backoffMs, requestedMs } from "../../src/client/retry-policy.ts";
import { reset, respond, status, useFaultServer } from "./fault-server.ts";
import { errorOf, makeClient } from "./set-up.ts";

const server = useFaultServer();
/** The manual clock's start, as an HTTP date: Tue, 14 Nov 2023 22:13:20 GMT. */
const START = 1_700_000_000_000;

describe.each([408, 425, 429, 500, 502, 503, 504])("status %i", (code) => {
  test("is tried again for a GET until it is no more", async () => {
    server.answers(status(code), status(code), respond(200, { ok: true }));
    const { client, retries } = makeClient(server.url());
    expect(await client.get("/")).toMatchObject({
      success: true,
      status: 200,
      data: { ok: true },
      attempts: 3,
    });
    expect(retries).toMatchObject([
      { integration: "vendor", method: "GET", retry: 1, status: code },
      { retry: 2, status: code },
    ]);
  });

  test("ends after maxRetries retries, with what the vendor said last", async () => {
    server.answers(respond(code, { error: { code: "slow_down" } }, { "request-id": "req_1" }));
    const { client } = makeClient(server.url(), { retry: { maxRetries: 2 } });
    const error = errorOf(await client.get("/"));
    expect(error).toMatchObject({
      code: code === 429 ? "RATE_LIMITED" : "HTTP_ERROR",
      status: code,
      data: { error: { code: "slow_down" } },
      vendorCode: "slow_down",
      requestId: "req_1",
      attempts: 3,
      retryable: true,
      outcome: code >= 500 ? "unknown" : "rejected",
    });
    expect(server.count()).toBe(3);
  });

  test(`${code === 429 ? "is" : "is not"} tried again for a POST without a key`, async () => {
    server.answers(status(code), respond(200, {}));
    const { client } = makeClient(server.url());
    const result = await client.post("/", {});
    expect(result.success).toBe(code === 429);
    expect(server.count()).toBe(code === 429 ? 2 : 1);
  });
});

describe.each([400, 402, 404, 409, 410, 422, 501])("status %i", (code) => {
  test("is final", async () => {
    server.answers(respond(code, { code: "nope" }));
    const { client } = makeClient(server.url());
    expect(errorOf(await client.get("/"))).toMatchObject({
      code: "HTTP_ERROR",
      status: code,
      attempts: 1,
      retryable: false,
      outcome: code === 501 ? "unknown" : "rejected",
      vendorCode: "nope",
    });
    expect(server.count()).toBe(1);
  });
});

test.each([401, 403])("status %i is an AUTH_ERROR", async (code) => {
  server.answers(status(code));
  const { client } = makeClient(server.url(), { auth: { bearer: "token" } });
  expect(errorOf(await client.get("/"))).toMatchObject({
    code: "AUTH_ERROR",
    status: code,
    outcome: "rejected",
    attempts: 1,
  });
});

describe("a POST", () => {
  test("is tried again when the caller says that a repeat is harmless", async () => {
    server.answers(status(503), respond(200, {}));
    const { client } = makeClient(server.url());
    expect(await client.post("/", {}, { idempotent: true })).toMatchObject({ attempts: 2 });
  });

  test("is tried again when it carries a key of its own header", async () => {
    server.answers(status(503), respond(200, {}));
    const { client } = makeClient(server.url(), {
      retry: { idempotencyHeader: "X-Request-Key" },
    });
    expect(await client.post("/", {}, { idempotencyKey: "op" })).toMatchObject({ attempts: 2 });
    expect(server.requests.map(({ headers }) => headers["x-request-key"])).toEqual(["op", "op"]);
  });

  test("sends the same bytes on each attempt, whatever becomes of the object", async () => {
    server.answers(status(503), respond(200, {}));
    const body = { amount: 1 };
    const { client } = makeClient(server.url(), {
      hooks: { onAttempt: () => void (body.amount = 2) },
    });
    await client.post("/", body, { idempotencyKey: "op" });
    const texts = server.requests.map((request) => new TextDecoder().decode(request.body));
    expect(texts).toEqual(['{"amount":1}', '{"amount":1}']);
  });

  test("with a stream is never tried again: it can be read only once", async () => {
    server.answers(status(503), respond(200, {}));
    const { client } = makeClient(server.url());
    const stream = new Blob(["abc"]).stream();
    const error = errorOf(await client.post("/", stream, { idempotencyKey: "op" }));
    expect(error).toMatchObject({ status: 503, attempts: 1 });
    expect(new TextDecoder().decode(server.requests[0]?.body)).toBe("abc");
  });
});

describe("whether the vendor may have acted", () => {
  test("stays unknown when a lost answer is followed by a 429", async () => {
    server.answers(reset, status(429));
    const { client } = makeClient(server.url(), { retry: { maxRetries: 1 } });
    const error = errorOf(await client.post("/", {}, { idempotencyKey: "op" }));
    expect(error).toMatchObject({ code: "RATE_LIMITED", outcome: "unknown", attempts: 2 });
  });

  test("is settled by an answer under the same idempotency key", async () => {
    server.answers(reset, respond(402, { error: { code: "card_declined" } }));
    const { client } = makeClient(server.url());
    const error = errorOf(await client.post("/", {}, { idempotencyKey: "op" }));
    expect(error).toMatchObject({ status: 402, outcome: "rejected", vendorCode: "card_declined" });
  });

  test("stays unknown when the same answer comes without a key", async () => {
    server.answers(reset, status(404));
    const { client } = makeClient(server.url());
    expect(errorOf(await client.delete("/"))).toMatchObject({ status: 404, outcome: "unknown" });
  });
});

describe("waits", () => {
  test("are full jitter of twice as much each time, up to the cap", () => {
    const policy = { baseDelayMs: 300, maxDelayMs: 1_000 };
    expect([0, 1, 2, 30].map((retry) => backoffMs(retry, policy, 1))).toEqual([
      300, 600, 1_000, 1_000,
    ]);
    expect(backoffMs(3, policy, 0)).toBe(0);
    expect(backoffMs(1, policy, 0.5)).toBe(300);
  });

  test("that the vendor asks for are kept, and up to a tenth more", () => {
    expect(requestedMs(2_000, 0)).toBe(2_000);
    expect(requestedMs(2_000, 1)).toBe(2_200);
  });

  test("of a 429 with seconds", async () => {
    server.answers(status(429, { "retry-after": "7" }), respond(200, {}));
    const { client, retries } = makeClient(server.url());
    expect(await client.post("/", {})).toMatchObject({ success: true, attempts: 2 });
    expect(Math.round(retries[0]?.delayMs ?? 0)).toBe(7_700);
  });

  test("of a 503 with a date", async () => {
    const date = new Date(START + 10_000).toUTCString();
    server.answers(status(503, { "retry-after": date }), respond(200, {}));
    const { client, retries } = makeClient(server.url());
    expect(await client.get("/")).toMatchObject({ success: true, attempts: 2 });
    expect(Math.round(retries[0]?.delayMs ?? 0)).toBe(11_000);
  });

  test.each(["soon", "-5", "1.5", "", "Tue, 99 Nov 2023 22:13:20 GMT", "2023-11-14T22:13:20Z"])(
    "of a malformed Retry-After (%j) are the computed ones",
    async (value) => {
      server.answers(status(429, { "retry-after": value }), respond(200, {}));
      const { client, retries } = makeClient(server.url());
      expect((await client.get("/")).success).toBe(true);
      expect(Math.round(retries[0]?.delayMs ?? 0)).toBe(300);
    },
  );

  test.each([
    ["seconds", "3600", 3_600_000],
    ["a date", new Date(START + 86_400_000).toUTCString(), 86_400_000],
    ["a far future", "99999999999", (2 ** 31 - 1) * 1000],
  ])("that pass the deadline end the call at once (%s)", async (_name, value, waitMs) => {
    server.answers(status(429, { "retry-after": value }));
    const { client, retries, clock } = makeClient(server.url());
    expect(errorOf(await client.get("/"))).toMatchObject({
      code: "RATE_LIMITED",
      status: 429,
      retryAfterMs: waitMs,
      outcome: "rejected",
      attempts: 1,
    });
    expect(retries).toEqual([]);
    expect(clock.now()).toBe(START);
  });

  test("of a 503 that pass the deadline are RATE_LIMITED too, and the outcome stays unknown", async () => {
    server.answers(status(503, { "retry-after": "61" }));
    const { client } = makeClient(server.url());
    expect(errorOf(await client.put("/", {}))).toMatchObject({
      code: "RATE_LIMITED",
      status: 503,
      retryAfterMs: 61_000,
      outcome: "unknown",
    });
  });

  test("that we compute and that pass the deadline end the call with its last answer", async () => {
    server.answers(status(500));
    const { client } = makeClient(server.url(), {
      timeouts: { totalMs: 1_000 },
      retry: { maxRetries: 10 },
    });
    // 300 and 600 fit, 1,200 does not.
    expect(errorOf(await client.get("/"))).toMatchObject({ code: "HTTP_ERROR", attempts: 3 });
  });
});

describe("the retry budget", () => {
  test("ends retries of all calls together, and says what the vendor said", async () => {
    server.answers(status(503));
    const { client } = makeClient(server.url(), {
      breaker: false,
      budget: { capacity: 30, cost: 14, throttlingCost: 5 },
    });
    expect(errorOf(await client.get("/"))).toMatchObject({ status: 503, attempts: 3 });
    expect(errorOf(await client.get("/"))).toMatchObject({ status: 503, attempts: 1 });
    expect(client.status().retryBudget).toBe(2);
  });

  test("is 500 by default; a retry costs 14, after a 429 it costs 5", () => {
    const budget = createRetryBudget();
    expect(budget.available()).toBe(500);
    expect(budget.take("failure")).toBe(14);
    expect(budget.take("throttling")).toBe(5);
    expect(budget.available()).toBe(481);
  });

  test("gives back the cost of the last retry when the call succeeds", async () => {
    server.answers(status(503), status(429), respond(200, {}));
    const { client } = makeClient(server.url());
    await client.get("/");
    expect(client.status().retryBudget).toBe(486);
  });

  test("grows by one with a success that needed no retry, up to its capacity", () => {
    const budget = createRetryBudget({ capacity: 14 });
    expect(budget.take("failure")).toBe(14);
    expect(budget.take("throttling")).toBeUndefined();
    for (let call = 0; call < 20; call += 1) budget.succeeded(0);
    expect(budget.available()).toBe(14);
  });

  test("can be shared and switched off", async () => {
    server.answers(status(503));
    const budget = createRetryBudget({ capacity: 14 });
    const first = makeClient(server.url(), { budget, breaker: false });
    const second = makeClient(server.url(), { budget, breaker: false });
    const third = makeClient(server.url(), { budget: false, breaker: false });
    expect(errorOf(await first.client.get("/")).attempts).toBe(2);
    expect(errorOf(await second.client.get("/")).attempts).toBe(1);
    expect(errorOf(await third.client.get("/")).attempts).toBe(4);
  });
});

test("hooks that throw change nothing", async () => {
  server.answers(status(503), respond(200, {}));
  const { client, clock } = makeClient(server.url(), {
    hooks: {
      onAttempt: () => {
        throw new Error("hook");
      },
      onRetry: ({ delayMs }) => {
        void clock.advance(delayMs);
        throw new Error("hook");
      },
    },
  });
  expect((await client.get("/")).success).toBe(true);
});
