import { describe, expect, test } from "vitest";
import { failureOf, receiver, request } from "./setup.ts";
import { OK, listen, socketTransport, until } from "./socket-setup.ts";

const HEAD = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;
const NO_CONTENT = "HTTP/1.1 204 No Content\r\n\r\n";

describe("a receiver that hangs up", () => {
  test.each<[string, string, string, number | undefined]>([
    ["before a byte", "", "http", undefined],
    ["in the status line", "HTTP/1.1 2", "http", undefined],
    ["after an informational response", "HTTP/1.1 100 Continue\r\n\r\n", "http", undefined],
    ["in the fields", `${HEAD}x-a: b`, "http", undefined],
    ["in a body with a length", `${HEAD}Content-Length: 5\r\n\r\nab`, "body", 200],
    ["in a chunk's size", `${CHUNKED}5`, "body", 200],
    ["in a chunk", `${CHUNKED}5\r\nab`, "body", 200],
    ["in the trailers", `${CHUNKED}0\r\nx-a: b\r\n`, "body", 200],
  ])("%s, with and without a reset, has failed there", async (_name, bytes, errorClass, status) => {
    for (const isReset of [false, true]) {
      const server = await listen((socket) => {
        const hangUp = (): unknown => (isReset ? socket.resetAndDestroy() : socket.end());
        socket.once("data", () => {
          // A reset throws away what has not been read: what comes before it gets time.
          if (bytes === "") hangUp();
          else socket.write(bytes, "latin1", () => setTimeout(hangUp, 20));
        });
      });
      const outcome = await socketTransport().send(request(server.url));
      expect(outcome).toMatchObject({ kind: "error", errorClass });
      expect(failureOf(outcome)).toMatchObject(status === undefined ? {} : { status });
      await until(() => server.sockets[0]?.destroyed === true);
    }
  });

  test("with a reset while a long request is being written has failed, and leaves nothing", async () => {
    const server = await listen((socket) => {
      socket.once("data", () => socket.resetAndDestroy());
    });
    const body = new Uint8Array(20_000_000);
    const outcome = await socketTransport().send(request(server.url, { body }));
    expect(outcome).toMatchObject({ kind: "error", errorClass: "http" });
    expect(server.sockets).toHaveLength(1);
  });

  test("after it has answered while a long request is being written has answered", async () => {
    const server = await listen((socket) => {
      socket.once("data", () => {
        socket.pause();
        socket.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
      });
    });
    const body = new Uint8Array(20_000_000);
    const outcome = await socketTransport().send(request(server.url, { body }));
    expect(outcome).toMatchObject({ kind: "response", status: 413 });
    server.sockets[0]?.resume();
    await until(() => server.sockets[0]?.destroyed === true);
  });

  test("in the rest of a long answer, which is thrown away, hurts nobody", async () => {
    for (const end of ["end", "resetAndDestroy"] as const) {
      const server = await listen((socket) => {
        socket.on("data", () => {
          socket.write(`${HEAD}Content-Length: 5000\r\n\r\n${"a".repeat(4_000)}`);
        });
      });
      const sender = socketTransport();
      const sent = request(server.url, { maxResponseBytes: 10 });
      for (let round = 0; round < 3; round += 1) {
        expect(await sender.send(sent)).toMatchObject({ status: 200, truncated: true });
        server.sockets[round]?.[end]();
        await until(() => server.sockets[round]?.destroyed === true);
      }
    }
  });

  test("with half of the connection only is not written to again", async () => {
    const server = await receiver();
    const half = await listen((socket) => {
      // The other half stays open: whoever writes into it is read, and never answered.
      socket.on("data", () => socket.writable && socket.write(NO_CONTENT));
    });
    const sender = socketTransport();
    expect(failureOf(await sender.send(request(half.url)))).toMatchObject({ status: 204 });
    half.sockets[0]?.end();
    await until(() => half.sockets[0]?.destroyed === true);
    expect(failureOf(await sender.send(request(half.url)))).toMatchObject({ status: 204 });
    expect(half.sockets).toHaveLength(2);
    expect(failureOf(await sender.send(request(server.url())))).toEqual(OK);
  });
});
