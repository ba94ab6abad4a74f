import { connect } from "node:net";
import type { Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  createGenericHmacVerifier,
  createInboundVerifier,
  createMemoryReplayGuard,
  createWebhookHandler,
  toNodeHandler,
} from "../../src/index.ts";
import type {
  RefusedWebhook,
  VerifiedWebhookEvent,
  WebhookHandler,
  WebhookHandlerOptions,
} from "../../src/index.ts";
import type { RequestListener } from "node:http";
import type { Serving } from "./serving.ts";
import { servers, serveNode, signed, verifier } from "./serving.ts";

function post(
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
): Promise<Response> {
  return fetch(url, { method: "POST", body, headers });
}

function chunked(text: string): ReadableStream {
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < text.length; at += 1000) {
        controller.enqueue(new TextEncoder().encode(text.slice(at, at + 1000)));
      }
      controller.close();
    },
  });
}

describe.each(servers)("a handler behind %s", (_name, serve) => {
  let running: Serving | undefined;
  const seen: VerifiedWebhookEvent[] = [];
  const refused: RefusedWebhook[] = [];

  const start = async (options: Partial<WebhookHandlerOptions> = {}): Promise<string> => {
    running = await serve(
      createWebhookHandler({
        verifier,
        onEvent: (event) => seen.push(event),
        onRefused: (refusal) => refused.push(refusal),
        onError: () => {},
        ...options,
      }),
    );
    return running.url;
  };

  afterEach(async () => {
    await running?.stop();
    running = undefined;
    seen.length = 0;
    refused.length = 0;
  });

  it("hands a genuine event over and answers 204", async () => {
    const url = await start();
    const response = await post(url, '{"a":1}', signed('{"a":1}'));
    expect(response.status).toBe(204);
    expect(seen[0]?.payload).toEqual({ a: 1 });
  });

  it("refuses a forgery with 401, tells why to the operator and not to the sender", async () => {
    const url = await start();
    const response = await post(url, '{"a":2}', signed('{"a":1}'));
    expect(response.status).toBe(401);
    expect(await response.text()).toBe("SIGNATURE_MISMATCH");
    expect(seen).toEqual([]);
    expect(refused[0]).toMatchObject({ code: "SIGNATURE_MISMATCH", status: 401 });
  });

  it("verifies bytes that are not UTF-8", async () => {
    const url = await start();
    const body = Uint8Array.of(0xff, 0xfe, 0x00, 0x80, 0xc3, 0x28);
    expect((await post(url, body, signed(body))).status).toBe(204);
    expect([...(seen[0]?.rawBody ?? [])]).toEqual([...body]);
  });

  it("takes a body in chunks, up to its bound", async () => {
    const url = await start({ maxBodyBytes: 10_000 });
    const body = "x".repeat(10_000);
    const init = { method: "POST", duplex: "half" } as const;
    const whole = await fetch(url, { ...init, body: chunked(body), headers: signed(body) });
    expect(whole.status).toBe(204);
    const larger = `${body}y`;
    const tooLarge = await fetch(url, { ...init, body: chunked(larger), headers: signed(larger) });
    expect(tooLarge.status).toBe(413);
    expect(seen).toHaveLength(1);
  });

  it("refuses a body that says it is too large, without reading it", async () => {
    const url = await start({ maxBodyBytes: 10 });
    const body = "x".repeat(11);
    expect((await post(url, body, signed(body))).status).toBe(413);
    expect(seen).toEqual([]);
  });

  it("survives a sender that breaks off half-way", async () => {
    const url = await start();
    const { port } = new URL(url);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), "127.0.0.1", () => {
        socket.write("POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf");
        setTimeout(() => socket.destroy(), 50);
      });
      socket.on("close", () => resolve());
    });
    expect((await post(url, "{}", signed("{}"))).status).toBe(204);
    expect(seen).toHaveLength(1);
  });

  it("answers other methods with 405", async () => {
    const url = await start();
    const response = await fetch(url);
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
  });

  it("answers 500 when the event could not be handled, so that the platform sends it again", async () => {
    let calls = 0;
    const url = await start({
      replayGuard: createMemoryReplayGuard(),
      onEvent: () => {
        calls += 1;
        if (calls === 1) throw new Error("the database is away");
      },
    });
    expect((await post(url, "{}", signed("{}"))).status).toBe(500);
    expect((await post(url, "{}", signed("{}"))).status).toBe(204);
    expect(calls).toBe(2);
    // It has been handled: the same body is a repetition, whoever sends it.
    expect((await post(url, "{}", signed("{}"))).status).toBe(204);
    expect(calls).toBe(2);
  });
});

