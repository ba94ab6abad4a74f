import { describe, expect, it } from "vitest";
import { createOutboundWebhookManager } from "../../src/outbound/manager.ts";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { answer, createScriptedTransport } from "../outbound/scripted-transport.ts";
import { createPaths, until } from "./support.ts";

const newPath = createPaths();
const URL_A = "https://a.example.com/hook";
const URL_B = "https://b.example.com/hook";
const SECRET = "a-secret-of-the-tests";

function sender(path: string, script: Parameters<typeof createScriptedTransport>[0] = {}) {
  const transport = createScriptedTransport(script);
  const outbound = createOutboundWebhookManager({
    store: createSqliteStore(path),
    transport,
    retryInterval: 1,
    maxRetryInterval: 1,
    maxRetries: 1,
  });
  return { transport, outbound };
}

describe("a sender that is started again on its file", () => {
  it("delivers what was accepted and not attempted, in the order of an ordered endpoint", async () => {
    const path = newPath();
    const before = sender(path);
    const paused = before.outbound.subscribe({ url: URL_A, secret: SECRET, concurrency: 1 });
    before.outbound.pause(paused);
    for (const n of [1, 2, 3]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await before.outbound.send("x", { n });
    }
    await before.outbound.close({ timeoutMs: 0 });

    const after = sender(path);
    expect(after.outbound.stats()).toMatchObject({ pending: 3, held: 3 });
    expect(after.outbound.getSubscription(paused)?.endpoint.status).toBe("paused");
    after.outbound.enable(paused);
    await until(() => after.outbound.stats().sent === 3);
    const bodies = after.transport.requests.map(({ body }) => new TextDecoder().decode(body));
    expect(bodies).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
    await after.outbound.close();
  });

  it("goes on with retries where they were, signed as before", async () => {
    const path = newPath();
    const before = sender(path, { [URL_A]: ["hang"] });
    before.outbound.subscribe({ url: URL_A, secret: SECRET });
    const [id = ""] = await before.outbound.send("x", { a: 1 });
    await until(() => before.transport.requests.length === 1);
    before.outbound.destroy();

    const after = sender(path, { [URL_A]: [answer(500), answer(200)] });
    await until(() => after.outbound.getDelivery(id)?.status === "sent");
    const [first, second] = after.transport.requests;
    const name = "X-Webhook-Signature";
    expect(first?.headers["webhook-id"]).toBe(before.transport.requests[0]?.headers["webhook-id"]);
    expect(second?.headers[name]).toBe(before.transport.requests[0]?.headers[name]);
    expect(after.outbound.listAttempts(id).map((each) => each.status)).toEqual([500, 200]);
    await after.outbound.close();
  });

  it("knows idempotency keys, dead letters and subscriptions of before", async () => {
    const path = newPath();
    const before = sender(path, { [URL_A]: [answer(400)] });
    before.outbound.subscribe({ url: URL_A, secret: SECRET, events: ["a.*"] });
    before.outbound.subscribe({ url: URL_B, secret: SECRET, events: ["b"], tenant: "acme" });
    const event = { id: "event-1", type: "a.b", source: "s", payload: {}, timestamp: 1 };
    const ids = await before.outbound.sendEvent(event);
    await until(() => before.outbound.stats().dead === 1);
    await before.outbound.close();

    const after = sender(path);
    expect(await after.outbound.sendEvent(event)).toEqual(ids);
    expect(after.transport.requests).toHaveLength(0);
    expect(after.outbound.listSubscriptions({ event: "a.c" })).toHaveLength(1);
    expect(after.outbound.listDeliveries({ status: "dead" })).toHaveLength(1);
    expect(await after.outbound.retry({ status: "dead" })).toBe(1);
    await after.outbound.send("b", {}, { tenant: "acme", wait: "attempted" });
    expect(after.transport.requests.map((each) => each.url)).toEqual([URL_A, URL_B]);
    await after.outbound.close();
  });
});
