import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  gzipped,
  hang,
  respond,
  slowBody,
  status,
  truncated,
  useFaultServer,
} from "./fault-server.ts";
import { dataOf, errorOf, makeClient } from "./set-up.ts";

const server = useFaultServer();

/** Node keeps some connections for later and opens new ones ahead: what counts is that one was closed. */
function closed(): number {
  return server.connections() - server.openConnections();
}

function sent(index = 0): { body: string; type: string | undefined } {
  const request = server.requests[index];
  return {
    body: new TextDecoder().decode(request?.body),
    type: request?.headers["content-type"],
  };
}

describe("an answer", () => {
  test("of JSON is parsed, also when it was compressed, and its headers tell of what is there", async () => {
    server.answers(gzipped(JSON.stringify({ text: "x".repeat(5_000) })));
    const { client } = makeClient(server.url());
    const result = await client.get("/");
    expect(dataOf(result)).toEqual({ text: "x".repeat(5_000) });
    const headers = result.success ? result.headers : new Headers();
    expect(headers.get("content-encoding")).toBeNull();
    expect(headers.get("content-length")).toBeNull();
    expect(headers.get("content-type")).toBe("application/json");
  });

  test("without a body has no data", async () => {
    server.answers(status(204));
    const { client } = makeClient(server.url());
    expect(await client.delete("/")).toMatchObject({ success: true, status: 204, attempts: 1 });
    server.answers(status(200));
    expect(dataOf(await client.get("/"))).toBeUndefined();
  });

  test("to a HEAD has headers alone, also those about the body that a GET would have", async () => {
    server.answers(respond(200, { a: 1 }));
    const { client } = makeClient(server.url());
    const result = await client.request("HEAD", "/");
    expect(dataOf(result)).toBeUndefined();
    expect(result.success && result.headers.get("content-type")).toBe("application/json");
  });

  test("that says JSON and is none is a PARSE_ERROR, after which the vendor has acted", async () => {
    server.answers({
      kind: "respond",
      status: 200,
      headers: { "content-type": "application/json" },
      body: "<html>",
    });
    const { client } = makeClient(server.url());
    const error = errorOf(await client.post("/", {}, { idempotencyKey: "k" }));
    expect(error).toMatchObject({
      code: "PARSE_ERROR",
      status: 200,
      outcome: "unknown",
      attempts: 1,
      data: "<html>",
    });
    expect(server.count()).toBe(1);
  });

  test("of another kind is text, or bytes on demand", async () => {
    const text = { kind: "respond", status: 200, headers: { "content-type": "text/csv" } } as const;
    server.answers({ ...text, body: "a,b" });
    const { client } = makeClient(server.url());
    expect(dataOf(await client.get("/"))).toBe("a,b");
    expect(dataOf(await client.get("/", { responseType: "bytes" }))).toEqual(
      new TextEncoder().encode("a,b"),
    );
    server.answers(respond(200, { a: 1 }));
    expect(dataOf(await client.get("/", { responseType: "text" }))).toBe('{"a":1}');
    expect(server.requests.map(({ headers }) => headers["accept"])).toEqual([
      "application/json",
      "*/*",
      "*/*",
    ]);
  });

  test.each(["application/problem+json", "application/json; charset=utf-8", "Application/JSON"])(
    "of type %s is JSON",
    async (type) => {
      server.answers(respond(200, [1], { "content-type": type }));
      const { client } = makeClient(server.url());
      expect(dataOf(await client.get("/"))).toEqual([1]);
    },
  );

  test("that fits a schema is the schema's output", async () => {
    server.answers(respond(200, { id: "1", at: "2026-01-02", more: true }));
    const { client } = makeClient(server.url());
    const schema = z.object({ id: z.string(), at: z.coerce.date() });
    const data = dataOf(await client.get("/", { schema }));
    expect(data.at.getTime()).toBe(Date.UTC(2026, 0, 2));
    expect(Object.keys(data)).toEqual(["id", "at"]);
  });

  test("that does not is a VALIDATION_ERROR, which names the places and not the values", async () => {
    server.answers(respond(200, { items: [{ price: "four" }], "a b": 1 }));
    const { client } = makeClient(server.url());
    const schema = z.object({ items: z.array(z.object({ price: z.number() })), "a b": z.string() });
    const error = errorOf(await client.post("/", {}, { schema }));
    expect(error).toMatchObject({ code: "VALIDATION_ERROR", outcome: "unknown", status: 200 });
    expect(error.message).toContain("items.0.price, {}");
    expect(error.message).not.toContain("four");
    expect(error.data).toEqual({ items: [{ price: "four" }], "a b": 1 });
  });

  test("that a schema throws on is a VALIDATION_ERROR too", async () => {
    server.answers(respond(200, {}));
    const { client } = makeClient(server.url());
    const schema = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate(): never {
          throw new Error("bug");
        },
      },
    };
    expect(errorOf(await client.get("/", { schema })).code).toBe("VALIDATION_ERROR");
  });
});