describe("a sender that breaks off half-way, on node:http", () => {
  it.each(["while its body is read", "before its body is read"])(
    "%s, leaves nothing waiting for ever",
    async (when) => {
      const handler = toNodeHandler(createWebhookHandler({ verifier, onEvent: () => {} }));
      const { promise: handled, resolve } = Promise.withResolvers<void>();
      let sender: Socket | undefined;
      const server = await serveNode((request, response) => {
        const handle = (): void => void handler(request, response).then(resolve);
        if (when.startsWith("before")) request.once("close", handle);
        else handle();
        sender?.destroy();
      });
      sender = connect(Number(new URL(server.url).port), "127.0.0.1");
      sender.on("error", () => {});
      sender.write("POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf");
      await handled;
      await server.stop();
    },
  );
});

function parsedInto(body: unknown): RequestListener {
  const handler = toNodeHandler(createWebhookHandler({ verifier, onEvent: () => {} }));
  return (request, response) => {
    request.resume().on("end", () => {
      void handler(Object.assign(request, { body }), response);
    });
  };
}

describe("a body that a framework has read", () => {
  it.each([
    ["bytes", Buffer.from("{}"), 204],
    ["a text", "{}", 204],
    ["an object, which cannot be verified", {}, 500],
  ])("is taken as %s", async (_name, body, status) => {
    const server = await serveNode(parsedInto(body));
    const response = await fetch(server.url, { method: "POST", body: "{}", headers: signed("{}") });
    expect(response.status).toBe(status);
    await server.stop();
  });
});

function handlerWith(options: Partial<WebhookHandlerOptions>): WebhookHandler {
  return createWebhookHandler({ verifier, onEvent: () => {}, ...options });
}

function unsigned(): Request {
  return new Request("http://localhost/", { method: "POST", body: "{}" });
}

describe("a set-up that cannot work", () => {
  it("is logged where nobody listens, the same fault once, and nothing that a sender does", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    const provider = createGenericHmacVerifier("sha256", "x-signature");
    const unset = createInboundVerifier({ provider, config: { secret: undefined } });
    const handler = handlerWith({ verifier: unset });
    for (let time = 0; time < 3; time += 1) expect((await handler(unsigned())).status).toBe(500);
    expect(logged).toHaveBeenCalledOnce();
    expect(logged.mock.calls[0]?.[0]).toMatch(/no secret .* is configured/);
    expect((await handlerWith({})(unsigned())).status).toBe(401);
    expect(logged).toHaveBeenCalledOnce();
    logged.mockRestore();
  });

  it("such as a body that was read before is told to who listens", async () => {
    const refused: unknown[] = [];
    const request = unsigned();
    await request.text();
    const response = await handlerWith({ onRefused: (each) => refused.push(each) })(request);
    expect(response.status).toBe(500);
    expect(refused).toMatchObject([
      { code: "CONFIG", reason: expect.stringContaining("read already") },
    ]);
  });
});

describe("createWebhookHandler", () => {
  it.each([
    [{ verifier: {} }, /verifier/],
    [{ onEvent: undefined }, /onEvent/],
    [{ maxBodyBytes: 0 }, /maxBodyBytes/],
    [{ replayTtlMs: -1 }, /replayTtlMs/],
    [{ replayReservationMs: 0 }, /replayReservationMs/],
  ])("refuses %j", (change, message) => {
    const options = { verifier, onEvent: () => {}, ...change } as unknown as WebhookHandlerOptions;
    expect(() => createWebhookHandler(options)).toThrow(message);
  });
});
