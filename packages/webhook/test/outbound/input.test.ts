import { describe, expect, it } from "vitest";
import { WebhookError } from "../../src/errors.ts";
import { createOutboundWebhookManager } from "../../src/outbound/manager.ts";
import type { OutboundWebhookManagerOptions } from "../../src/outbound/options.ts";
import type { SubscriptionInput } from "../../src/outbound/subscriptions.ts";
import { SECRET, setUp, URL_A } from "./set-up.ts";

function errorOf(call: () => unknown): WebhookError {
  try {
    call();
  } catch (error) {
    if (error instanceof WebhookError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

async function rejectionOf(promise: Promise<unknown>): Promise<WebhookError> {
  const error: unknown = await promise.then(
    () => new Error("nothing was thrown"),
    (reason: unknown) => reason,
  );
  if (error instanceof WebhookError) return error;
  throw error;
}

const cycle: Record<string, unknown> = {};
cycle["self"] = cycle;

describe("options of a manager", () => {
  const cases: [string, OutboundWebhookManagerOptions, string, RegExp][] = [
    ["a negative maxRetries", { maxRetries: -1 }, "INVALID_OPTION", /maxRetries/],
    ["a maxRetries that is no integer", { maxRetries: 1.5 }, "INVALID_OPTION", /maxRetries/],
    ["a retryInterval of zero", { retryInterval: 0 }, "INVALID_OPTION", /retryInterval/],
    ["a negative maxRetryInterval", { maxRetryInterval: -1 }, "INVALID_OPTION", /maxRetryInterval/],
    ["a NaN deliveryTimeout", { deliveryTimeout: Number.NaN }, "INVALID_OPTION", /deliveryTimeout/],
    ["a negative concurrency", { concurrency: -5 }, "INVALID_OPTION", /concurrency/],
    ["an empty schedule", { retrySchedule: [] }, "INVALID_OPTION", /retrySchedule/],
    ["a negative delay", { retrySchedule: [-1] }, "INVALID_OPTION", /retrySchedule/],
    ["a bad retention", { retention: { maxDeliveries: -1 } }, "INVALID_OPTION", /maxDeliveries/],
    [
      "an unknown algorithm",
      // @ts-expect-error md5 is not one of the algorithms
      { signatureAlgorithm: "md5" },
      "UNSUPPORTED_ALGORITHM",
      /md5.*|sha256/,
    ],
    [
      "sha1",
      // @ts-expect-error sha1 is not one of the algorithms
      { signatureAlgorithm: "sha1" },
      "UNSUPPORTED_ALGORITHM",
      /sha256/,
    ],
    [
      "an algorithm named as an object's own method",
      // @ts-expect-error it is not one of the algorithms
      { signatureAlgorithm: "constructor" },
      "UNSUPPORTED_ALGORITHM",
      /sha256/,
    ],
    ["a bad header name", { signatureHeader: "X Webhook" }, "INVALID_HEADER", /X Webhook/],
    ["a header name with a line break", { signatureHeader: "X\r\nY" }, "INVALID_HEADER", /header/],
  ];
  it.each(cases)("refuses %s", (_name, options, code, message) => {
    const error = errorOf(() => createOutboundWebhookManager(options));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it("leaves the options object as it was", () => {
    const options = Object.freeze({ maxRetries: 2, retention: Object.freeze({}) });
    createOutboundWebhookManager(options).destroy();
    expect(options).toEqual({ maxRetries: 2, retention: {} });
  });
});

describe("subscribe", () => {
  const good: SubscriptionInput = { url: URL_A, secret: SECRET };
  const cases: [string, unknown, string, RegExp][] = [
    ["no URL", { ...good, url: undefined }, "INVALID_URL", /url/i],
    ["a URL that is none", { ...good, url: "not a url" }, "INVALID_URL", /url/i],
    ["another scheme", { ...good, url: "ftp://a.example.com/" }, "INVALID_URL", /http/],
    [
      "credentials in the URL",
      { ...good, url: "https://u:p@a.example.com/" },
      "INVALID_URL",
      /credentials|user/i,
    ],
    ["loopback", { ...good, url: "http://127.0.0.1/" }, "BLOCKED_ADDRESS", /allow/],
    ["loopback in decimal", { ...good, url: "http://2130706433/" }, "BLOCKED_ADDRESS", /allow/],
    [
      "the metadata service",
      { ...good, url: "http://169.254.169.254/" },
      "BLOCKED_ADDRESS",
      /allow/,
    ],
    ["an empty secret", { ...good, secret: "" }, "INVALID_SECRET", /secret/],
    ["a blank secret", { ...good, secret: "  " }, "INVALID_SECRET", /secret/],
    ["no secret", { url: URL_A }, "INVALID_SECRET", /secret/],
    ["a header name with a space", { ...good, headers: { "a b": "c" } }, "INVALID_HEADER", /a b/],
    [
      "a header that splits",
      { ...good, headers: { a: "b\r\nc: d" } },
      "INVALID_HEADER",
      /header a/,
    ],
    [
      "a header value that is no text",
      { ...good, headers: { a: 1 } },
      "INVALID_HEADER",
      /header a/,
    ],
    ["a header twice", { ...good, headers: { a: "1", A: "2" } }, "INVALID_HEADER", /twice/],
    ["the host header", { ...good, headers: { Host: "x" } }, "INVALID_HEADER", /Host/],
    [
      "the content type",
      { ...good, headers: { "Content-Type": "x" } },
      "INVALID_HEADER",
      /Content-Type/,
    ],
    [
      "our own signature",
      { ...good, headers: { "x-webhook-signature": "x" } },
      "INVALID_HEADER",
      /x-webhook-signature/,
    ],
    [
      "a Standard Webhooks header",
      { ...good, headers: { "Webhook-Id": "x" } },
      "INVALID_HEADER",
      /Webhook-Id/,
    ],
    ["events that are no list", { ...good, events: "order" }, "INVALID_OPTION", /events/],
    ["a pattern in the middle", { ...good, events: ["a.*.b"] }, "INVALID_OPTION", /a\.\*\.b/],
    ["an empty event name", { ...good, events: [""] }, "INVALID_OPTION", /events/],
    [
      "an unknown operator",
      { ...good, filter: { n: { $regex: "x" } } },
      "INVALID_OPTION",
      /\$regex/,
    ],
    ["a concurrency of zero", { ...good, concurrency: 0 }, "INVALID_OPTION", /concurrency/],
    [
      "a rate limit of zero",
      { ...good, rateLimit: { limit: 0, intervalMs: 1 } },
      "INVALID_OPTION",
      /limit/,
    ],
    ["a proxy that is no URL", { ...good, proxy: "nowhere" }, "INVALID_OPTION", /proxy/],
    ["an active that is no boolean", { ...good, active: "yes" }, "INVALID_OPTION", /active/],
  ];
  it.each(cases)("refuses %s, and stores nothing", (_name, input, code, message) => {
    const { outbound } = setUp();
    const error = errorOf(() => outbound.subscribe(input as SubscriptionInput));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(outbound.listSubscriptions()).toEqual([]);
  });

  it("never names the secret or a header's value in an error", () => {
    const { outbound } = setUp();
    const error = errorOf(() =>
      outbound.subscribe({ ...good, headers: { Authorization: "Bearer planted\n" } }),
    );
    expect(error.message).not.toContain("planted");
    const long = errorOf(() => outbound.subscribe({ url: URL_A, secret: "planted".repeat(1000) }));
    expect(long.message).not.toContain("planted");
  });
});

describe("send", () => {
  const cases: [string, unknown, string, RegExp][] = [
    ["a BigInt", { n: 1n }, "INVALID_PAYLOAD", /BigInt/],
    ["a cycle", cycle, "INVALID_PAYLOAD", /refers to itself/],
    ["undefined", undefined, "INVALID_PAYLOAD", /undefined/],
    ["a function", () => 1, "INVALID_PAYLOAD", /function/],
    ["a symbol", Symbol("x"), "INVALID_PAYLOAD", /symbol/],
    ["too many bytes", "x".repeat(262_145), "PAYLOAD_TOO_LARGE", /262145/],
    ["too many bytes for its characters", "语".repeat(100_000), "PAYLOAD_TOO_LARGE", /300000/],
  ];
  it.each(cases)("refuses %s, before anything exists", async (_name, payload, code, message) => {
    const { outbound, transport } = setUp();
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const error = await rejectionOf(outbound.send("order.created", payload));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(outbound.listDeliveries()).toEqual([]);
    expect(transport.requests).toEqual([]);
  });

  const events: [string, Record<string, unknown>, RegExp][] = [
    ["an empty type", { type: "" }, /type/],
    ["a type with a line break", { type: "a\r\nx: y" }, /type/],
    ["a type outside ASCII", { type: "订单" }, /type/],
    ["an empty id", { id: "" }, /id/],
    ["a dot in the id", { id: "a.1" }, /dot/],
    ["no id", { id: undefined }, /id/],
    ["a source with a line break", { source: "a\nb" }, /source/],
    ["a timestamp that is none", { timestamp: Number.NaN }, /timestamp/],
  ];
  it.each(events)("refuses an event with %s", async (_name, change, message) => {
    const { outbound } = setUp();
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const event = { id: "e1", type: "a", source: "s", payload: {}, timestamp: 1, ...change };
    const error = await rejectionOf(outbound.sendEvent(event));
    expect(error.code).toBe("INVALID_EVENT");
    expect(error.message).toMatch(message);
    expect(outbound.listDeliveries()).toEqual([]);
  });

  it("refuses metadata that JSON cannot express", async () => {
    const { outbound } = setUp();
    const event = { id: "e1", type: "a", source: "s", payload: {}, timestamp: 1 };
    const error = await rejectionOf(outbound.sendEvent({ ...event, metadata: { n: 1n } }));
    expect(error.code).toBe("INVALID_PAYLOAD");
    expect(error.message).toMatch(/metadata/);
  });

  it("refuses a transaction that its store knows nothing of, and sends nothing", async () => {
    const { outbound, transport } = setUp();
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const error = await rejectionOf(outbound.send("a", {}, { tx: {} }));
    expect(error.code).toBe("INVALID_OPTION");
    expect(error.message).toMatch(/createSqliteStore/);
    expect(transport.requests).toEqual([]);
  });

  it("refuses an empty idempotency key", async () => {
    const { outbound } = setUp();
    const error = await rejectionOf(outbound.send("a", {}, { idempotencyKey: "" }));
    expect(error.code).toBe("INVALID_OPTION");
  });
});

describe("a closed manager", () => {
  it("says so, but still tells what became of everything", async () => {
    const { outbound } = setUp();
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const [id = ""] = await outbound.send("a", {});
    await outbound.close();
    expect((await rejectionOf(outbound.send("a", {}))).code).toBe("CLOSED");
    expect(errorOf(() => outbound.subscribe({ url: URL_A, secret: SECRET })).code).toBe("CLOSED");
    expect(outbound.getDelivery(id)?.status).toBe("sent");
  });
});
