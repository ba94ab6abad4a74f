import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import type { ReceiverStep } from "../../src/testing/faults.ts";
import {
  TRANSPORTS,
  afterTest,
  certificate,
  failureOf,
  receiver,
  request,
  table,
} from "./setup.ts";

const tls = { cert: certificate("server.pem"), key: certificate("server.key") };
const ca = certificate("ca.pem");

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Takes a connection, waits for its first bytes, and closes it. */
async function hangUp(): Promise<number> {
  const server = createServer((socket) => socket.once("data", () => socket.destroy()));
  afterTest(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const big = "a".repeat(17 * 1024);
const raw = (bytes: string, afterwards?: "end" | "reset"): ReceiverStep => ({
  kind: "raw",
  bytes,
  ...(afterwards && { afterwards }),
});

describe.each(TRANSPORTS)("over the $name transport:", ({ transport }) => {
  describe("class dns", () => {
    test("a name that does not exist", async () => {
      const outcome = await transport(table({})).send(request("http://gone.example.test/"));
      expect(failureOf(outcome)).toEqual({ errorClass: "dns", code: "ENOTFOUND" });
      expect(outcome).toMatchObject({
        message: expect.stringContaining("Cannot resolve gone.example.test"),
      });
      expect(outcome.timings).toEqual({ totalMs: expect.any(Number) });
    });

    test("a name without an address", async () => {
      const { resolve } = table({ "empty.example.test": [] });
      const outcome = await transport({ resolve }).send(request("http://empty.example.test/"));
      expect(failureOf(outcome)).toEqual({ errorClass: "dns", code: "DNS_FAILED" });
    });

    test("a name that the operating system does not know", async () => {
      const outcome = await transport().send(request("http://no-such-name.invalid/"));
      expect(failureOf(outcome)).toMatchObject({ errorClass: "dns" });
    });
  });

  describe("class blocked", () => {
    test("an address, a localhost name, and a name with a private address", async () => {
      const { resolve } = table({ "inner.example.test": ["10.0.0.5"] });
      const sender = transport({ resolve, network: {} });
      for (const [url, code, text] of [
        ["http://127.0.0.1/", "BLOCKED_ADDRESS", 'allow: ["127.0.0.0/8"]'],
        ["http://localhost:8080/", "BLOCKED_ADDRESS", 'allow: ["127.0.0.0/8"]'],
        [
          "http://inner.example.test/",
          "BLOCKED_ADDRESS",
          "inner.example.test resolves to 10.0.0.5",
        ],
        ["ftp://example.test/", "INVALID_URL", "ftp:"],
      ] as const) {
        const outcome = await sender.send(request(url));
        expect(failureOf(outcome)).toEqual({ errorClass: "blocked", code });
        expect(outcome).toMatchObject({ message: expect.stringContaining(text) });
      }
    });
  });

  describe("class connect", () => {
    test("a port on which nobody listens, by address and by name", async () => {
      const port = await closedPort();
      const { resolve } = table({ "hook.example.test": ["127.0.0.1"] });
      const sender = transport({ resolve });
      for (const host of ["127.0.0.1", "hook.example.test"]) {
        const outcome = await sender.send(request(`http://${host}:${port}/`));
        expect(failureOf(outcome)).toEqual({ errorClass: "connect", code: "ECONNREFUSED" });
      }
    });

    test("a name of which every address refuses", async () => {
      const port = await closedPort();
      const { resolve } = table({ "hook.example.test": ["127.0.0.1", "127.0.0.2"] });
      const outcome = await transport({ resolve }).send(
        request(`http://hook.example.test:${port}/`),
      );
      expect(failureOf(outcome)).toEqual({ errorClass: "connect", code: "ECONNREFUSED" });
      expect(outcome).toMatchObject({ message: expect.stringContaining("ECONNREFUSED") });
    });
  });

  describe("class tls", () => {
    test("a certificate of an authority that is not trusted", async () => {
      const server = await receiver({ tls });
      const outcome = await transport().send(request(server.url()));
      expect(failureOf(outcome)).toEqual({
        errorClass: "tls",
        code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      });
      expect(server.requests).toEqual([]);
    });

    test("a certificate for another name", async () => {
      const server = await receiver({ tls });
      const { resolve } = table({ "other.example.test": ["127.0.0.1"] });
      const outcome = await transport({ resolve }).send(
        request(`https://other.example.test:${server.port}/`, { tls: { ca } }),
      );
      expect(failureOf(outcome)).toEqual({
        errorClass: "tls",
        code: "ERR_TLS_CERT_ALTNAME_INVALID",
      });
      expect(server.requests).toEqual([]);
    });

    test("a certificate that has expired", async () => {
      const server = await receiver({
        tls: { cert: certificate("expired.pem"), key: certificate("expired.key") },
      });
      const outcome = await transport().send(request(server.url(), { tls: { ca } }));
      expect(failureOf(outcome)).toEqual({ errorClass: "tls", code: "CERT_HAS_EXPIRED" });
    });

    test("a server that speaks no TLS", async () => {
      const server = await receiver();
      const outcome = await transport().send(request(`https://127.0.0.1:${server.port}/`));
      expect(outcome).toMatchObject({ kind: "error", errorClass: "tls" });
    });

    test("a server that hangs up in the handshake", async () => {
      const outcome = await transport().send(request(`https://127.0.0.1:${await hangUp()}/`));
      expect(outcome).toMatchObject({ kind: "error", errorClass: "tls" });
    });

    test("a missing client certificate, though the refusal comes after the handshake", async () => {
      const server = await receiver({ tls: { ...tls, clientCa: ca } });
      const outcome = await transport().send(request(server.url(), { tls: { ca } }));
      expect(outcome).toMatchObject({ kind: "error", errorClass: "tls" });
      expect(server.requests).toEqual([]);
    });

    test("settings that are no PEM", async () => {
      const server = await receiver({ tls });
      const outcome = await transport().send(
        request(server.url(), { tls: { cert: "not a certificate", key: "not a key" } }),
      );
      expect(outcome).toMatchObject({ kind: "error", errorClass: "tls" });
      expect(JSON.stringify(outcome)).not.toContain("not a key");
    });
  });

  describe("class http", () => {
    test.each<[string, ReceiverStep, string | undefined]>([
      ["a reset before the headers", { kind: "reset", when: "before-headers" }, "ECONNRESET"],
      ["an end before the headers", raw("", "end"), "ECONNRESET"],
      ["a reset within the headers", raw("HTTP/1.1 200 OK\r\nx: ", "reset"), "ECONNRESET"],
      ["another protocol", raw("SSH-2.0-OpenSSH_9.9\r\n"), "HPE_INVALID_CONSTANT"],
      ["a status that is no number", raw("HTTP/1.1 2x0 OK\r\n\r\n"), "HPE_INVALID_STATUS"],
      ["a status below 100", raw("HTTP/1.1 000 OK\r\ncontent-length: 0\r\n\r\n"), undefined],
      ["headers over 16 KiB", raw(`HTTP/1.1 200 OK\r\nx: ${big}\r\n\r\n`), "HPE_HEADER_OVERFLOW"],
      [
        "two lengths",
        raw("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"),
        "HPE_UNEXPECTED_CONTENT_LENGTH",
      ],
      [
        "a length and chunks",
        raw("HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        "HPE_INVALID_TRANSFER_ENCODING",
      ],
      [
        "a change of protocol",
        raw("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"),
        undefined,
      ],
    ])("%s", async (_name, step, code) => {
      const server = await receiver();
      server.script("/", [step]);
      const outcome = await transport().send(request(server.url()));
      expect(failureOf(outcome)).toEqual({ errorClass: "http", ...(code && { code }) });
      expect(server.requests).toHaveLength(1);
    });

    test("headers just under 16 KiB pass", async () => {
      const server = await receiver();
      server.script("/", [{ kind: "respond", status: 200, headers: { x: "a".repeat(15 * 1024) } }]);
      expect(failureOf(await transport().send(request(server.url())))).toEqual({
        kind: "response",
        status: 200,
      });
    });

    test("a header value that the runtime refuses is an outcome, not an exception", async () => {
      const server = await receiver();
      const outcome = await transport().send(
        request(server.url(), { headers: { x: "a\r\nwebhook-id: forged" } }),
      );
      expect(outcome).toMatchObject({ kind: "error" });
      expect(server.requests).toEqual([]);
    });
  });

  describe("class body", () => {
    test.each<[string, ReceiverStep]>([
      ["a reset after the headers", { kind: "reset", when: "after-headers" }],
      ["an end before the length", raw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", "end")],
      [
        "a chunk without a size",
        raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n"),
      ],
      [
        "an end before the last chunk",
        raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", "end"),
      ],
    ])("%s, with the status that came", async (_name, step) => {
      const server = await receiver();
      server.script("/", [step]);
      const outcome = await transport().send(request(server.url()));
      expect(outcome).toMatchObject({ kind: "error", errorClass: "body", status: 200 });
      expect(outcome.timings.firstByteMs).toBeLessThanOrEqual(outcome.timings.totalMs);
    });
  });
});
