import { afterEach, describe, expect, it } from "vitest";
import { createOutboundWebhookManager } from "../../src/index.ts";
import type { OutboundWebhookManager, WebhookDelivery } from "../../src/index.ts";
import { createFaultReceiver } from "../../src/testing/index.ts";
import type { FaultReceiver, ReceiverStep } from "../../src/testing/index.ts";

const OK: ReceiverStep = { kind: "respond", status: 204 };

describe("a manager and a receiver with faults, over real sockets", () => {
  let receiver: FaultReceiver | undefined;
  let outbound: OutboundWebhookManager | undefined;

  afterEach(async () => {
    outbound?.destroy();
    await receiver?.close();
  });

  /** Delivers one event to a receiver that does these things in turn, and waits until it is sent or dead. */
  const deliver = async (steps: readonly ReceiverStep[], maxRetries = 3) => {
    receiver = await createFaultReceiver();
    receiver.script("/hook", steps);
    const ended = Promise.withResolvers<WebhookDelivery>();
    outbound = createOutboundWebhookManager({
      network: { allow: ["127.0.0.1"] },
      deliveryTimeout: 300,
      retryInterval: 10,
      maxRetryInterval: 20,
      maxRetries,
      hooks: {
        onDelivered: ({ delivery }) => ended.resolve(delivery),
        onDead: ({ delivery }) => ended.resolve(delivery),
      },
    });
    outbound.subscribe({ url: receiver.url("/hook"), secret: "a-secret-of-the-tests" });
    await outbound.send("order.created", { orderId: "123" });
    const delivery = await ended.promise;
    return { delivery, attempts: outbound.listAttempts(delivery.id), requests: receiver.requests };
  };

  const faults: [string, ReceiverStep, string, number | undefined][] = [
    ["answers 500", { kind: "respond", status: 500 }, "http", 500],
    ["hangs before the headers", { kind: "hang" }, "timeout", undefined],
    ["drips its body", { kind: "drip", bytes: 10_000, intervalMs: 20 }, "timeout", 200],
    ["resets before the headers", { kind: "reset", when: "before-headers" }, "http", undefined],
    ["resets after the headers", { kind: "reset", when: "after-headers" }, "body", 200],
    ["redirects inwards", { kind: "redirect", location: "http://169.254.169.254/" }, "http", 302],
    [
      "talks nonsense",
      { kind: "raw", bytes: "nonsense\r\n\r\n", afterwards: "end" },
      "http",
      undefined,
    ],
  ];
  it.each(faults)(
    "retries an endpoint that %s until it recovers",
    async (_name, fault, errorClass, status) => {
      const { delivery, attempts, requests } = await deliver([fault, OK]);
      expect(delivery).toMatchObject({ status: "sent", attempts: 2 });
      expect(attempts.map((attempt) => attempt.errorClass)).toEqual([errorClass, undefined]);
      expect(attempts[0]?.status).toBe(status);
      expect(new Set(requests.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
      expect(requests.every(({ path }) => path === "/hook")).toBe(true);
    },
  );

  it.each([
    ["200 MB", { kind: "big-body", bytes: 200_000_000 }],
    ["a gzip bomb", { kind: "gzip-bomb", bytes: 200_000_000 }],
  ] satisfies [string, ReceiverStep][])(
    "counts %s of a body as delivered, and keeps 16 KiB of it",
    async (_name, step) => {
      const { delivery, attempts } = await deliver([step]);
      expect(delivery).toMatchObject({ status: "sent", attempts: 1 });
      expect(attempts[0]?.body?.length).toBeLessThanOrEqual(16_384);
      expect(receiver?.bytesSent()).toBeLessThan(64_000_000);
    },
  );

  it("follows a sequence of statuses to its end, and gives up when it has none", async () => {
    const statuses = [503, 429, 404];
    const { delivery, attempts } = await deliver(
      statuses.map((status) => ({ kind: "respond", status })),
      2,
    );
    expect(delivery).toMatchObject({ status: "dead", attempts: 3, lastStatus: 404 });
    expect(attempts.map((attempt) => attempt.status)).toEqual(statuses);
  });

  it("obeys Retry-After on the machine's own clock", async () => {
    const wait: ReceiverStep = { kind: "respond", status: 429, headers: { "retry-after": "1" } };
    const { requests } = await deliver([wait, OK]);
    const [first, second] = requests;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(990);
  });
});
