import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Socket } from "node:net";
import { createServer as createTcpServer } from "node:net";
import type { ReceiverStep } from "./faults.ts";
import { perform } from "./faults.ts";

export interface FaultReceiverOptions {
  /** PEM texts; with them it speaks HTTPS. */
  readonly tls?: {
    readonly cert: string;
    readonly key: string;
    /** Authorities whose client certificates are accepted; with them, one is demanded. */
    readonly clientCa?: string;
  };
  /** Takes connections and then says nothing, not even TLS. Default false. */
  readonly stallHandshake?: boolean;
}

/** One request as it came in. */
export interface ReceivedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Lower-case names, repeated fields as Node joins them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** When it had been read, in milliseconds since the epoch. */
  readonly at: number;
}

/** A real server on a free port of 127.0.0.1, which answers 200 to everything until it is told otherwise. */
export interface FaultReceiver {
  readonly port: number;
  /** @param path with a leading slash; default `/` */
  url(path?: string): string;
  /** What the requests of a path meet, one step each in order; the last step stays. */
  script(path: string, steps: readonly ReceiverStep[]): void;
  readonly requests: readonly ReceivedRequest[];
  /** Resolves once so many requests have come. */
  received(count: number): Promise<void>;
  /** Connections accepted so far. */
  connections(): number;
  /** Connections that are open now. */
  openConnections(): number;
  /** Bytes of streamed and dripped bodies that have been handed to connections. */
  bytesSent(): number;
  /** Cuts every open connection, idle or not. */
  dropConnections(): void;
  close(): Promise<void>;
}

const OK: ReceiverStep = { kind: "respond", status: 200 };

/** Starts a receiver with faults, for tests of whatever sends requests. Call `close` when the test is done. */
export async function createFaultReceiver(
  options: FaultReceiverOptions = {},
): Promise<FaultReceiver> {
  const scripts = new Map<string, ReceiverStep[]>();
  const requests: ReceivedRequest[] = [];
  const sockets = new Set<Socket>();
  const waiting = new Set<{ count: number; resolve: () => void }>();
  let connections = 0;
  let bytesSent = 0;

  const reset = (socket: Socket): void => {
    if (options.tls) socket.destroy();
    else socket.resetAndDestroy();
  };
  const nextStep = (path: string): ReceiverStep => {
    const steps = scripts.get(path) ?? [];
    return (steps.length > 1 ? steps.shift() : steps[0]) ?? OK;
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readAll(request);
    const path = request.url ?? "/";
    requests.push({
      method: request.method ?? "",
      path,
      headers: joined(request),
      body,
      at: Date.now(),
    });
    for (const waiter of waiting) if (requests.length >= waiter.count) waiter.resolve();
    const { socket } = request;
    perform(nextStep(path.split("?")[0] ?? path), {
      response,
      socket,
      reset: () => reset(socket),
      sent: (bytes) => void (bytesSent += bytes),
    });
  };

  const server = makeServer(options, (request, response) => {
    // A client that goes away in the middle of its request is what the tests are about.
    handle(request, response).catch(() => response.destroy());
  });
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  const port = await listen(server);

  return {
    port,
    url: (path = "/") => `${options.tls ? "https" : "http"}://127.0.0.1:${port}${path}`,
    script: (path, steps) => void scripts.set(path, [...steps]),
    requests,
    received(count) {
      return new Promise((resolve) => {
        if (requests.length >= count) resolve();
        else waiting.add({ count, resolve });
      });
    },
    connections: () => connections,
    openConnections: () => sockets.size,
    bytesSent: () => bytesSent,
    dropConnections() {
      for (const socket of sockets) reset(socket);
    },
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
    },
  };
}

type TcpServer = ReturnType<typeof createTcpServer>;

function makeServer(
  { tls, stallHandshake }: FaultReceiverOptions,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): TcpServer {
  if (stallHandshake) return createTcpServer();
  const server: Server = tls
    ? createHttpsServer(
        {
          cert: tls.cert,
          key: tls.key,
          ...(tls.clientCa !== undefined && { ca: tls.clientCa, requestCert: true }),
        },
        handle,
      )
    : createHttpServer(handle);
  // Long enough that no idle connection ends by itself in the middle of a test.
  server.keepAliveTimeout = 60_000;
  server.on("clientError", (_error, socket) => void socket.destroy());
  return server;
}

function listen(server: TcpServer): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (typeof address === "object" && address) resolve(address.port);
      else reject(new Error("The receiver got no port"));
    });
  });
}

async function readAll(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request as AsyncIterable<Uint8Array>) chunks.push(chunk);
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

function joined(request: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      typeof value === "string" ? value : (value ?? []).join(", "),
    ]),
  );
}
