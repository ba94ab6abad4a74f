import { describe, expect, test } from "vitest";
import { hang, respond, slowBody, useFaultServer } from "./fault-server.ts";
import { dataOf, errorOf, makeClient } from "./set-up.ts";

const server = useFaultServer();

describe("time-outs", () => {
  test("end an attempt that gets no answer, and count as one that may have been executed", async () => {
    server.answers(hang);
    const { client, clock } = makeClient(server.url(), { retry: false });
    const result = client.post("/", {});
    await server.received(1);
    await clock.advance(29_999);
    await clock.advance(1);
    expect(errorOf(await result)).toMatchObject({
      code: "TIMEOUT",
      outcome: "unknown",
      attempts: 1,
      retryable: true,
    });
  });

  test("cover the body", async () => {
    server.answers(slowBody);
    const { client, clock } = makeClient(server.url(), {
      retry: false,
      timeouts: { attemptMs: 2_000 },
      quota: { onWarn: () => void clock.advance(2_000) },
    });
    expect(errorOf(await client.get("/"))).toMatchObject({
      code: "TIMEOUT",
      status: 200,
      outcome: "unknown",
    });
  });

  test("of an attempt lead to a retry", async () => {
    server.answers(hang, respond(200, { ok: 1 }));
    const { client, clock } = makeClient(server.url(), { timeouts: { attemptMs: 500 } });
    const result = client.get("/");
    await server.received(1);
    await clock.advance(500);
    expect(await result).toMatchObject({ success: true, attempts: 2 });
  });

  test("of the whole call end the last attempt", async () => {
    server.answers(hang);
    const { client, clock } = makeClient(server.url(), {
      timeouts: { attemptMs: 600, totalMs: 1_500 },
      random: () => 0,
    });
    const result = client.get("/");
    await server.received(1);
    await clock.advance(600);
    await server.received(2);
    await clock.advance(600);
    await server.received(3);
    await clock.advance(300);
    expect(errorOf(await result)).toMatchObject({ code: "TIMEOUT", attempts: 3 });
    expect(server.count()).toBe(3);
  });

  test("can be set for one call, and bad ones are refused before anything is sent", async () => {
    server.answers(hang);
    const { client, clock } = makeClient(server.url(), { retry: false });
    const result = client.get("/", { timeouts: { attemptMs: 5 } });
    await server.received(1);
    await clock.advance(5);
    expect(errorOf(await result).code).toBe("TIMEOUT");
    const bad = errorOf(await client.get("/", { timeouts: { totalMs: 0 } }));
    expect(bad).toMatchObject({ code: "CONFIG_ERROR", outcome: "not_sent", attempts: 0 });
    expect(server.count()).toBe(1);
  });
});

describe("an abort", () => {
  test("before the call sends nothing", async () => {
    const { client } = makeClient(server.url());
    const error = errorOf(await client.post("/", {}, { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: "ABORTED", outcome: "not_sent", attempts: 0 });
    expect(server.count()).toBe(0);
  });

  test("during an attempt ends it, is not tried again, and the vendor may have acted", async () => {
    server.answers(hang);
    const { client } = makeClient(server.url());
    const controller = new AbortController();
    const result = client.get("/", { signal: controller.signal });
    await server.received(1);
    controller.abort();
    expect(errorOf(await result)).toMatchObject({
      code: "ABORTED",
      outcome: "unknown",
      attempts: 1,
      retryable: false,
    });
  });

  test("during the wait before a retry ends the call", async () => {
    server.answers(respond(429, {}));
    const controller = new AbortController();
    const { client } = makeClient(server.url(), {
      hooks: { onRetry: () => controller.abort() },
    });
    expect(errorOf(await client.post("/", {}, { signal: controller.signal }))).toMatchObject({
      code: "ABORTED",
      outcome: "rejected",
      attempts: 1,
    });
    expect(server.count()).toBe(1);
  });
});

test("a fetch that knows no signals cannot hold a call", async () => {
  const { client, clock } = makeClient("https://vendor.test", {
    retry: false,
    fetch: () => new Promise(() => {}),
  });
  const result = client.get("/");
  await clock.advance(30_000);
  expect(errorOf(await result).code).toBe("TIMEOUT");
});

test("no listener is left on the caller's signal after a call", async () => {
  server.answers(respond(503, {}), respond(200, {}));
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners.add(args[1]);
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners.delete(args[1]);
    remove(...args);
  };
  const { client } = makeClient(server.url());
  const result = client.get("/", { signal });
  expect(listeners.size).toBeGreaterThan(0);
  dataOf(await result);
  expect(listeners.size).toBe(0);
});

test("no timer is left after a call", async () => {
  server.answers(respond(503, {}), respond(200, {}));
  const { client, clock } = makeClient(server.url());
  dataOf(await client.get("/"));
  expect(clock.pending()).toBe(0);
});
