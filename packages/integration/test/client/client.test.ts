import { expect, test } from "vitest";
import type { IntegrationClientOptions, RequestOptions } from "@ventostack/integration/client";
import { createIntegrationClient, IntegrationError } from "@ventostack/integration/client";
import { hang, respond, useFaultServer } from "./fault-server.ts";
import { dataOf, errorOf, makeClient, thrownBy } from "./set-up.ts";

const server = useFaultServer();

test("calls after close, and those under way, end as aborted", async () => {
  server.answers(hang);
  const { client } = makeClient(server.url());
  const running = client.post("/", {});
  const sdk = thrownBy(client.fetch(server.url("/")));
  await server.received(2);
  expect(client.status()).toMatchObject({ inFlight: 2, closed: false });
  await client.close();
  expect(client.status()).toMatchObject({ inFlight: 0, closed: true });
  expect(await sdk).toMatchObject({ code: "ABORTED", outcome: "unknown" });
  expect(errorOf(await running)).toMatchObject({ code: "ABORTED", outcome: "unknown" });
  expect(errorOf(await client.get("/"))).toMatchObject({ code: "ABORTED", outcome: "not_sent" });
  await expect(client.fetch(server.url("/"))).rejects.toMatchObject({ outcome: "not_sent" });
  await client.close();
  expect(server.count()).toBe(2);
});

test("a client is closed at the end of its block", async () => {
  const { client } = makeClient(server.url());
  {
    await using scoped = client;
    dataOf(await scoped.get("/"));
    expect(client.status().closed).toBe(false);
  }
  expect(client.status().closed).toBe(true);
});

test("its functions can be taken out of it", async () => {
  server.answers(respond(200, { a: 1 }));
  const { get, post, close, status } = makeClient(server.url()).client;
  expect(dataOf(await get("/"))).toEqual({ a: 1 });
  expect(dataOf(await post("/"))).toEqual({ a: 1 });
  await close();
  expect(status().closed).toBe(true);
});

test("every method is sent as itself, in capitals", async () => {
  const { client } = makeClient(server.url());
  await client.get("/");
  await client.post("/", {});
  await client.put("/", {});
  await client.patch("/", {});
  await client.delete("/");
  await client.request("options", "/");
  expect(server.requests.map(({ method }) => method)).toEqual([
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
  ]);
});

test("headers of the client go with every call, and a call's own replace them", async () => {
  const { client } = makeClient(server.url(), {
    headers: { "X-Version": "1", "X-Team": "billing" },
  });
  await client.get("/", { headers: { "x-version": "2" } });
  expect(server.requests[0]?.headers).toMatchObject({ "x-version": "2", "x-team": "billing" });
});

test.each([
  ["a method", ["GE T", "/", {}]],
  ["a method that fetch forbids", ["CONNECT", "/", {}]],
  ["a header", ["GET", "/", { headers: { "x-a": "line\nbreak" } }]],
  ["a header that fetch computes", ["GET", "/", { headers: { Host: "evil.test" } }]],
  ["an idempotency key", ["POST", "/", { idempotencyKey: "" }]],
  ["an option", ["GET", "/", { retires: 3 }]],
  ["the time-outs", ["GET", "/", { timeouts: { attemptMs: -1 } }]],
] as const)(
  "%s that cannot be is a CONFIG_ERROR of the call",
  async (_name, [method, path, options]) => {
    const { client } = makeClient(server.url());
    const error = errorOf(await client.request(method, path, options as RequestOptions));
    expect(error).toMatchObject({
      code: "CONFIG_ERROR",
      outcome: "not_sent",
      integration: "vendor",
    });
    expect(server.count()).toBe(0);
  },
);

test.each([
  ["the name", { name: "" }],
  ["the name", { name: "two words" }],
  ["the base URL", { baseUrl: "api.vendor.test" }],
  ["the base URL", { baseUrl: "ftp://api.vendor.test" }],
  ["the base URL", { baseUrl: "https://user:hunter2@api.vendor.test" }],
  ["the base URL", { baseUrl: "https://api.vendor.test/?key=hunter2" }],
  ["time-outs", { timeouts: { attemptMs: 0 } }],
  ["time-outs", { timeouts: { total: 1 } }],
  ["retries", { retry: { maxRetries: 21 } }],
  ["retries", { retry: { maxRetries: Number.NaN } }],
  ["retries", { retry: { statuses: [200] } }],
  ["retries", { retry: { idempotencyHeader: "a b" } }],
  ["the budget", { budget: { capacity: 0 } }],
  ["the breaker", { breaker: { failureRate: 50 } }],
  ["the breaker", { breaker: { windowSize: 5, minimumCalls: 6 } }],
  ["the breaker", { breaker: { threshold: 0.5 } }],
  ["the breaker", { breaker: true }],
  ["the budget", { budget: 500 }],
  ["the throttle", { throttle: 5 }],
  ["the quota", { quota: "pause" }],
  ["hooks", { hooks: { onRequest: () => {} } }],
  ["the throttle", { throttle: { limit: 5 } }],
  ["the throttle", { throttle: { concurrency: 0 } }],
  ["the quota", { quota: { warnAt: 10 } }],
  ["the quota", { quota: { pause: "yes" } }],
  ["the log", { log: { headers: ["Authorization"] } }],
  ["the log", { log: { headers: ["x-api-key"] } }],
  ["the log", { log: { headers: "x" } }],
  ["the log", { log: { sink: "stdout" } }],
  ["the limit of size", { maxResponseBytes: 0 }],
  ["redirects", { redirect: "follow" }],
  ["headers", { headers: { "content-length": "1" } }],
  ["fetch", { fetch: "fetch" }],
  ["the clock", { clock: {} }],
  ["random", { random: 4 }],
  ["auth", { auth: { token: "hunter2" } }],
  ["an option's name", { maxRetries: 3 }],
])("%s that cannot be is thrown at creation (%#)", (_name, options) => {
  const make = () =>
    createIntegrationClient({
      name: "vendor",
      baseUrl: "https://api.vendor.test",
      ...(options as Partial<IntegrationClientOptions>),
    });
  expect(make).toThrow(IntegrationError);
  expect(make).toThrow(
    expect.objectContaining({
      code: "CONFIG_ERROR",
      message: expect.not.stringContaining("hunter2"),
    }),
  );
});
