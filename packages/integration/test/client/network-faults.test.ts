import { readFileSync } from "node:fs";
import { createFaultReceiver } from "@ventostack/webhook/testing";
import { describe, expect, test } from "vitest";
import {
  fin,
  garbage,
  listenRaw,
  refusedUrl,
  reset,
  resetInBody,
  respond,
  truncated,
  truncatedChunks,
  useFaultServer,
} from "./fault-server.ts";
import { errorOf, makeClient } from "./set-up.ts";

const server = useFaultServer();

describe.each([
  ["an RST after the request", reset, "ECONNRESET"],
  ["a FIN after the request", fin, "ECONNRESET"],
  ["an RST in the body", resetInBody, "ECONNRESET"],
  ["a body that is cut off", truncated, "ECONNRESET"],
  ["chunks that are cut off", truncatedChunks, "ECONNRESET"],
])("%s", (_name, fault, reason) => {
  test("is tried again for a GET, and the next answer counts", async () => {
    server.answers(fault, respond(200, { ok: true }));
    const { client, retries } = makeClient(server.url());
    const result = await client.get("/");
    expect(result).toMatchObject({ success: true, data: { ok: true }, attempts: 2 });
    expect(retries).toMatchObject([{ retry: 1, errorCode: "NETWORK_ERROR" }]);
    expect(server.count()).toBe(2);
  });

  test("ends a POST without a key at once: the vendor may have acted", async () => {
    server.answers(fault, respond(200, {}));
    const { client } = makeClient(server.url());
    const error = errorOf(await client.post("/", { amount: 1 }));
    expect(error).toMatchObject({
      code: "NETWORK_ERROR",
      outcome: "unknown",
      attempts: 1,
      retryable: true,
      reason,
    });
    expect(server.count()).toBe(1);
  });

  test("is tried again for a POST with a key, with the same key", async () => {
    server.answers(fault, respond(201, { id: "x" }));
    const { client } = makeClient(server.url());
    const result = await client.post("/", { amount: 1 }, { idempotencyKey: "op-1" });
    expect(result).toMatchObject({ success: true, status: 201, attempts: 2 });
    expect(server.requests.map(({ headers }) => headers["idempotency-key"])).toEqual([
      "op-1",
      "op-1",
    ]);
  });
});

test("what is not HTTP is a network error, after which the vendor may have acted", async () => {
  server.answers(garbage);
  const { client } = makeClient(server.url(), { retry: false });
  expect(errorOf(await client.get("/"))).toMatchObject({
    code: "NETWORK_ERROR",
    outcome: "unknown",
    attempts: 1,
  });
});

test("a refused connection sent nothing, so even a POST without a key is tried again", async () => {
  const { client, retries } = makeClient(await refusedUrl());
  const error = errorOf(await client.post("/", { amount: 1 }));
  expect(error).toMatchObject({
    code: "NETWORK_ERROR",
    outcome: "not_sent",
    reason: "ECONNREFUSED",
    attempts: 4,
    retryable: true,
  });
  expect(retries.map(({ delayMs }) => Math.round(delayMs))).toEqual([300, 600, 1200]);
});

test("a name that does not exist sent nothing", async () => {
  const { client } = makeClient("http://no-such-host.invalid", { retry: false });
  expect(errorOf(await client.post("/", {}))).toMatchObject({
    code: "NETWORK_ERROR",
    outcome: "not_sent",
  });
});

test("an RST before the request has been read may have come after it was sent", async () => {
  const vendor = await listenRaw((socket) => socket.resetAndDestroy());
  try {
    const { client } = makeClient(vendor.url, { retry: { maxRetries: 1 } });
    expect(errorOf(await client.post("/", {}))).toMatchObject({
      code: "NETWORK_ERROR",
      outcome: "unknown",
      attempts: 1,
    });
    expect(errorOf(await client.get("/"))).toMatchObject({ code: "NETWORK_ERROR", attempts: 2 });
    expect(vendor.connections()).toBe(3);
  } finally {
    await vendor.close();
  }
});

