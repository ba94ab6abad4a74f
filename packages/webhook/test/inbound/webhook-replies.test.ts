import { describe, expect, it } from "vitest";
import {
  createInboundVerifier,
  createWebhookHandler,
  createWebhookRouter,
} from "../../src/index.ts";
import type { WebhookHandlerOptions, WebhookProvider } from "../../src/index.ts";

function route(name: string, seen: string[]): WebhookHandlerOptions {
  return {
    verifier: createInboundVerifier({
      provider: { provider: name, verify: () => ({ valid: true }) },
      config: {},
    }),
    onEvent: (event) => seen.push(event.source),
  };
}

describe("what a platform expects", () => {
  const platform: WebhookProvider = {
    provider: "platform",
    verify: (raw) =>
      new TextDecoder().decode(raw as Uint8Array) === "probe"
        ? { valid: false, code: "SIGNATURE_PROBE", reason: "a probe" }
        : { valid: true, event: { type: new TextDecoder().decode(raw as Uint8Array) } },
    acknowledge: {
      success: () => ({ status: 200, body: "success" }),
      failure: ({ status, code }) => ({ status, body: `FAIL ${code ?? ""}` }),
      handshake: (event) =>
        event.type === "challenge" ? { status: 200, body: "pong" } : undefined,
      setup: ({ method }) => (method === "GET" ? { status: 200, body: "hello" } : undefined),
    },
  };
  const events: string[] = [];
  const refusals: string[] = [];
  const handler = createWebhookHandler({
    verifier: createInboundVerifier({ provider: platform, config: {} }),
    onEvent: (event) => events.push(event.type),
    onRefused: ({ code }) => refusals.push(code),
  });
  const ask = async (method: string, body?: string): Promise<[number, string]> => {
    const init = body === undefined ? { method } : { method, body };
    const response = await handler(new Request("http://localhost/hook", init));
    return [response.status, await response.text()];
  };

  it("is answered: handshake, success, failure, set-up", async () => {
    expect(await ask("POST", "challenge")).toEqual([200, "pong"]);
    expect(await ask("POST", "order")).toEqual([200, "success"]);
    expect(await ask("GET")).toEqual([200, "hello"]);
    expect(await ask("PUT", "x")).toEqual([405, ""]);
    expect(events).toEqual(["order"]);
  });

  it("is refused quietly where it only probes", async () => {
    expect(await ask("POST", "probe")).toEqual([401, "FAIL SIGNATURE_PROBE"]);
    expect(refusals).toEqual([]);
  });

  it("is told of a 500 when its own reply cannot be made", async () => {
    const broken = createWebhookHandler({
      verifier: createInboundVerifier({
        provider: {
          provider: "broken",
          verify: () => ({ valid: true }),
          acknowledge: {
            success: () => {
              throw new Error("a fault of the tests");
            },
          },
        },
        config: {},
      }),
      onEvent: () => {},
    });
    const request = new Request("http://localhost/", { method: "POST", body: "x" });
    expect((await broken(request)).status).toBe(500);
  });
});

describe("a router", () => {
  it("goes by the path, and knows no other", async () => {
    const seen: string[] = [];
    const router = createWebhookRouter({
      "/webhooks/a": route("a", seen),
      "/webhooks/b": createWebhookHandler(route("b", seen)),
    });
    const ask = async (path: string): Promise<number> =>
      (await router(new Request(`http://localhost${path}`, { method: "POST", body: "x" }))).status;
    expect(await ask("/webhooks/a")).toBe(204);
    expect(await ask("/webhooks/b?x=1")).toBe(204);
    expect(await ask("/webhooks/c")).toBe(404);
    expect(await ask("/constructor")).toBe(404);
    expect(seen).toEqual(["a", "b"]);
    expect(() => createWebhookRouter({ hooks: route("a", []) })).toThrow(/slash/);
  });
});
