import { describe, expect, test } from "vitest";
import { TRANSPORTS, failureOf, receiver, request, responseOf, table, textOf } from "./setup.ts";

describe.each(TRANSPORTS)("over the $name transport:", ({ transport }) => {
  describe("a request on the wire", () => {
    test("carries the body, the headers as given, and the transport's own", async () => {
      const server = await receiver();
      server.script("/hook", [
        { kind: "respond", status: 201, headers: { "x-request-id": "r1" }, body: "thanks" },
      ]);
      const outcome = await transport().send(
        request(server.url("/hook?tenant=7"), {
          headers: { "X-Webhook-Signature": "sha256=00", "content-type": "application/json" },
        }),
      );

      expect(outcome).toMatchObject({ kind: "response", status: 201, truncated: false });
      expect(outcome).toMatchObject({ address: "127.0.0.1", headers: { "x-request-id": "r1" } });
      expect(textOf(responseOf(outcome).body)).toBe("thanks");
      const [received] = server.requests;
      expect(received).toMatchObject({
        method: "POST",
        path: "/hook?tenant=7",
        headers: {
          host: `127.0.0.1:${server.port}`,
          "x-webhook-signature": "sha256=00",
          "content-type": "application/json",
          "content-length": "17",
          "accept-encoding": "identity",
        },
      });
      expect(received && textOf(received.body)).toBe('{"orderId":"123"}');
      expect(received?.headers["transfer-encoding"]).toBeUndefined();
    });

    test("cannot have the transport's own headers replaced, whatever the case of their names", async () => {
      const server = await receiver();
      await transport().send(
        request(server.url(), {
          headers: { Host: "other.example", "Content-Length": "1", "Accept-Encoding": "gzip" },
        }),
      );
      expect(server.requests[0]?.headers).toMatchObject({
        host: `127.0.0.1:${server.port}`,
        "content-length": "17",
        "accept-encoding": "identity",
      });
    });

    test("is sent to a name at the address that the resolver gave", async () => {
      const server = await receiver();
      const { resolve, asked } = table({ "hook.example.test": ["127.0.0.1"] });
      const outcome = await transport({ resolve }).send(
        request(`http://hook.example.test:${server.port}/`),
      );
      expect(outcome).toMatchObject({ kind: "response", status: 200, address: "127.0.0.1" });
      expect(asked).toEqual(["hook.example.test"]);
      expect(server.requests[0]?.headers["host"]).toBe(`hook.example.test:${server.port}`);
    });
  });

  describe("a response", () => {
    test("of each status is a response, redirects not followed", async () => {
      const server = await receiver();
      const target = await receiver();
      server.script("/moved", [{ kind: "redirect", location: target.url("/stolen") }]);
      for (const status of [200, 204, 304, 400, 410, 429, 500, 503]) {
        server.script(`/${status}`, [{ kind: "respond", status }]);
      }
      const sender = transport();
      for (const status of [200, 204, 304, 400, 410, 429, 500, 503]) {
        const outcome = await sender.send(request(server.url(`/${status}`)));
        expect(failureOf(outcome)).toEqual({ kind: "response", status });
      }
      const moved = await sender.send(request(server.url("/moved")));
      expect(moved).toMatchObject({
        kind: "response",
        status: 302,
        headers: { location: target.url("/stolen") },
      });
      expect(target.connections()).toBe(0);
    });

    test("has lower-case header names and repeated fields joined", async () => {
      const server = await receiver();
      server.script("/", [
        {
          kind: "raw",
          bytes:
            "HTTP/1.1 200 OK\r\nX-Many: a\r\nx-many: b\r\nSet-Cookie: c=1\r\nset-cookie: d=2\r\n" +
            "__proto__: polluted\r\nContent-Length: 0\r\n\r\n",
        },
      ]);
      const outcome = await transport().send(request(server.url()));
      expect(outcome).toMatchObject({
        headers: { "x-many": "a, b", "set-cookie": "c=1, d=2", "content-length": "0" },
      });
      expect(Object.getPrototypeOf(responseOf(outcome).headers)).toBe(Object.prototype);
    });

    test("is found behind informational responses", async () => {
      const server = await receiver();
      server.script("/", [
        {
          kind: "raw",
          bytes:
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" +
            "HTTP/1.1 204 No Content\r\n\r\n",
        },
      ]);
      expect(failureOf(await transport().send(request(server.url())))).toEqual({
        kind: "response",
        status: 204,
      });
    });
  });

  describe("what is kept of a body", () => {
    test("the first bytes of 200 MB, without reading the rest", async () => {
      const server = await receiver();
      server.script("/", [{ kind: "big-body", bytes: 200_000_000 }]);
      const outcome = await transport().send(request(server.url()));
      expect(outcome).toMatchObject({ kind: "response", status: 200, truncated: true });
      expect(responseOf(outcome).body).toHaveLength(16_384);
      // What the kernel's buffers of both ends can hold.
      expect(server.bytesSent()).toBeLessThan(32_000_000);
    });

    test("a gzip bomb as it came, not unpacked", async () => {
      const server = await receiver();
      server.script("/", [{ kind: "gzip-bomb", bytes: 50_000_000 }]);
      const outcome = await transport().send(request(server.url(), { maxResponseBytes: 1_024 }));
      expect(outcome).toMatchObject({ kind: "response", truncated: true });
      const { body } = responseOf(outcome);
      expect(body).toHaveLength(1_024);
      expect([...body.subarray(0, 2)]).toEqual([0x1f, 0x8b]);
    });

    test("all of it, where it is exactly as long as is kept", async () => {
      const server = await receiver();
      server.script("/", [{ kind: "respond", status: 200, body: "12345678" }]);
      const sender = transport();
      for (const [maxResponseBytes, text, truncated] of [
        [9, "12345678", false],
        [8, "12345678", false],
        [7, "1234567", true],
        [0, "", true],
      ] as const) {
        const outcome = await sender.send(request(server.url(), { maxResponseBytes }));
        expect(outcome).toMatchObject({ kind: "response", truncated });
        expect(textOf(responseOf(outcome).body)).toBe(text);
      }
    });
  });
});
