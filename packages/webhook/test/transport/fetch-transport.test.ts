import { describe, expect, test, vi } from "vitest";
import type { FetchInit, FetchLike } from "../../src/transport/fetch-transport.ts";
import { createFetchTransport } from "../../src/transport/fetch-transport.ts";
import { createNetworkPolicy } from "../../src/transport/network-policy.ts";
import type { NetworkOptions } from "../../src/transport/network-policy.ts";
import {
  certificate,
  failureOf,
  LOOPBACK,
  receiver,
  request,
  responseOf,
  textOf,
} from "./setup.ts";

const URL_OUT = "https://hook.example.com/hook";
const never = new Promise<never>(() => {});

function sender(fetch: FetchLike, network: NetworkOptions = LOOPBACK) {
  return createFetchTransport({ fetch, policy: createNetworkPolicy(network) });
}

/** The runtime's own. */
const realFetch: FetchLike = fetch;

function streamOf(chunks: readonly Uint8Array[], onCancel: () => void) {
  const left = [...chunks];
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = left.shift();
      if (next) controller.enqueue(next);
      else controller.close();
    },
    cancel: onCancel,
  });
}

describe("the injected function", () => {
  test("is called with the URL, plain-object headers, the body as text, and no redirects", async () => {
    const calls: [string, FetchInit][] = [];
    const outcome = await sender(async (url, init) => {
      calls.push([url, init]);
      return { status: 200 };
    }).send(request(URL_OUT, { headers: { "X-Webhook-Signature": "sha256=00" } }));

    expect(outcome).toMatchObject({
      kind: "response",
      status: 200,
      headers: {},
      body: new Uint8Array(0),
      truncated: false,
    });
    expect(calls).toEqual([
      [
        URL_OUT,
        {
          method: "POST",
          headers: { "X-Webhook-Signature": "sha256=00", "accept-encoding": "identity" },
          body: '{"orderId":"123"}',
          redirect: "manual",
          signal: expect.any(AbortSignal),
        },
      ],
    ]);
  });

  test("gets text exactly as it is, and bytes where they are no text", async () => {
    const bodies: unknown[] = [];
    const transport = sender(async (_url, init) => {
      bodies.push(init.body);
      return { status: 200 };
    });
    const text = "\u{feff}ü€😀";
    await transport.send(request(URL_OUT, { body: new TextEncoder().encode(text) }));
    await transport.send(request(URL_OUT, { body: new Uint8Array([0xff, 0xfe]) }));
    expect(bodies).toEqual([text, new Uint8Array([0xff, 0xfe])]);
  });

  test.each<[string, NonNullable<Awaited<ReturnType<FetchLike>>["headers"]>]>([
    ["Headers", new Headers({ "Retry-After": "5" })],
    ["a plain object", { "Retry-After": "5" }],
    ["a map", new Map([["Retry-After", "5"]])],
  ])("may return its headers as %s", async (_name, headers) => {
    const outcome = await sender(async () => ({ status: 429, headers })).send(request(URL_OUT));
    expect(outcome).toMatchObject({ status: 429, headers: { "retry-after": "5" } });
  });

  test("may return a body that is no stream: it is not read", async () => {
    const fetch = (async () => ({ status: 200, body: "text" })) as unknown as FetchLike;
    expect(failureOf(await sender(fetch).send(request(URL_OUT)))).toEqual({
      kind: "response",
      status: 200,
    });
  });

  test.each([{}, { status: 0 }, { status: "200" }, { status: 100 }, undefined])(
    "that returns %j has not answered",
    async (response) => {
      const fetch = (async () => response) as unknown as FetchLike;
      expect(failureOf(await sender(fetch).send(request(URL_OUT)))).toEqual({ errorClass: "http" });
    },
  );

  test("is not called for a URL that the policy refuses", async () => {
    const fetch = vi.fn<FetchLike>(async () => ({ status: 200 }));
    for (const [url, code] of [
      ["http://10.0.0.1/", "BLOCKED_ADDRESS"],
      ["http://localhost/", "BLOCKED_ADDRESS"],
      ["ftp://example.com/", "INVALID_URL"],
    ] as const) {
      const outcome = await sender(fetch, {}).send(request(url));
      expect(failureOf(outcome)).toEqual({ errorClass: "blocked", code });
    }
    expect(fetch).not.toHaveBeenCalled();
  });

  test("resolves names as it likes: they are not looked up before", async () => {
    const fetch = vi.fn<FetchLike>(async () => ({ status: 200 }));
    const outcome = await sender(fetch, {}).send(request("https://inner.example.test/"));
    expect(failureOf(outcome)).toEqual({ kind: "response", status: 200 });
  });
});

