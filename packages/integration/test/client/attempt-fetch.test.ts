import { Stripe } from "stripe";
import { describe, expect, test } from "vitest";
import type { AttemptFetchOptions, LogEntry, SdkFetch } from "@ventostack/integration/client";
import {
  createAttemptFetch,
  createIntegrationClient,
  createRetryFetch,
  IntegrationError,
} from "@ventostack/integration/client";
import {
  hang,
  refusedUrl,
  reset,
  respond,
  status,
  truncated,
  useFaultServer,
} from "./fault-server.ts";
import { createManualClock, makeClient, thrownBy } from "./set-up.ts";

const server = useFaultServer();

function makeFetch(options: Partial<AttemptFetchOptions> = {}) {
  const clock = createManualClock();
  const logs: LogEntry[] = [];
  const log = { sink: (entry: LogEntry) => void logs.push(entry) };
  return { clock, logs, fetch: createAttemptFetch({ name: "vendor", clock, log, ...options }) };
}

describe("an attempt fetch", () => {
  test("makes one attempt and resolves to the answer, whatever its status", async () => {
    server.answers(respond(503, { a: 1 }), respond(200, {}));
    const { fetch } = makeFetch();
    const response = await fetch(server.url("/"));
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ a: 1 });
    expect(server.count()).toBe(1);
  });

  test("takes what fetch takes: a URL, a Request, and parts of a request besides", async () => {
    const { fetch } = makeFetch();
    await fetch(new URL(server.url("/")), { method: "post", body: "one" });
    const request = new Request(server.url("/"), {
      method: "PUT",
      body: "two",
      headers: { "x-a": "1" },
    });
    await fetch(request);
    await fetch(new Request(server.url("/"), { headers: { "x-a": "1" } }), {
      headers: { "x-b": "2" },
    });
    const bodies = server.requests.map(({ body }) => new TextDecoder().decode(body));
    expect(server.requests.map(({ method }) => method)).toEqual(["POST", "PUT", "GET"]);
    expect(bodies).toEqual(["one", "two", ""]);
    expect(server.requests[1]?.headers["x-a"]).toBe("1");
    expect(server.requests[2]?.headers).toMatchObject({ "x-b": "2" });
  });

  test.each([
    "file:///etc/passwd",
    "data:text/plain,hi",
    "s3://bucket/key",
    "/relative",
    "https://u:p@vendor.test/",
  ])("does not fetch %s", async (url) => {
    const { fetch } = makeFetch();
    await expect(fetch(url)).rejects.toMatchObject({ code: "CONFIG_ERROR", outcome: "not_sent" });
  });

  test.each([
    ["a lost connection", reset, "NETWORK_ERROR", "unknown"],
    ["a body that is cut off", truncated, "NETWORK_ERROR", "unknown"],
    ["a redirect", { kind: "redirect", location: "/x" } as const, "REDIRECT_BLOCKED", "rejected"],
  ])("rejects with a coded error for %s", async (_name, fault, code, outcome) => {
    server.answers(fault);
    const { fetch, logs } = makeFetch();
    const error = await thrownBy(fetch(server.url("/")));
    expect(error).toBeInstanceOf(IntegrationError);
    expect(error).toMatchObject({ code, outcome, attempts: 1, integration: "vendor" });
    expect(logs).toMatchObject([{ errorCode: code, outcome }]);
  });

  test("tells its own time-out from the caller's abort", async () => {
    server.answers(hang);
    const { fetch, clock } = makeFetch({ timeoutMs: 500 });
    const slow = thrownBy(fetch(server.url("/")));
    await server.received(1);
    await clock.advance(500);
    expect(await slow).toMatchObject({ code: "TIMEOUT" });
    const controller = new AbortController();
    const aborted = thrownBy(fetch(server.url("/"), { signal: controller.signal }));
    await server.received(2);
    controller.abort();
    expect(await aborted).toMatchObject({ code: "ABORTED" });
    expect(clock.pending()).toBe(0);
  });

  test.each([{ name: "" }, { timeoutMs: 0 }, { timeout: 5 }, { retry: false }])(
    "refuses options that cannot be (%j)",
    (options) => {
      expect(() => makeFetch(options as Partial<AttemptFetchOptions>)).toThrow(
        expect.objectContaining({ code: "CONFIG_ERROR" }),
      );
    },
  );
});

function makeRetryFetch(): { fetch: SdkFetch; attempts: () => number } {
  const clock = createManualClock();
  let attempts = 0;
  const fetch = createRetryFetch({
    name: "vendor",
    clock,
    random: () => 0.5,
    log: false,
    hooks: {
      onAttempt: () => void (attempts += 1),
      onRetry: ({ delayMs }) => void clock.advance(delayMs),
    },
  });
  return { fetch, attempts: () => attempts };
}

