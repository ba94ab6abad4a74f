import { describe, expect, test, vi } from "vitest";
import type { LogEntry } from "@ventostack/integration/client";
import { createRedactingLogger } from "@ventostack/integration/client";
import { createScrubber } from "../../src/client/scrub.ts";
import { respond, useFaultServer } from "./fault-server.ts";
import { createManualClock, makeClient } from "./set-up.ts";

const server = useFaultServer();
const ALLOWED = {
  headers: ["x-note", "x-trace", "user-agent"],
  query: ["q"],
  requestBody: ["note", "deep.0.note"],
  responseBody: ["note", "error.code", "error.message"],
};

describe("a log entry", () => {
  test("has the named fields of an attempt", async () => {
    server.script("/v1/customers/cus_1", [
      respond(200, { ok: 1 }, { "x-request-id": "req_1", ratelimit: '"day";r=41;t=60' }),
    ]);
    const { client, logs } = makeClient(server.url("/v1"));
    await client.get("/customers/{id}", { params: { id: "cus_1" }, query: { expand: "all" } });
    expect(JSON.parse(JSON.stringify(logs))).toEqual([
      {
        at: 1_700_000_000_000,
        level: "info",
        integration: "vendor",
        method: "GET",
        host: `127.0.0.1:${server.port}`,
        url: "/v1/customers/{id}",
        attempt: 1,
        durationMs: 0,
        outcome: "ok",
        status: 200,
        requestId: "req_1",
        circuit: "closed",
        quotaRemaining: 41,
      },
    ]);
  });

  test("of a failed attempt tells why, and whether the vendor may have acted", async () => {
    server.answers(respond(429, {}), { kind: "reset", when: "before-headers" });
    const { client, logs } = makeClient(server.url(), { retry: { maxRetries: 1 } });
    await client.post("/", {});
    expect(logs).toMatchObject([
      { level: "warn", attempt: 1, status: 429, errorCode: "RATE_LIMITED", outcome: "rejected" },
      {
        level: "warn",
        attempt: 2,
        errorCode: "NETWORK_ERROR",
        outcome: "unknown",
        reason: "ECONNRESET",
      },
    ]);
  });

  test("has what is allowed of headers, query and bodies, and nothing else of them", async () => {
    server.answers(
      respond(200, { note: "fine", other: 1, error: { code: null } }, { "x-note": "n" }),
    );
    const logs: LogEntry[] = [];
    const { client } = makeClient(server.url(), {
      log: { sink: (entry) => void logs.push(entry), ...ALLOWED },
    });
    await client.post(
      "/",
      { note: 5, secret: "s", deep: [{ note: true }] },
      { query: { q: "a", z: "b" } },
    );
    expect(logs[0]).toMatchObject({
      query: { q: "a" },
      requestBody: { note: 5, "deep.0.note": true },
      responseBody: { note: "fine", "error.code": null },
      responseHeaders: { "x-note": "n" },
    });
    expect(logs[0]?.requestHeaders?.["authorization"]).toBeUndefined();
    expect(logs[0]?.query).toEqual({ q: "a" });
  });

  test("guesses the ids of a path that has no names", async () => {
    const { client, logs } = makeClient(server.url());
    await client.fetch(server.url("/v1/payment_intents/pi_3MtwBwLkdIwHu7ix28a3tqPa/confirm?x=1"));
    expect(logs[0]?.url).toBe("/v1/payment_intents/{}/confirm");
  });

  test("goes to the standard output as one line of JSON by default, and nowhere with false", async () => {
    const print = vi.spyOn(console, "log").mockImplementation(() => {});
    try {
      await makeClient(server.url(), { log: {} }).client.get("/");
      const line: unknown = print.mock.calls[0]?.[0];
      expect(JSON.parse(String(line))).toMatchObject({ integration: "vendor", outcome: "ok" });
      expect(String(line)).not.toContain("\n");
      await makeClient(server.url(), { log: false }).client.get("/");
      expect(print).toHaveBeenCalledTimes(1);
    } finally {
      print.mockRestore();
    }
  });

  test("that its sink cannot take changes nothing", async () => {
    const { client } = makeClient(server.url(), {
      log: {
        sink: () => {
          throw new Error("disk full");
        },
      },
    });
    expect((await client.get("/")).success).toBe(true);
  });

  test("can be made by a logger alone", () => {
    const entries: LogEntry[] = [];
    const logger = createRedactingLogger({
      integration: "own",
      sink: (entry) => void entries.push(entry),
      query: ["q"],
      secrets: ["plain-secret"],
    });
    logger.protect("later-secret");
    logger.log({
      at: createManualClock().now(),
      method: "GET",
      url: new URL("https://vendor.test/things/plain-secret?q=a+later-secret"),
      attempt: 1,
      durationMs: 5,
      outcome: "ok",
    });
    expect(entries[0]).toMatchObject({
      url: "/things/[redacted]",
      query: { q: "a [redacted]" },
      host: "vendor.test",
    });
  });
});

describe("scrubbing", () => {
  const { scrub, protect } = createScrubber();

  test("leaves ordinary words, ids and numbers alone", () => {
    for (const text of [
      "payment_intent",
      "pi_3MtwBwLkdIwHu7ix28a3tqPa",
      "card_declined",
      "2026-11-21T18:00:00Z",
      "4242424242424241",
      "550e8400-e29b-41d4-a716-446655440000",
      "/v1/keys/signing_keys",
      "Tokyo",
    ]) {
      expect(scrub(text)).toBe(text);
    }
  });

  test("takes a secret out that lies across the cut", () => {
    protect("do-not-show");
    const text = scrub(`${"x".repeat(995)}do-not-show`);
    expect(text).toHaveLength(1_000);
    expect(text).not.toContain("do-");
  });

  test("is quick whatever the text", () => {
    const startedAt = performance.now();
    for (const unit of [
      "a.",
      "@",
      "1 ",
      "eyJa.",
      "a@a",
      "sk_",
      "-----BEGIN ",
      "%40",
      "aaaaaaaa-",
    ]) {
      scrub(unit.repeat(100_000));
    }
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  test("remembers the last of many tokens", () => {
    const own = createScrubber();
    for (let index = 0; index < 500; index += 1) own.protect(`token-number-${index}`);
    expect(own.scrub("token-number-499")).toBe("[redacted]");
  });
});