/** Where Bun, Node, and Node for a name with several addresses put the code. */
const own = (code: string) => Object.assign(new TypeError("Unable to connect"), { code });
const caused = (code: string) =>
  new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code }) });
const several = (code: string) =>
  new TypeError("fetch failed", {
    cause: new AggregateError([Object.assign(new Error("x"), { code })]),
  });

describe("what the injected function throws", () => {
  test.each([
    ["ENOTFOUND", "dns"],
    ["EAI_AGAIN", "dns"],
    ["ECONNREFUSED", "connect"],
    ["EHOSTUNREACH", "connect"],
    ["UND_ERR_CONNECT_TIMEOUT", "connect"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "tls"],
    ["CERT_HAS_EXPIRED", "tls"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "tls"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "tls"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "tls"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "tls"],
    ["EPROTO", "tls"],
    ["ECONNRESET", "http"],
    ["UND_ERR_SOCKET", "http"],
    ["UND_ERR_HEADERS_OVERFLOW", "http"],
    ["Malformed_HTTP_Response", "http"],
  ])(
    "with code %s is of class %s, wherever the runtime puts the code",
    async (code, errorClass) => {
      for (const error of [own(code), caused(code), several(code)]) {
        const outcome = await sender(() => Promise.reject(error)).send(request(URL_OUT));
        expect(failureOf(outcome)).toEqual({ errorClass, code });
      }
    },
  );

  test("without a code, and whatever it is, is of class http", async () => {
    for (const thrown of [new Error("no network today"), "no network today", undefined, null]) {
      const outcome = await sender(() => Promise.reject(thrown)).send(request(URL_OUT));
      expect(failureOf(outcome)).toEqual({ errorClass: "http" });
    }
    const outcome = await sender(() => {
      throw new Error("no network today");
    }).send(request(URL_OUT));
    expect(outcome).toMatchObject({ errorClass: "http", message: "no network today" });
  });
});

describe("the deadline", () => {
  const deadline = { timeoutMs: 40 };

  test("aborts the function's signal", async () => {
    let aborted = false;
    const outcome = await sender((_url, { signal }) => {
      signal.addEventListener("abort", () => (aborted = true));
      return never;
    }).send(request(URL_OUT, deadline));
    expect(failureOf(outcome)).toEqual({ errorClass: "timeout" });
    expect(aborted).toBe(true);
  });

  test("holds for a function that ignores its signal, and a late answer's body is let go", async () => {
    let answer: ((response: Awaited<ReturnType<FetchLike>>) => void) | undefined;
    const outcome = await sender(() => new Promise((resolve) => (answer = resolve))).send(
      request(URL_OUT, deadline),
    );
    expect(failureOf(outcome)).toEqual({ errorClass: "timeout" });
    const cancelled = new Promise<void>((resolve) => {
      answer?.({ status: 200, body: streamOf([new Uint8Array(8)], resolve) });
    });
    await cancelled;
  });

  test("holds for a body that never ends", async () => {
    const body = new ReadableStream<Uint8Array>({ pull: () => never });
    const outcome = await sender(async () => ({ status: 200, body })).send(
      request(URL_OUT, deadline),
    );
    expect(failureOf(outcome)).toEqual({ errorClass: "timeout", status: 200 });
  });
});

describe("abort and close", () => {
  test("a signal before and in the middle of the call", async () => {
    const fetch = vi.fn<FetchLike>(() => never);
    const before = await sender(fetch).send(request(URL_OUT, { signal: AbortSignal.abort() }));
    expect(failureOf(before)).toEqual({ errorClass: "aborted" });
    expect(fetch).not.toHaveBeenCalled();

    const controller = new AbortController();
    const sending = sender(fetch).send(request(URL_OUT, { signal: controller.signal }));
    controller.abort();
    expect(failureOf(await sending)).toEqual({ errorClass: "aborted" });
  });

  test("close ends what is in flight, and what is sent later", async () => {
    const fetch = vi.fn<FetchLike>(() => never);
    const transport = sender(fetch);
    const sending = transport.send(request(URL_OUT));
    transport.close();
    expect(failureOf(await sending)).toEqual({ errorClass: "aborted" });
    expect(failureOf(await transport.send(request(URL_OUT)))).toEqual({ errorClass: "aborted" });
    expect(fetch).toHaveBeenCalledTimes(1);
  });
});

