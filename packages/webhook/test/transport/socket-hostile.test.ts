import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { failureOf, request } from "./setup.ts";
import { OK, listen, socketTransport, until } from "./socket-setup.ts";

/** What a receiver may try that wants to hurt the sender, over real sockets. */

const HEAD = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;
const FINAL = `${HEAD}Content-Length: 2\r\n\r\nok`;
const NO_CONTENT = "HTTP/1.1 204 No Content\r\n\r\n";

/** Writes one piece after another, for as long as somebody takes them. @returns how much was taken */
function pour(socket: Socket, next: (index: number) => string): () => number {
  let index = 0;
  let written = 0;
  const more = (): void => {
    for (;;) {
      // What is written goes to the kernel first: a sender that has had enough closes only after a while.
      if (socket.destroyed || socket.writableEnded || written > 50_000_000) return;
      let piece = "";
      for (const end = index + 100; index < end; index += 1) piece += next(index);
      written += piece.length;
      if (!socket.write(piece, "latin1")) return;
    }
  };
  socket.on("drain", more);
  more();
  return () => written;
}

describe("a receiver that never comes to an end", () => {
  test.each<[string, string, (index: number) => string, string | undefined]>([
    [
      "informational responses",
      "",
      () => "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n",
      undefined,
    ],
    ["fields", HEAD, (index) => `x-${index}: y\r\n`, "HPE_HEADER_OVERFLOW"],
    ["one field", `${HEAD}x: `, () => "y".repeat(100), "HPE_HEADER_OVERFLOW"],
    ["a reason phrase", "HTTP/1.1 200 ", () => "y".repeat(100), "HPE_HEADER_OVERFLOW"],
    ["chunk extensions", `${CHUNKED}1;`, (index) => `a${index};`, "HPE_CHUNK_EXTENSIONS_OVERFLOW"],
    ["one extension", `${CHUNKED}1;a="`, () => "y".repeat(100), "HPE_CHUNK_EXTENSIONS_OVERFLOW"],
    [
      "extensions of chunks",
      CHUNKED,
      () => "1;aaaaaaaaaa=b\r\nx\r\n",
      "HPE_CHUNK_EXTENSIONS_OVERFLOW",
    ],
    ["a chunk's size", CHUNKED, () => "0".repeat(100), "HPE_INVALID_CHUNK_SIZE"],
    ["trailers", `${CHUNKED}0\r\n`, (index) => `x-${index}: y\r\n`, "HPE_HEADER_OVERFLOW"],
    ["one trailer", `${CHUNKED}0\r\nx: `, () => "y".repeat(100), "HPE_HEADER_OVERFLOW"],
  ])("with %s is cut off", async (_name, start, next, code) => {
    let poured: (() => number) | undefined;
    const server = await listen((socket) => {
      socket.once("data", () => {
        socket.write(start, "latin1");
        poured = pour(socket, next);
      });
    });
    const outcome = await socketTransport().send(
      request(server.url, { maxResponseBytes: 1_000_000 }),
    );
    const errorClass = start.startsWith(CHUNKED) ? "body" : "http";
    const status = start.startsWith(CHUNKED) ? { status: 200 } : {};
    expect(failureOf(outcome)).toEqual({ errorClass, ...(code && { code }), ...status });
    await until(() => server.sockets[0]?.destroyed === true);
    expect(poured?.()).toBeLessThan(50_000_000);
  });

  test.each<[string, string, (index: number) => string, number]>([
    ["a body until close", `${HEAD}\r\n`, () => "y".repeat(1_000), 16_384],
    ["chunks", CHUNKED, () => "1\r\nx\r\n", 16_384],
    ["one chunk", `${CHUNKED}fffffffffffff\r\n`, () => "y".repeat(1_000), 16_384],
    [
      "a length",
      `${HEAD}Content-Length: 9007199254740991\r\n\r\n`,
      () => "y".repeat(1_000),
      16_384,
    ],
  ])("with %s has answered, and is cut off", async (_name, start, next, kept) => {
    const server = await listen((socket) => {
      socket.once("data", () => {
        socket.write(start, "latin1");
        pour(socket, next);
      });
    });
    const outcome = await socketTransport().send(request(server.url, { maxResponseBytes: kept }));
    expect(outcome).toMatchObject({ ...OK, truncated: true });
    expect(outcome.kind === "response" && outcome.body.length).toBe(kept);
    await until(() => server.sockets[0]?.destroyed === true);
  });
});