describe("an answer that is too large", () => {
  test("is refused by its announced length", async () => {
    server.answers(respond(200, "x".repeat(2_000)));
    const { client } = makeClient(server.url(), { maxResponseBytes: 1_000 });
    expect(errorOf(await client.post("/", {}))).toMatchObject({
      code: "RESPONSE_TOO_LARGE",
      status: 200,
      outcome: "unknown",
      attempts: 1,
    });
  });

  test("is not read when its length is announced", async () => {
    const head = "HTTP/1.1 200 OK\r\ncontent-length: 10485761\r\n\r\n";
    server.answers({ kind: "raw", bytes: head, afterwards: "keep-open" });
    const before = closed();
    const { client } = makeClient(server.url());
    expect(errorOf(await client.get("/")).code).toBe("RESPONSE_TOO_LARGE");
    await expect.poll(closed).toBeGreaterThan(before);
  });

  test("is refused where it passes the limit, and reading stops", async () => {
    server.answers({ kind: "gzip-bomb", bytes: 2 ** 30 });
    const { client } = makeClient(server.url());
    const sentBefore = server.bytesSent();
    const before = closed();
    expect(errorOf(await client.get("/")).code).toBe("RESPONSE_TOO_LARGE");
    await expect.poll(closed).toBeGreaterThan(before);
    expect(server.bytesSent() - sentBefore).toBeLessThan(2 ** 30);
    expect(server.count()).toBe(1);
  });

  test("of a refusal says that it was refused", async () => {
    server.answers(respond(402, "x".repeat(2_000)));
    const { client } = makeClient(server.url(), { maxResponseBytes: 1_000 });
    expect(errorOf(await client.post("/", {}))).toMatchObject({
      code: "RESPONSE_TOO_LARGE",
      status: 402,
      outcome: "rejected",
    });
  });

  test("may have exactly the limit", async () => {
    server.answers(respond(200, "x".repeat(998)));
    const { client } = makeClient(server.url(), { maxResponseBytes: 1_000 });
    expect(dataOf(await client.get("/"))).toBe("x".repeat(998));
  });
});