describe("the body", () => {
  test("is kept up to maxResponseBytes; the rest is cancelled", async () => {
    let cancelled = 0;
    const chunks = [new Uint8Array([1, 2, 3]), new Uint8Array([4, 5, 6]), new Uint8Array(100)];
    const transport = sender(async () => ({
      status: 200,
      body: streamOf(chunks, () => (cancelled += 1)),
    }));
    const outcome = await transport.send(request(URL_OUT, { maxResponseBytes: 4 }));
    expect(outcome).toMatchObject({ body: new Uint8Array([1, 2, 3, 4]), truncated: true });
    expect(cancelled).toBe(1);

    const whole = await transport.send(request(URL_OUT, { maxResponseBytes: 106 }));
    expect(whole).toMatchObject({ truncated: false });
    expect(cancelled).toBe(1);
  });
});

describe("with the runtime's own fetch", () => {
  test("a request arrives, and its answer", async () => {
    const server = await receiver();
    server.script("/", [
      { kind: "respond", status: 503, headers: { "Retry-After": "7" }, body: "later" },
    ]);
    const outcome = await sender(realFetch).send(request(server.url()));
    expect(outcome).toMatchObject({ status: 503, headers: { "retry-after": "7" } });
    expect(textOf(responseOf(outcome).body)).toBe("later");
    expect(server.requests[0]).toMatchObject({
      method: "POST",
      headers: { "content-type": "application/json", "accept-encoding": "identity" },
    });
    expect(textOf(server.requests[0]?.body ?? new Uint8Array())).toBe('{"orderId":"123"}');
  });

  test("redirects are not followed", async () => {
    const server = await receiver();
    const target = await receiver();
    server.script("/", [{ kind: "redirect", location: target.url("/stolen"), status: 307 }]);
    const outcome = await sender(realFetch).send(request(server.url()));
    expect(failureOf(outcome)).toEqual({ kind: "response", status: 307 });
    expect(target.connections()).toBe(0);
  });

  test("each fault has the class that it has without fetch", async () => {
    const server = await receiver();
    server.script("/reset", [{ kind: "reset", when: "before-headers" }]);
    server.script("/garbage", [{ kind: "raw", bytes: "SSH-2.0-x\r\n\r\n", afterwards: "end" }]);
    server.script("/broken", [{ kind: "reset", when: "after-headers" }]);
    server.script("/hang", [{ kind: "hang" }]);
    server.script("/drip", [{ kind: "drip", bytes: 1_000, intervalMs: 5 }]);
    const secure = await receiver({
      tls: { cert: certificate("server.pem"), key: certificate("server.key") },
    });
    const transport = sender(realFetch);
    for (const [url, errorClass, timeoutMs] of [
      ["http://no-such-name.invalid/", "dns", 5_000],
      ["http://10.0.0.1/", "blocked", 5_000],
      [secure.url(), "tls", 5_000],
      [server.url("/reset"), "http", 5_000],
      [server.url("/garbage"), "http", 5_000],
      [server.url("/broken"), "body", 5_000],
      [server.url("/hang"), "timeout", 60],
      [server.url("/drip"), "timeout", 60],
    ] as const) {
      const outcome = await transport.send(request(url, { timeoutMs }));
      expect({ url, ...failureOf(outcome) }).toMatchObject({ url, errorClass });
    }
    // One that has never been spoken to, so that no pool of the runtime holds a connection to it.
    const gone = await receiver();
    await gone.close();
    const refused = await transport.send(request(gone.url()));
    expect(failureOf(refused)).toEqual({ errorClass: "connect", code: "ECONNREFUSED" });
  });

  test("200 MB are not read to the end", async () => {
    const server = await receiver();
    server.script("/", [{ kind: "big-body", bytes: 200_000_000 }]);
    const outcome = await sender(realFetch).send(request(server.url()));
    expect(outcome).toMatchObject({ kind: "response", truncated: true });
    expect(responseOf(outcome).body).toHaveLength(16_384);
    while (server.openConnections() > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(server.bytesSent()).toBeLessThan(100_000_000);
  });
});
