import type { AddressInfo, Server, Socket } from "node:net";
import { createServer } from "node:net";
import { gzipSync } from "node:zlib";
import type { FaultReceiver, ReceiverStep } from "@ventostack/webhook/testing";
import { createFaultReceiver } from "@ventostack/webhook/testing";
import { afterAll, beforeAll, beforeEach } from "vitest";

/** A vendor on loopback that does what it is told, one step per request of a path. */
export interface FaultServer extends FaultReceiver {
  /** Sets the steps of `/` and forgets what was there. */
  answers(...steps: ReceiverStep[]): void;
  /** Requests since the test began. */
  count(): number;
}

/** One server for the tests of a file. */
export function useFaultServer(): FaultServer {
  let server: FaultReceiver | undefined;
  let before = 0;
  const get = (): FaultReceiver => {
    if (!server) throw new Error("The server starts before the first test");
    return server;
  };
  beforeAll(async () => {
    server = await createFaultReceiver();
  });
  beforeEach(() => {
    before = get().requests.length;
    get().script("/", [respond(200, {})]);
  });
  afterAll(() => server?.close());

  return {
    get port() {
      return get().port;
    },
    get requests() {
      return get().requests.slice(before);
    },
    url: (path) => get().url(path),
    script: (path, steps) => get().script(path, steps),
    received: (count) => get().received(before + count),
    connections: () => get().connections(),
    openConnections: () => get().openConnections(),
    bytesSent: () => get().bytesSent(),
    dropConnections: () => get().dropConnections(),
    close: () => get().close(),
    answers: (...steps) => get().script("/", steps),
    count: () => get().requests.length - before,
  };
}

/** An answer with JSON. */
export function respond(
  code: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): ReceiverStep {
  return {
    kind: "respond",
    status: code,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  };
}

/** An answer without a body. */
export function status(code: number, headers: Readonly<Record<string, string>> = {}): ReceiverStep {
  return { kind: "respond", status: code, headers };
}

export const hang: ReceiverStep = { kind: "hang" };
/** RST, once the request has been read. */
export const reset: ReceiverStep = { kind: "reset", when: "before-headers" };
/** FIN, once the request has been read. */
export const fin: ReceiverStep = { kind: "raw", bytes: "", afterwards: "end" };
/** RST in the middle of the body. */
export const resetInBody: ReceiverStep = { kind: "reset", when: "after-headers" };
/** FIN in the middle of a body of known length. */
export const truncated: ReceiverStep = {
  kind: "raw",
  bytes: "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n[1,",
  afterwards: "end",
};
/** FIN before the last chunk. */
export const truncatedChunks: ReceiverStep = {
  kind: "raw",
  bytes:
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n3\r\n[1]\r\n",
  afterwards: "end",
};
/** What is not HTTP. */
export const garbage: ReceiverStep = {
  kind: "raw",
  bytes: "SSH-2.0-OpenSSH\r\n\r\n",
  afterwards: "end",
};

/** Headers and the beginning of a body, and then nothing. The first header can be listened for as a quota warning. */
export const slowBody: ReceiverStep = {
  kind: "raw",
  bytes:
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nratelimit-remaining: 0\r\ncontent-length: 100\r\n\r\n[1,",
  afterwards: "keep-open",
};

export function gzipped(body: string): ReceiverStep {
  const bytes = gzipSync(body);
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  return { kind: "respond", status: 200, headers, body: bytes };
}

/** A server below HTTP: it counts connections and hands each to `onSocket`. */
export async function listenRaw(
  onSocket: (socket: Socket) => void,
): Promise<{ url: string; connections(): number; close(): Promise<void> }> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** A URL where nobody listens. */
export async function refusedUrl(): Promise<string> {
  const server = await listenRaw(() => {});
  await server.close();
  return server.url;
}