describe("a body", () => {
  test.each([
    ["an object", { a: 1 }, '{"a":1}', "application/json"],
    ["a list", [1], "[1]", "application/json"],
    ["a number", 1, "1", "application/json"],
    ["null", null, "null", "application/json"],
    ["a form", new URLSearchParams({ a: "1 2" }), "a=1+2", "application/x-www-form-urlencoded"],
    ["text", "plain", "plain", "text/plain"],
    ["a blob", new Blob(["b"], { type: "image/png" }), "b", "image/png"],
  ])("of %s is sent as what it is", async (_name, body, text, type) => {
    const { client } = makeClient(server.url());
    dataOf(await client.post("/", body));
    expect(sent().body).toBe(text);
    expect(sent().type?.split(";")[0]).toBe(type);
  });

  test("of bytes is sent without a type", async () => {
    const { client } = makeClient(server.url());
    dataOf(await client.put("/", new Uint8Array([104, 105])));
    expect(sent().body).toBe("hi");
  });

  test("can have a type of the caller's", async () => {
    const { client } = makeClient(server.url());
    const headers = { "Content-Type": "application/merge-patch+json" };
    dataOf(await client.patch("/", { a: 1 }, { headers }));
    expect(sent().type).toBe("application/merge-patch+json");
  });

  test("that JSON cannot express is a CONFIG_ERROR, and nothing is sent", async () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    const { client } = makeClient(server.url());
    for (const body of [cycle, { n: 1n }, () => {}, Symbol("s")]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const error = errorOf(await client.post("/", body));
      expect(error).toMatchObject({ code: "CONFIG_ERROR", outcome: "not_sent", attempts: 0 });
    }
    expect(errorOf(await client.request("GET", "/", { body: {} })).code).toBe("CONFIG_ERROR");
    expect(server.count()).toBe(0);
  });
});

describe("raw", () => {
  test("hands the answer out with its body unread and without a limit", async () => {
    server.answers({ kind: "big-body", bytes: 300_000 });
    const { client } = makeClient(server.url(), { maxResponseBytes: 1_000 });
    const response = dataOf(await client.raw("GET", "/"));
    let length = 0;
    for await (const chunk of response.body ?? []) length += chunk.length;
    expect(length).toBe(300_000);
  });

  test("tries again until the headers are there", async () => {
    server.answers(status(503), respond(200, { ok: 1 }));
    const { client } = makeClient(server.url());
    const result = await client.raw("GET", "/");
    expect(result).toMatchObject({ success: true, attempts: 2 });
    expect(await dataOf(result).json()).toEqual({ ok: 1 });
  });

  test("reads the body of a failure, so that the error has its data", async () => {
    server.answers(respond(404, { code: "missing" }));
    const { client } = makeClient(server.url());
    expect(errorOf(await client.raw("GET", "/"))).toMatchObject({
      status: 404,
      vendorCode: "missing",
      data: { code: "missing" },
    });
  });

  test("fails while it is read, if the connection is cut", async () => {
    server.answers(truncated);
    const { client } = makeClient(server.url());
    const response = dataOf(await client.raw("GET", "/"));
    await expect(response.text()).rejects.toMatchObject({ code: "NETWORK_ERROR" });
  });

  test("stops when the caller aborts, also long after the headers", async () => {
    server.answers(slowBody);
    const before = closed();
    const { client, clock } = makeClient(server.url());
    const controller = new AbortController();
    const response = dataOf(await client.raw("GET", "/", { signal: controller.signal }));
    await clock.advance(600_000);
    const text = response.text();
    controller.abort();
    await expect(text).rejects.toMatchObject({ code: "ABORTED" });
    await expect.poll(closed).toBeGreaterThan(before);
  });

  test("stops when the client is closed", async () => {
    server.answers(slowBody);
    const { client } = makeClient(server.url());
    const response = dataOf(await client.raw("GET", "/"));
    const text = response.text();
    await Promise.all([expect(text).rejects.toMatchObject({ code: "ABORTED" }), client.close()]);
  });

  test("lets go of the connection when the body is cancelled", async () => {
    server.answers(slowBody);
    const before = closed();
    const { client, clock } = makeClient(server.url());
    const response = dataOf(await client.raw("GET", "/"));
    await response.body?.cancel();
    await expect.poll(closed).toBeGreaterThan(before);
    expect(clock.pending()).toBe(0);
  });

  test("has a time-out until the headers", async () => {
    server.answers(hang);
    const { client, clock } = makeClient(server.url(), { retry: false });
    const result = client.raw("GET", "/");
    await server.received(1);
    await clock.advance(30_000);
    expect(errorOf(await result).code).toBe("TIMEOUT");
  });
});
