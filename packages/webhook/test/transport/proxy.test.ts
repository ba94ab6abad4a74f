import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { parseProxy } from "../../src/transport/proxy-tunnel.ts";
import { TRANSPORTS, certificate, failureOf, receiver, request, table } from "./setup.ts";
import { listen, until } from "./socket-setup.ts";
import { startProxy } from "./test-proxy.ts";

const tls = { cert: certificate("server.pem"), key: certificate("server.key") };
const ca = certificate("ca.pem");

const ESTABLISHED = "HTTP/1.1 200 OK\r\n\r\n";
const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";
const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
const FOUND = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n";
const WRONG_VERSION = "ERR_SSL_WRONG_VERSION_NUMBER";

function tunnelThen(next: (socket: Socket) => unknown): (socket: Socket) => void {
  return (socket) => {
    socket.write(ESTABLISHED);
    socket.once("data", () => next(socket));
  };
}

function endlessFields(socket: Socket): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(`x: ${"a".repeat(1_000)}\r\n`));
  };
  socket.write("HTTP/1.1 200 OK\r\n");
  socket.on("drain", more);
  more();
}

describe.each(TRANSPORTS)("over the $name transport:", ({ transport }) => {
  describe("https through a proxy", () => {
    test("goes through one tunnel, which is kept, to the name, which is not resolved here", async () => {
      const server = await receiver({ tls });
      const proxy = await startProxy();
      const { resolve, asked } = table({});
      const sender = transport({ resolve, network: {} });
      const url = `https://hook.example.test:${server.port}/hook`;
      for (let index = 0; index < 3; index += 1) {
        const outcome = await sender.send(request(url, { proxy: proxy.url, tls: { ca } }));
        expect(failureOf(outcome)).toEqual({ kind: "response", status: 200 });
        // The address is the proxy's business.
        expect(outcome.address).toBeUndefined();
        expect(Object.keys(outcome.timings)).toEqual(
          index === 0 ? ["connectMs", "firstByteMs", "totalMs"] : ["firstByteMs", "totalMs"],
        );
      }
      expect(proxy.asked).toEqual([
        { line: `CONNECT hook.example.test:${server.port}`, authorization: undefined },
      ]);
      expect(asked).toEqual([]);
      expect(server.connections()).toBe(1);
      expect(server.requests[0]).toMatchObject({
        path: "/hook",
        headers: { host: `hook.example.test:${server.port}` },
      });
    });

    test("checks the endpoint's certificate, not the proxy's word", async () => {
      const server = await receiver({ tls });
      const proxy = await startProxy();
      const sender = transport();
      for (const [host, settings] of [
        ["other.example.test", { ca }],
        ["hook.example.test", {}],
      ] as const) {
        const outcome = await sender.send(
          request(`https://${host}:${server.port}/`, { proxy: proxy.url, tls: settings }),
        );
        expect(outcome).toMatchObject({ kind: "error", errorClass: "tls" });
      }
      expect(server.requests).toEqual([]);
    });

    test("sends the proxy's credentials to the proxy alone", async () => {
      const server = await receiver({ tls });
      const proxy = await startProxy();
      await transport().send(
        request(`https://hook.example.test:${server.port}/`, {
          proxy: `http://us%40er:p%3Ass@127.0.0.1:${proxy.port}`,
          tls: { ca },
        }),
      );
      expect(proxy.asked[0]?.authorization).toBe(`Basic ${btoa("us@er:p:ss")}`);
      expect(server.requests[0]?.headers["proxy-authorization"]).toBeUndefined();
    });

    test("is of class connect where the proxy refuses, speaks first, or is not there", async () => {
      const url = "https://hook.example.test/";
      for (const fault of ["refuse", "speak-first"] as const) {
        const proxy = await startProxy(fault);
        const outcome = await transport().send(request(url, { proxy: proxy.url }));
        expect(failureOf(outcome)).toEqual({ errorClass: "connect", code: "PROXY_REFUSED" });
      }
      const outcome = await transport().send(request(url, { proxy: "http://127.0.0.1:1" }));
      expect(failureOf(outcome)).toEqual({ errorClass: "connect", code: "ECONNREFUSED" });
    });

    test("has the same deadline over the tunnel, and leaves nothing of it open", async () => {
      const hanging = await startProxy("hang");
      const sender = transport();
      const url = "https://hook.example.test/";
      const first = await sender.send(request(url, { proxy: hanging.url, timeoutMs: 60 }));
      expect(failureOf(first)).toEqual({ errorClass: "timeout" });
      expect(first).toMatchObject({ message: expect.stringContaining("while connecting") });
      await until(() => hanging.openConnections() === 0);

      const stalled = await receiver({ tls, stallHandshake: true });
      const proxy = await startProxy();
      const second = await sender.send(
        request(`https://hook.example.test:${stalled.port}/`, { proxy: proxy.url, timeoutMs: 60 }),
      );
      expect(failureOf(second)).toEqual({ errorClass: "timeout" });
      expect(second).toMatchObject({ message: expect.stringContaining("TLS handshake") });
      await until(() => proxy.openConnections() === 0);
    });

    test.each<[string, (socket: Socket) => void, string, string | undefined]>([
      ["answers with junk", (to) => to.write("SSH-2.0-x\r\n"), "connect", "HPE_INVALID_CONSTANT"],
      ["answers 100 and 100", (to) => to.write(CONTINUE.repeat(5_000)), "connect", undefined],
      ["changes the protocol", (to) => to.write(SWITCHING), "connect", "PROXY_REFUSED"],
      ["redirects", (to) => to.write(FOUND), "connect", "PROXY_REFUSED"],
      ["hangs up", (to) => to.end(), "connect", "ECONNRESET"],
      ["resets", (to) => to.resetAndDestroy(), "connect", "ECONNRESET"],
      ["has no end to its fields", endlessFields, "connect", "HPE_HEADER_OVERFLOW"],
      ["hangs up in the handshake", tunnelThen((to) => to.end()), "tls", "ECONNRESET"],
      ["resets in the handshake", tunnelThen((to) => to.resetAndDestroy()), "tls", "ECONNRESET"],
      ["answers for the endpoint", tunnelThen((to) => to.write(FOUND)), "tls", WRONG_VERSION],
    ])("fails where the proxy %s", async (_name, answer, errorClass, code) => {
      const proxy = await listen((socket) => socket.once("data", () => answer(socket)));
      const outcome = await transport().send(
        request("https://hook.example.test/", { proxy: proxy.url.slice(0, -1), tls: { ca } }),
      );
      expect(failureOf(outcome)).toMatchObject({ errorClass, ...(code && { code }) });
      await until(() => proxy.sockets[0]?.destroyed === true);
    });

    test("asks for an address of IPv6 in brackets", async () => {
      const proxy = await startProxy("refuse");
      await transport().send(request("https://[2606:4700::1111]:444/", { proxy: proxy.url }));
      expect(proxy.asked[0]?.line).toBe("CONNECT [2606:4700::1111]:444");
    });

    test("does not use a direct connection's pool, nor the other way round", async () => {
      const server = await receiver({ tls });
      const proxy = await startProxy();
      const { resolve } = table({ "hook.example.test": ["127.0.0.1"] });
      const sender = transport({ resolve });
      const url = `https://hook.example.test:${server.port}/`;
      await sender.send(request(url, { tls: { ca } }));
      await sender.send(request(url, { tls: { ca }, proxy: proxy.url }));
      await sender.send(request(url, { tls: { ca } }));
      expect(proxy.asked).toHaveLength(1);
      expect(server.connections()).toBe(2);
    });
  });

  describe("http through a proxy", () => {
    test("asks for the whole URL over kept connections, with the endpoint's host", async () => {
      const server = await receiver();
      const proxy = await startProxy();
      const { resolve, asked } = table({});
      const sender = transport({ resolve, network: {} });
      const url = `http://hook.example.test:${server.port}/hook?x=1`;
      for (let index = 0; index < 2; index += 1) {
        const outcome = await sender.send(
          request(url, { proxy: `http://user:pass@127.0.0.1:${proxy.port}` }),
        );
        expect(failureOf(outcome)).toEqual({ kind: "response", status: 200 });
        expect(outcome.address).toBeUndefined();
      }
      const authorization = `Basic ${btoa("user:pass")}`;
      expect(proxy.asked).toEqual([
        { line: `POST ${url}`, authorization },
        { line: `POST ${url}`, authorization },
      ]);
      expect(proxy.openConnections()).toBe(1);
      expect(asked).toEqual([]);
      expect(server.requests[0]).toMatchObject({
        path: "/hook?x=1",
        headers: { host: `hook.example.test:${server.port}` },
      });
    });

    test("a request cannot replace the credentials that the proxy is given", async () => {
      const server = await receiver();
      const proxy = await startProxy();
      await transport({ network: {} }).send(
        request(`http://hook.example.test:${server.port}/`, {
          headers: { "Proxy-Authorization": "Basic other" },
          proxy: `http://user:pass@127.0.0.1:${proxy.port}`,
        }),
      );
      expect(proxy.asked[0]?.authorization).toBe(`Basic ${btoa("user:pass")}`);
    });

    test("a connection to the proxy never serves a direct request to the same place", async () => {
      const proxy = await startProxy();
      const server = await receiver();
      const sender = transport({ network: {} });
      const target = `http://hook.example.test:${server.port}/`;
      await sender.send(request(target, { proxy: proxy.url }));
      const direct = await sender.send(request(`${proxy.url}/`));
      expect(failureOf(direct)).toEqual({ errorClass: "blocked", code: "BLOCKED_ADDRESS" });
      expect(proxy.asked).toHaveLength(1);
    });
  });

  describe("the proxy itself", () => {
    test.each(["http", "https"])("may be on an inner address, for %s", async (scheme) => {
      const server = await receiver(scheme === "https" ? { tls } : {});
      const proxy = await startProxy();
      const outcome = await transport({ network: {} }).send(
        request(`${scheme}://hook.example.test:${server.port}/`, {
          proxy: `http://localhost:${proxy.port}`,
          tls: { ca },
        }),
      );
      expect(failureOf(outcome)).toEqual({ kind: "response", status: 200 });
      expect(proxy.asked).toHaveLength(1);
    });
  });

  describe("the proxy's URL", () => {
    test("gives host, port and headers", () => {
      expect(parseProxy("http://proxy.example")).toEqual({
        host: "proxy.example",
        port: 80,
        headers: {},
      });
      expect(parseProxy("http://ü:ü@[::1]:3128/")).toEqual({
        host: "::1",
        port: 3128,
        headers: { "proxy-authorization": "Basic w7w6w7w=" },
      });
    });

    test.each([
      "",
      "proxy.example:3128",
      "https://proxy.example",
      "socks5://proxy.example",
      "http://proxy.example/path",
      "http://proxy.example/?x",
      "http://proxy.example:0",
      "http://user%zz:secret@proxy.example",
    ])("%j is refused, without being repeated", async (proxy) => {
      expect(() => parseProxy(proxy)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
      const outcome = await transport().send(request("https://hook.example.test/", { proxy }));
      expect(failureOf(outcome)).toEqual({ errorClass: "connect", code: "INVALID_OPTION" });
      expect(JSON.stringify(outcome)).not.toContain("secret");
    });
  });
});
