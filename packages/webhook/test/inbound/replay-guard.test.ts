import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  createInboundVerifier,
  createMemoryReplayGuard,
  createStandardWebhooksVerifier,
  createWebhookHandler,
} from "../../src/index.ts";
import type { WebhookProvider } from "../../src/index.ts";
import { SECRET } from "./serving.ts";

describe("a replay guard", () => {
  const provider = createStandardWebhooksVerifier();
  const body = "{}";
  const request = (id: string, timestamp = Math.floor(Date.now() / 1000)): Request => {
    const signature = createHmac("sha256", SECRET)
      .update(`${id}.${timestamp}.${body}`)
      .digest("base64");
    return new Request("http://localhost/", {
      method: "POST",
      body,
      headers: {
        "webhook-id": id,
        "webhook-timestamp": String(timestamp),
        "webhook-signature": `v1,${signature}`,
      },
    });
  };
  const standard = createInboundVerifier({ provider, config: { secret: SECRET } });

  it("lets an event be handled once, also when it is signed anew for a retry", async () => {
    let calls = 0;
    const handler = createWebhookHandler({
      verifier: standard,
      replayGuard: createMemoryReplayGuard(),
      onEvent: () => (calls += 1),
    });
    const now = Math.floor(Date.now() / 1000);
    const statuses = [];
    for (const [id, at] of [
      ["a", now],
      ["a", now - 5],
      ["b", now],
    ] as const) {
      statuses.push((await handler(request(id, at))).status);
    }
    expect(statuses).toEqual([204, 204, 204]);
    expect(calls).toBe(2);
  });

  it("answers 409 while the event is being handled", async () => {
    const gate = Promise.withResolvers<void>();
    const handler = createWebhookHandler({
      verifier: standard,
      replayGuard: createMemoryReplayGuard(),
      onEvent: () => gate.promise,
    });
    const first = handler(request("a"));
    expect((await handler(request("a"))).status).toBe(409);
    gate.resolve();
    expect((await first).status).toBe(204);
  });

  it("gives an event back when the process that held it is gone, and keeps what was handled for longer", async () => {
    let now = 0;
    const replayGuard = createMemoryReplayGuard({ now: () => now });
    let calls = 0;
    const handlerOf = (onEvent: () => unknown) =>
      createWebhookHandler({
        verifier: standard,
        replayGuard,
        replayReservationMs: 1000,
        replayTtlMs: 60_000,
        onEvent,
      });
    const held = Promise.withResolvers<void>();
    const gone = handlerOf(() => {
      held.resolve();
      return new Promise(() => {});
    });
    const handler = handlerOf(() => (calls += 1));
    void gone(request("a"));
    await held.promise;
    expect((await handler(request("a"))).status).toBe(409);
    now = 1000;
    expect((await handler(request("a"))).status).toBe(204);
    expect(calls).toBe(1);
    now = 60_000;
    expect((await handler(request("a"))).status).toBe(204);
    expect(calls).toBe(1);
  });

  it("refuses to go on without its memory", async () => {
    let calls = 0;
    const errors: unknown[] = [];
    const handler = createWebhookHandler({
      verifier: standard,
      replayGuard: {
        reserve: () => Promise.reject(new Error("redis is away")),
        complete() {},
        release() {},
      },
      onEvent: () => (calls += 1),
      onError: (error) => errors.push(error),
    });
    expect((await handler(request("a"))).status).toBe(503);
    expect([calls, errors.length]).toEqual([0, 1]);
  });

  it("is bounded, and forgets what is too old", async () => {
    let now = 0;
    const guard = createMemoryReplayGuard({ maxKeys: 2, now: () => now });
    expect(await guard.reserve("a", 10)).toBe("reserved");
    expect(await guard.reserve("a", 10)).toBe("in-progress");
    await guard.complete("a", 10);
    expect(await guard.reserve("a", 10)).toBe("done");
    now = 10;
    expect(await guard.reserve("a", 10)).toBe("reserved");
    await guard.release("a");
    expect(await guard.reserve("a", 10)).toBe("reserved");
    await guard.reserve("b", 10);
    await guard.reserve("c", 10);
    expect(await guard.reserve("a", 10)).toBe("reserved");
    expect(() => createMemoryReplayGuard({ maxKeys: 0 })).toThrow(/maxKeys/);
  });

  it("knows an id that is not signed only together with its body", async () => {
    const calls: string[] = [];
    const unsignedId: WebhookProvider = {
      provider: "github-like",
      verify: (raw, headers) => ({
        valid: true,
        event: {
          id: new Headers(headers as Headers).get("x-id") ?? "",
          payload: typeof raw === "string" ? raw : "bytes",
          metadata: { unsigned: ["id"] },
        },
      }),
    };
    const handler = createWebhookHandler({
      verifier: createInboundVerifier({ provider: unsignedId, config: {} }),
      replayGuard: createMemoryReplayGuard(),
      onEvent: (event) => calls.push(new TextDecoder().decode(event.rawBody)),
    });
    const send = (id: string, text: string) =>
      handler(
        new Request("http://localhost/", { method: "POST", body: text, headers: { "x-id": id } }),
      );
    // Somebody repeats an old body under the id of an event that is yet to come: that event must not be lost.
    await send("2", "old");
    await send("2", "genuine");
    await send("2", "genuine");
    expect(calls).toEqual(["old", "genuine"]);
  });
});