describe("a retrying fetch", () => {
  const keyed = { method: "POST", body: "a=1", headers: { "Idempotency-Key": "op-1" } };

  test("tries again what an attempt fetch would not, with the same body and key", async () => {
    server.answers(status(500), reset, respond(200, { ok: 1 }));
    const { fetch, attempts } = makeRetryFetch();
    expect(await (await fetch(server.url("/"), keyed)).json()).toEqual({ ok: 1 });
    expect(attempts()).toBe(3);
    expect(server.requests.map(({ headers }) => headers["idempotency-key"])).toEqual([
      "op-1",
      "op-1",
      "op-1",
    ]);
  });

  test("resolves to the last answer when there is nothing more to try", async () => {
    server.answers(respond(503, { last: true }));
    const response = await makeRetryFetch().fetch(server.url("/"), keyed);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ last: true });
  });

  test("rejects where the last answer would hide that an earlier attempt may have been executed", async () => {
    server.answers(reset, status(429, { "retry-after": "3600" }));
    await expect(makeRetryFetch().fetch(server.url("/"), keyed)).rejects.toMatchObject({
      code: "RATE_LIMITED",
      status: 429,
      outcome: "unknown",
      attempts: 2,
      retryAfterMs: 3_600_000,
    });
  });

  test("resolves to an answer that settles the earlier attempt", async () => {
    server.answers(reset, respond(402, {}));
    expect((await makeRetryFetch().fetch(server.url("/"), keyed)).status).toBe(402);
  });

  test("rejects with the last error where there is no answer", async () => {
    const { fetch } = makeRetryFetch();
    await expect(fetch(await refusedUrl(), { method: "POST" })).rejects.toMatchObject({
      code: "NETWORK_ERROR",
      outcome: "not_sent",
      attempts: 4,
    });
  });
});

function makeStripe(fetch: SdkFetch): Stripe {
  return new Stripe("sk_test_123", {
    httpClient: Stripe.createFetchHttpClient(fetch),
    host: "127.0.0.1",
    port: server.port,
    protocol: "http",
    maxNetworkRetries: 0,
    telemetry: false,
  });
}

describe("the Stripe SDK", () => {
  const path = "/v1/customers/cus_1";

  test("works on an attempt fetch", async () => {
    server.script(path, [respond(200, { id: "cus_1", object: "customer" })]);
    const { fetch, logs } = makeFetch();
    const customer = await makeStripe(fetch).customers.retrieve("cus_1");
    expect(customer.id).toBe("cus_1");
    expect(logs).toMatchObject([{ method: "GET", url: "/v1/customers/{}", status: 200 }]);
  });

  test("does not try again by itself what failed with our error, and passes it on", async () => {
    server.script(path, [reset]);
    const before = server.count();
    const { fetch } = makeFetch();
    const error = await thrownBy(makeStripe(fetch).customers.retrieve("cus_1"));
    expect(error).toBeInstanceOf(Stripe.errors.StripeConnectionError);
    expect(Reflect.get(Object(error), "detail")).toMatchObject({
      code: "NETWORK_ERROR",
      outcome: "unknown",
    });
    expect(server.count() - before).toBe(1);
  });

  test("gets our retries from a client's fetch, with its key on each attempt", async () => {
    server.script("/v1/payment_intents", [
      status(503),
      reset,
      respond(200, { id: "pi_1", object: "payment_intent" }),
    ]);
    const { client, retries } = makeClient(server.url());
    const intent = await makeStripe(client.fetch).paymentIntents.create(
      { amount: 100, currency: "eur" },
      { idempotencyKey: "op-9" },
    );
    expect(intent.id).toBe("pi_1");
    expect(retries).toHaveLength(2);
    expect(server.requests.map(({ headers }) => headers["idempotency-key"])).toEqual([
      "op-9",
      "op-9",
      "op-9",
    ]);
  });

  test("sees a decline as its own error", async () => {
    server.script("/v1/payment_intents", [
      respond(402, { error: { type: "card_error", code: "card_declined", message: "no" } }),
    ]);
    const { client } = makeClient(server.url());
    await expect(
      makeStripe(client.fetch).paymentIntents.create({ amount: 1, currency: "eur" }),
    ).rejects.toMatchObject({ type: "StripeCardError", code: "card_declined" });
  });
});

test("the platform's own fetch is looked up for each call", async () => {
  const real = globalThis.fetch;
  const client = createIntegrationClient({ name: "v", baseUrl: server.url(), log: false });
  let calls = 0;
  const counting: typeof globalThis.fetch = Object.assign(
    (...args: Parameters<typeof real>) => {
      calls += 1;
      return real(...args);
    },
    { preconnect: real.preconnect },
  );
  globalThis.fetch = counting;
  try {
    await client.get("/");
  } finally {
    globalThis.fetch = real;
  }
  expect(calls).toBe(1);
});
