import { describe, expect, test } from "vitest";
import { createThrottle } from "@ventostack/integration/client";
import { hang, respond, useFaultServer } from "./fault-server.ts";
import { errorOf, makeClient } from "./set-up.ts";

const server = useFaultServer();

describe("a throttle", () => {
  test("keeps to its concurrency and takes the waiting in turn", async () => {
    const throttle = createThrottle({ concurrency: 2 });
    const started: number[] = [];
    const ends: (() => void)[] = [];
    const tasks = [1, 2, 3, 4].map((task) =>
      throttle.run(async () => {
        started.push(task);
        await new Promise<void>((resolve) => ends.push(resolve));
      }),
    );
    await expect.poll(() => started).toEqual([1, 2]);
    expect(throttle.queued()).toBe(2);
    ends[0]?.();
    await tasks[0];
    await expect.poll(() => started).toEqual([1, 2, 3]);
    ends[1]?.();
    ends[2]?.();
    await expect.poll(() => ends.length).toBe(4);
    ends[3]?.();
    await Promise.all(tasks);
  });

  test("starts no more than its limit in any interval", async () => {
    const throttle = createThrottle({ limit: 2, intervalMs: 60 });
    const startedAt: number[] = [];
    const run = () => throttle.run(async () => void startedAt.push(performance.now()));
    const first = run();
    // The queue has the machine's clock: shortly before the end of a fixed window, in which one more would fit.
    await new Promise((resolve) => setTimeout(resolve, 45));
    await Promise.all([first, run(), run(), run(), run()]);
    const gaps = startedAt.slice(2).map((at, index) => at - (startedAt[index] ?? 0));
    // A timer may fire a fraction of a millisecond early.
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(58);
  });

  test("lets go of a task that waits when its signal is aborted, and holds the slot of one that runs", async () => {
    const throttle = createThrottle({ concurrency: 1 });
    const controller = new AbortController();
    const held = Promise.withResolvers<void>();
    const running = throttle.run(() => held.promise, controller.signal);
    const waiting = throttle.run(async () => "ran", controller.signal);
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    let third = false;
    const last = throttle.run(async () => {
      third = true;
    });
    await Promise.resolve();
    expect(third).toBe(false);
    held.resolve();
    await Promise.all([running, last]);
    expect(third).toBe(true);
  });
});

describe("a client with a throttle", () => {
  test("queues attempts, which counts towards the deadline of the call and not of the attempt", async () => {
    server.answers(hang);
    const { client, clock } = makeClient(server.url(), {
      throttle: { concurrency: 1 },
      retry: false,
      timeouts: { attemptMs: 30_000, totalMs: 40_000 },
    });
    const first = client.get("/");
    await server.received(1);
    const second = client.get("/");
    await expect.poll(() => client.status().queued).toBe(1);
    expect(client.status().inFlight).toBe(2);
    await clock.advance(30_000);
    expect(errorOf(await first).code).toBe("TIMEOUT");
    await server.received(2);
    await clock.advance(10_000);
    expect(errorOf(await second)).toMatchObject({ code: "TIMEOUT", outcome: "unknown" });
  });

  test("sends nothing for a call whose time is up, or that is aborted, while it waits", async () => {
    server.answers(hang);
    const { client, clock } = makeClient(server.url(), {
      throttle: { concurrency: 1 },
      retry: false,
      timeouts: { attemptMs: 30_000, totalMs: 30_000 },
    });
    const first = client.get("/", { timeouts: { totalMs: 60_000, attemptMs: 60_000 } });
    await server.received(1);
    const controller = new AbortController();
    const second = client.post("/", {});
    const third = client.post("/", {}, { signal: controller.signal });
    await expect.poll(() => client.status().queued).toBe(2);
    controller.abort();
    expect(errorOf(await third)).toMatchObject({
      code: "ABORTED",
      outcome: "not_sent",
      attempts: 0,
    });
    await clock.advance(30_000);
    expect(errorOf(await second)).toMatchObject({
      code: "TIMEOUT",
      outcome: "not_sent",
      attempts: 0,
    });
    await clock.advance(30_000);
    await first;
    expect(server.count()).toBe(1);
  });

  test("sends everything in the end", async () => {
    server.answers(respond(200, {}));
    const { client } = makeClient(server.url(), { throttle: { concurrency: 2 } });
    const results = await Promise.all(Array.from({ length: 20 }, () => client.get("/")));
    expect(results.every(({ success }) => success)).toBe(true);
    expect(client.status()).toMatchObject({ queued: 0, inFlight: 0 });
  });
});