test("a server that speaks no TLS is a network error; what it has read is not known", async () => {
  const vendor = await listenRaw((socket) => {
    socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  try {
    const { client } = makeClient(vendor.url.replace("http:", "https:"), { retry: false });
    expect(errorOf(await client.post("/", {}))).toMatchObject({
      code: "NETWORK_ERROR",
      outcome: "unknown",
    });
  } finally {
    await vendor.close();
  }
});

function tlsFile(name: string): string {
  return readFileSync(
    new URL(`../../../webhook/test/fixtures/tls/${name}`, import.meta.url),
    "utf8",
  );
}

test("a certificate that nobody vouches for is refused before anything is sent, once", async () => {
  const tls = { cert: tlsFile("server.pem"), key: tlsFile("server.key") };
  const vendor = await createFaultReceiver({ tls });
  try {
    const { client } = makeClient(vendor.url());
    expect(errorOf(await client.post("/", {}))).toMatchObject({
      code: "NETWORK_ERROR",
      outcome: "not_sent",
      retryable: false,
      attempts: 1,
    });
    expect(vendor.requests).toEqual([]);
  } finally {
    await vendor.close();
  }
});

describe("the error of a fetch", () => {
  const connect = { syscall: "connect" };
  test.each([
    ["Bun", { code: "ECONNRESET" }, "ECONNRESET", "unknown"],
    ["Bun", { code: "ECONNREFUSED" }, "ECONNREFUSED", "not_sent"],
    ["Bun", { code: "ENOTFOUND" }, "ENOTFOUND", "not_sent"],
    ["an older Bun", { code: "ConnectionRefused" }, "ECONNREFUSED", "not_sent"],
    ["an older Bun", { code: "FailedToOpenSocket" }, "ECONNREFUSED", "not_sent"],
    ["an older Bun", { code: "ConnectionClosed" }, "ECONNRESET", "unknown"],
    ["Node", { cause: { code: "ECONNREFUSED", ...connect } }, "ECONNREFUSED", "not_sent"],
    ["Node", { cause: { code: "EAI_AGAIN" } }, "EAI_AGAIN", "not_sent"],
    ["Node", { cause: { code: "UND_ERR_CONNECT_TIMEOUT" } }, "UND_ERR_CONNECT_TIMEOUT", "not_sent"],
    ["Node", { cause: { code: "UND_ERR_SOCKET" } }, "ECONNRESET", "unknown"],
    ["Node", { cause: { code: "ECONNRESET", syscall: "read" } }, "ECONNRESET", "unknown"],
    ["Node", { cause: { code: "ETIMEDOUT", ...connect } }, "ETIMEDOUT", "not_sent"],
    ["Node", { cause: { code: "ETIMEDOUT", syscall: "read" } }, "ETIMEDOUT", "unknown"],
    ["Node", { cause: { code: "EHOSTUNREACH", ...connect } }, "EHOSTUNREACH", "not_sent"],
    ["Node", { cause: { code: "EHOSTUNREACH", syscall: "write" } }, "EHOSTUNREACH", "unknown"],
    ["Node", { cause: { errors: [{ code: "ECONNREFUSED" }] } }, "ECONNREFUSED", "not_sent"],
    ["Node", { cause: { code: "ERR_SSL_BAD_RECORD" } }, "ERR_SSL_BAD_RECORD", "unknown"],
    ["nobody", { code: "something else" }, undefined, "unknown"],
    ["nobody", {}, undefined, "unknown"],
  ])("of %s (%j) is read", async (_name, parts, reason, outcome) => {
    const { client } = makeClient("https://vendor.test", {
      retry: false,
      fetch: () => Promise.reject(Object.assign(new TypeError("fetch failed"), parts)),
    });
    const error = errorOf(await client.post("/", {}));
    expect(error).toMatchObject({ code: "NETWORK_ERROR", outcome, retryable: true, attempts: 1 });
    expect(error.reason).toBe(reason);
  });

  test("that causes itself is read, too", async () => {
    const error = new TypeError("fetch failed");
    error.cause = error;
    const { client } = makeClient("https://vendor.test", { fetch: () => Promise.reject(error) });
    expect(errorOf(await client.post("/", {})).code).toBe("NETWORK_ERROR");
  });
});

test("once an attempt may have been executed, a later refusal of the connection does not undo that", async () => {
  const requests: string[] = [];
  const { client } = makeClient("https://vendor.test", {
    retry: { maxRetries: 1 },
    fetch: async () => {
      requests.push("");
      const code = requests.length === 1 ? "ECONNRESET" : "ECONNREFUSED";
      throw Object.assign(new TypeError("fetch failed"), { cause: { code, syscall: "connect" } });
    },
  });
  expect(errorOf(await client.post("/", {}, { idempotencyKey: "k" }))).toMatchObject({
    reason: "ECONNREFUSED",
    outcome: "unknown",
    attempts: 2,
  });
});

describe.each(["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "PATCH"])("%s", (method) => {
  test("is sent once per attempt, also where a kept connection has died", async () => {
    let requests = 0;
    const vendor = await listenRaw((socket) => {
      socket.on("data", () => {
        requests += 1;
        if (requests > 1) socket.resetAndDestroy();
        else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n");
      });
    });
    try {
      const { client } = makeClient(vendor.url, { retry: false });
      expect((await client.request(method, "/")).success).toBe(true);
      expect(errorOf(await client.request(method, "/")).code).toBe("NETWORK_ERROR");
      expect(requests).toBe(2);
    } finally {
      await vendor.close();
    }
  });
});

test("a body that is shorter than announced is cut off, also where fetch does not notice", async () => {
  const { client } = makeClient("https://vendor.test", {
    retry: false,
    fetch: async () => new Response("[1", { headers: { "content-length": "100" } }),
  });
  expect(errorOf(await client.get("/"))).toMatchObject({
    code: "NETWORK_ERROR",
    reason: "TRUNCATED",
    outcome: "unknown",
    status: 200,
  });
});