describe("a receiver that drips", () => {
  test.each<[string, string, string, number | undefined]>([
    ["its status line", "", "HTTP/1.1 200 OK, and more of the same, byte by byte", undefined],
    ["informational responses", "", "HTTP/1.1 100 Continue\r\n\r\n".repeat(10), undefined],
    ["its fields", HEAD, "x-a: a field that is long enough to last\r\n".repeat(10), undefined],
    ["a chunk's extension", CHUNKED, `1;a=${"b".repeat(1_000)}`, 200],
    [
      "its trailers",
      `${CHUNKED}0\r\n`,
      "x-a: a field that is long enough to last\r\n".repeat(10),
      200,
    ],
  ])("%s has no more time than any other", async (_name, start, dripped, status) => {
    const timers: ReturnType<typeof setInterval>[] = [];
    const server = await listen((socket) => {
      socket.once("data", () => {
        let at = 0;
        socket.setNoDelay(true);
        socket.write(start, "latin1");
        timers.push(setInterval(() => socket.write(dripped[at++] ?? "", "latin1"), 2));
      });
      socket.once("close", () => timers.forEach(clearInterval));
    });
    const outcome = await socketTransport().send(request(server.url, { timeoutMs: 80 }));
    expect(failureOf(outcome)).toEqual({ errorClass: "timeout", ...(status && { status }) });
    expect(outcome.timings.totalMs).toBeLessThan(1_000);
    await until(() => server.sockets[0]?.destroyed === true);
  });
});

describe("a response that nobody has asked for", () => {
  test("on an idle connection is never the answer to the next request", async () => {
    const server = await listen((socket) => {
      socket.on("data", () => socket.write(NO_CONTENT));
    });
    const sender = socketTransport();
    for (let round = 0; round < 5; round += 1) {
      expect(failureOf(await sender.send(request(server.url)))).toMatchObject({ status: 204 });
      const latest = server.sockets.at(-1);
      latest?.write(FINAL);
      await until(() => latest?.destroyed === true);
    }
    expect(server.sockets).toHaveLength(5);
  });

  test("before the next request has gone out is no answer to it", async () => {
    const server = await listen((socket) => {
      socket.on("data", () => socket.write(NO_CONTENT));
    });
    const sender = socketTransport();
    expect(failureOf(await sender.send(request(server.url)))).toMatchObject({ status: 204 });
    // From here on, what has arrived is read before what is sent now is written.
    await new Promise((resolve) => setImmediate(resolve));
    server.sockets[0]?.write(FINAL);
    expect(failureOf(await sender.send(request(server.url)))).toMatchObject({ status: 204 });
    expect(server.sockets).toHaveLength(2);
  });

  test("in one piece with the answer fails the attempt, and the connection with it", async () => {
    const server = await listen((socket) => {
      socket.on("data", () => socket.write(NO_CONTENT + FINAL));
    });
    const sender = socketTransport();
    for (let round = 0; round < 2; round += 1) {
      expect(failureOf(await sender.send(request(server.url)))).toEqual({
        errorClass: "body",
        code: "UNEXPECTED_BYTES",
        status: 204,
      });
    }
    expect(server.sockets).toHaveLength(2);
  });

  test("after the rest of a long answer, which is thrown away, ends the connection", async () => {
    const long = `${HEAD}Content-Length: 5000\r\n\r\n${"a".repeat(4_000)}`;
    const server = await listen((socket) => {
      socket.on("data", () => socket.write(long));
    });
    const sender = socketTransport();
    const sent = request(server.url, { maxResponseBytes: 10 });
    expect(await sender.send(sent)).toMatchObject({ status: 200, truncated: true });
    server.sockets[0]?.write("a".repeat(1_000) + FINAL);
    await until(() => server.sockets[0]?.destroyed === true);
    expect(await sender.send(sent)).toMatchObject({ status: 200, truncated: true });
    expect(server.sockets).toHaveLength(2);
  });

  test("before the request is an answer, of which no second one is left", async () => {
    const server = await listen((socket) => {
      socket.write(FINAL);
      socket.once("data", () => socket.write(NO_CONTENT));
    });
    const sender = socketTransport();
    for (let round = 0; round < 3; round += 1) {
      // Whether the two come in one piece is chance.
      const outcome = await sender.send(request(server.url));
      expect([200, "UNEXPECTED_BYTES"]).toContain(
        outcome.kind === "response" ? outcome.status : outcome.code,
      );
      await until(() => server.sockets[round]?.destroyed === true);
    }
  });
});
