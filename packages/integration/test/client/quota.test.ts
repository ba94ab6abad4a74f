import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { QuotaWindow } from "@ventostack/integration/client";
import { createQuotaMonitor } from "@ventostack/integration/client";
import { readQuota } from "../../src/client/quota-headers.ts";
import { createScrubber } from "../../src/client/scrub.ts";
import { strictestOf } from "../../src/client/quota.ts";
import { respond, status, useFaultServer } from "./fault-server.ts";
import { createManualClock, errorOf, makeClient } from "./set-up.ts";

const server = useFaultServer();
const { scrub } = createScrubber();
const NOW = 1_700_000_000_000;

function read(headers: Record<string, string>, code = 200): readonly QuotaWindow[] {
  return readQuota({ status: code, headers: new Headers(headers) }, NOW, scrub);
}

describe("quota headers", () => {
  test("RateLimit and RateLimit-Policy of the current draft, several windows", () => {
    const windows = read({
      "RateLimit-Policy": '"burst";q=100;w=60, daily;q=1000;w=86400',
      RateLimit: '"burst";r=50;t=30, daily;r=7;t=5000',
    });
    expect(windows).toEqual([
      { name: "burst", limit: 100, remaining: 50, resetAt: NOW + 30_000 },
      { name: "daily", limit: 1000, remaining: 7, resetAt: NOW + 5_000_000 },
    ]);
    expect(strictestOf(windows)?.name).toBe("daily");
  });

  test("RateLimit of the older draft", () => {
    expect(read({ RateLimit: "limit=100, remaining=3, reset=50" })).toEqual([
      { name: "ratelimit", limit: 100, remaining: 3, resetAt: NOW + 50_000 },
    ]);
  });

  test("RateLimit-Limit, -Remaining and -Reset, with the policy in the limit", () => {
    expect(
      read({
        "RateLimit-Limit": "100, 100;w=60",
        "RateLimit-Remaining": "9",
        "RateLimit-Reset": "12",
      }),
    ).toEqual([{ name: "ratelimit", limit: 100, remaining: 9, resetAt: NOW + 12_000 }]);
  });

  test.each([
    ["seconds from now", "30", NOW + 30_000],
    ["seconds since the epoch", "1700000030", NOW + 30_000],
    ["milliseconds since the epoch", "1700000030000", NOW + 30_000],
    ["the largest that is seconds from now", "1000000000", NOW + 1e12],
    ["parts of a second", "0.5", NOW + 500],
  ])("X-RateLimit-Reset as %s", (_name, reset, resetAt) => {
    expect(
      read({ "X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset }),
    ).toEqual([{ name: "x-ratelimit", limit: 60, remaining: 0, resetAt }]);
  });

  test("several windows by suffix, and several in one header", () => {
    expect(
      read({
        "X-RateLimit-Limit-Minute": "10",
        "X-RateLimit-Remaining-Minute": "9",
        "X-RateLimit-Remaining-Day": "2",
        "X-Rate-Limit-Remaining": "4, 8",
        "X-Rate-Limit-Limit": "5, 100",
        "X-Rate-Limit-Reset": "1, 60",
      }).toSorted((a, b) => a.name.localeCompare(b.name)),
    ).toEqual([
      { name: "x-rate-limit#0", limit: 5, remaining: 4, resetAt: NOW + 1_000 },
      { name: "x-rate-limit#1", limit: 100, remaining: 8, resetAt: NOW + 60_000 },
      { name: "x-ratelimit-day", remaining: 2 },
      { name: "x-ratelimit-minute", limit: 10, remaining: 9 },
    ]);
  });

  test("Retry-After with a 429", () => {
    expect(read({ "Retry-After": "5" }, 429)).toEqual([
      { name: "retry-after", remaining: 0, resetAt: NOW + 5_000 },
    ]);
    expect(read({ "Retry-After": "5" }, 503)).toEqual([]);
  });

  test.each([
    { RateLimit: "r=" },
    { RateLimit: '"x";r=-1' },
    { RateLimit: '"x";r="5"' },
    { RateLimit: "(a b);r=1" },
    { RateLimit: ":AAAA:;r=notanumber" },
    { "X-RateLimit-Remaining": "many" },
    { "X-RateLimit-Remaining": "-1" },
    { "X-RateLimit-Remaining": "1e9" },
    { "X-RateLimit-Remaining": "" },
    { "X-RateLimit-Limit": "5", "X-RateLimit-Reset": "5" },
    { "Retry-After": "tomorrow" },
  ])("%j says nothing", (headers) => {
    expect(read(headers, 429)).toEqual([]);
  });

  test("whatever they hold, windows are whole, or there are none", () => {
    const names = fc.constantFrom(
      "ratelimit",
      "ratelimit-policy",
      "ratelimit-limit",
      "ratelimit-remaining",
      "ratelimit-reset",
      "x-ratelimit-limit",
      "x-ratelimit-remaining",
      "x-ratelimit-reset",
      "x-ratelimit-remaining-day",
      "x-rate-limit-remaining",
      "retry-after",
    );
    const texts = fc.oneof(
      fc.nat().map(String),
      fc.integer().map(String),
      fc.double().map(String),
      fc.stringMatching(/^[ -~]{0,40}$/),
      fc
        .array(
          fc.constantFrom(
            '"a"',
            "b",
            ";",
            "r=",
            "t=",
            "q=",
            "1",
            "0",
            ",",
            " ",
            "(",
            ")",
            "=",
            "?1",
            ":",
            "@1",
          ),
          { maxLength: 12 },
        )
        .map((list) => list.join("")),
    );
    fc.assert(
      fc.property(fc.dictionary(names, texts), fc.constantFrom(200, 429), (headers, code) => {
        for (const window of read(headers, code)) {
          expect(window.name.length).toBeGreaterThan(0);
          expect(window.name.length).toBeLessThanOrEqual(64);
          expect(window.remaining).toBeGreaterThanOrEqual(0);
          expect(Number.isFinite(window.remaining)).toBe(true);
          expect(window.limit ?? 0).toBeGreaterThanOrEqual(0);
          expect(Number.isFinite(window.resetAt ?? 0)).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("a number that was written is the number that is read", () => {
    const numbers = fc.nat({ max: 1e9 });
    fc.assert(
      fc.property(numbers, numbers, numbers, (limit, remaining, reset) => {
        const expected = [{ name: "q", limit, remaining, resetAt: NOW + reset * 1000 }];
        expect(
          read({
            RateLimit: `"q";r=${remaining};t=${reset}`,
            "RateLimit-Policy": `"q";q=${limit}`,
          }),
        ).toEqual(expected);
        expect(
          read({
            "X-RateLimit-Limit": String(limit),
            "X-RateLimit-Remaining": String(remaining),
            "X-RateLimit-Reset": String(reset),
          }),
        ).toEqual([{ ...expected[0], name: "x-ratelimit" }]);
      }),
    );
  });
});

describe("of several windows the strictest", () => {
  test("has the fewest calls left, of equals the later reset", () => {
    expect(
      strictestOf([
        { name: "a", remaining: 3, limit: 3 },
        { name: "b", remaining: 1, limit: 1000, resetAt: 5 },
        { name: "c", remaining: 1, limit: 2, resetAt: 9 },
      ])?.name,
    ).toBe("c");
    expect(
      strictestOf([
        { name: "later", remaining: 2, resetAt: 9 },
        { name: "fewer", remaining: 1, resetAt: 5 },
      ])?.name,
    ).toBe("fewer");
    expect(strictestOf([])).toBeUndefined();
  });
});

function answer(remaining: number, reset = 60, limit = 100) {
  return {
    status: 200,
    headers: new Headers({
      RateLimit: `"day";r=${remaining};t=${reset}`,
      "RateLimit-Policy": `"day";q=${limit}`,
    }),
  };
}

describe("the monitor", () => {
  test("warns once when a window falls to the threshold, and again in the next window", () => {
    const clock = createManualClock();
    const warned: number[] = [];
    const monitor = createQuotaMonitor({
      clock,
      warnAt: 0.2,
      onWarn: ({ remaining }) => void warned.push(remaining),
    });
    for (const left of [50, 21, 20, 19, 5, 0]) monitor.update(answer(left));
    expect(warned).toEqual([20]);
    clock.jump(clock.now() + 60_000);
    expect(monitor.windows()).toEqual([]);
    for (const left of [99, 10]) monitor.update(answer(left));
    expect(warned).toEqual([20, 10]);
  });

  test("does not let a listener that throws disturb it", () => {
    const monitor = createQuotaMonitor({
      onWarn: () => {
        throw new Error("listener");
      },
    });
    monitor.update(answer(0));
    expect(monitor.strictest()?.remaining).toBe(0);
  });

  test("pauses only on demand, until the reset, and at most maxPauseMs", () => {
    const clock = createManualClock();
    const never = createQuotaMonitor({ clock });
    const monitor = createQuotaMonitor({ clock, pause: true, maxPauseMs: 90_000 });
    for (const one of [never, monitor]) one.update(answer(0));
    expect(never.pausedForMs()).toBe(0);
    expect(monitor.pausedForMs()).toBe(60_000);
    monitor.update(answer(0, 31_536_000));
    expect(monitor.pausedForMs()).toBe(90_000);
    clock.jump(clock.now() + 90_000);
    expect(monitor.pausedForMs()).toBe(0);
    monitor.update(answer(1));
    expect(monitor.pausedForMs()).toBe(0);
  });

  test("forgets names beyond a bound", () => {
    const monitor = createQuotaMonitor();
    for (let name = 0; name < 500; name += 1) {
      const headers = new Headers({ RateLimit: `"w${name}";r=1;t=60` });
      monitor.update({ status: 200, headers });
    }
    expect(monitor.windows()).toHaveLength(32);
    expect(monitor.windows().at(-1)?.name).toBe("w499");
  });
});

describe("a client that pauses", () => {
  test("holds calls back until the reset, if that is soon enough", async () => {
    server.answers(respond(200, {}, { ratelimit: '"s";r=0;t=5' }), respond(200, { second: true }));
    const { client, retries } = makeClient(server.url(), { quota: { pause: true } });
    await client.get("/");
    expect(await client.post("/", {})).toMatchObject({
      success: true,
      data: { second: true },
      attempts: 1,
    });
    expect(retries).toMatchObject([{ errorCode: "QUOTA_EXHAUSTED" }]);
    expect(Math.round(retries[0]?.delayMs ?? 0)).toBe(5_500);
  });

  test("refuses calls whose deadline is nearer than the reset", async () => {
    server.answers(respond(200, {}, { ratelimit: '"s";r=0;t=500' }));
    const { client, logs } = makeClient(server.url(), { quota: { pause: true } });
    await client.get("/");
    const error = errorOf(await client.get("/"));
    expect(error).toMatchObject({
      code: "QUOTA_EXHAUSTED",
      outcome: "not_sent",
      retryAfterMs: 500_000,
      attempts: 0,
    });
    expect(server.count()).toBe(1);
    expect(client.status().quota).toMatchObject([{ name: "s", remaining: 0 }]);
    expect(logs.at(-1)).toMatchObject({ errorCode: "QUOTA_EXHAUSTED", quotaRemaining: 0 });
  });

  test("holds other calls back after a 429 with Retry-After", async () => {
    server.answers(status(429, { "retry-after": "120" }), respond(200, {}));
    const { client, clock } = makeClient(server.url(), { quota: { pause: true } });
    expect(errorOf(await client.get("/")).code).toBe("RATE_LIMITED");
    expect(errorOf(await client.get("/")).code).toBe("QUOTA_EXHAUSTED");
    await clock.advance(120_000);
    expect((await client.get("/")).success).toBe(true);
  });
});
