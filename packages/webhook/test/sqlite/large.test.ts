import { describe, expect, it } from "vitest";
import { createOutboundWebhookManager } from "../../src/outbound/manager.ts";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { createScriptedTransport } from "../outbound/scripted-transport.ts";
import { recount } from "./recount.ts";
import { countersOf, createPaths, until } from "./support.ts";

const newPath = createPaths();
const SECRET = "a-secret-of-the-tests";
const MEBIBYTE = 1_048_576;

describe("a large payload", () => {
  it("of a mebibyte is stored once for all, and sent to the byte after a restart", async () => {
    const path = newPath();
    const text = JSON.stringify({ text: "ä😀\0".repeat(MEBIBYTE / 8) });
    expect(new TextEncoder().encode(text).length).toBeGreaterThan(MEBIBYTE);
    const options = { maxPayloadBytes: 4 * MEBIBYTE };
    const before = createOutboundWebhookManager({ store: createSqliteStore(path), ...options });
    const ids = ["a", "b"].map((name) =>
      before.subscribe({ url: `https://${name}.example.com/`, secret: SECRET }),
    );
    for (const id of ids) before.pause(id);
    await Promise.all([1, 2, 3, 4, 5, 6].map(() => before.send("large", text)));
    await before.close({ timeoutMs: 0 });

    const transport = createScriptedTransport();
    const store = createSqliteStore(path);
    const after = createOutboundWebhookManager({ store, transport, ...options });
    for (const id of ids) after.enable(id);
    await until(() => after.stats().sent === 12);
    // More than the store keeps of events in memory.
    const bodies = transport.requests.map(({ body }) => new TextDecoder().decode(body));
    expect(bodies.filter((body) => body === text)).toHaveLength(12);
    await after.close();
  });
});

describe("a fan-out to more subscriptions than the store keeps in memory", () => {
  const COUNT = 10_050;

  it("is stored whole, delivered to each of them once, and counted right", async () => {
    const path = newPath();
    const store = createSqliteStore(path);
    const transport = createScriptedTransport();
    const outbound = createOutboundWebhookManager({ store, transport });
    for (let number = 0; number < COUNT; number += 1) {
      outbound.subscribe({ url: `https://${number}.example.com/`, secret: SECRET });
    }
    const ids = await outbound.send("order.created", { orderId: "123" });
    expect(new Set(ids).size).toBe(COUNT);
    expect(recount(path)).toMatchObject({ subscriptions: COUNT });
    await until(() => outbound.stats().sent === COUNT, 50_000);
    expect(transport.requests).toHaveLength(COUNT);
    expect(new Set(transport.requests.map(({ url }) => url)).size).toBe(COUNT);
    expect(countersOf(store)).toEqual({ ...recount(path) });
    await outbound.close();
  }, 60_000);
});
