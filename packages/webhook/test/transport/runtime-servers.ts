import { createServer as createHttpServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TlsOptions } from "node:tls";
import type { CheckedServer, ServerPorts } from "./server-checks.ts";
import { LARGE_BYTES, tlsFile } from "./server-checks.ts";

const pair = (name: string) => ({ cert: tlsFile(`${name}.pem`), key: tlsFile(`${name}.key`) });
const large = "a".repeat(LARGE_BYTES);

const TLS: Readonly<Record<Exclude<keyof ServerPorts, "plain" | "shortLived">, TlsOptions>> = {
  tls12: { ...pair("server"), minVersion: "TLSv1.2", maxVersion: "TLSv1.2" },
  tls13: { ...pair("server"), minVersion: "TLSv1.3" },
  expired: pair("expired"),
  selfSigned: pair("self-signed"),
  clientCertificate: { ...pair("server"), ca: tlsFile("ca.pem"), requestCert: true },
};

function answer(request: IncomingMessage, response: ServerResponse): void {
  // Not before the whole request has come: nothing else is the point here.
  request.resume().on("end", () => {
    switch (request.url) {
      case "/none":
        return response.writeHead(204).end();
      case "/large":
        return response.end(large);
      case "/chunked":
        for (let part = 0; part < 3; part += 1) response.write(large.slice(LARGE_BYTES / 1.5));
        return response.end();
      case "/early":
        response.writeContinue();
        response.writeEarlyHints({ link: "</a>; rel=preload" });
        return response.end("hello");
      default:
        return response.end("hello");
    }
  });
}

/** `node:http` and `node:https` of the runtime that runs this. */
export async function startNodeServers(): Promise<CheckedServer> {
  const servers: Server[] = [];
  const listen = async (server: Server): Promise<number> => {
    servers.push(server);
    server.on("clientError", (_error, socket) => void socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  };
  const shortLived = createHttpServer({ keepAliveTimeout: 1_000 }, answer);
  const ports: Record<string, number> = {
    plain: await listen(createHttpServer(answer)),
    shortLived: await listen(shortLived),
  };
  for (const [name, options] of Object.entries(TLS)) {
    ports[name] = await listen(createHttpsServer(options, answer));
  }
  return {
    name: "node:http and node:https",
    ports,
    hasPaths: true,
    hasEarly: true,
    keeps: true,
    status: 200,
    atOnce: 40,
    stop() {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

function inParts(): ReadableStream<Uint8Array> {
  const part = new TextEncoder().encode(large.slice(LARGE_BYTES / 1.5));
  let left = 3;
  return new ReadableStream({
    async pull(controller) {
      // So that the server has nothing to join the parts with.
      await new Promise((resolve) => setTimeout(resolve, 1));
      controller.enqueue(part);
      left -= 1;
      if (left === 0) controller.close();
    },
  });
}

function serve(
  tls?: { cert: string; key: string; ca?: string; requestCert?: boolean },
  idleTimeout = 10,
) {
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout,
    ...(tls && { tls: { ...tls, rejectUnauthorized: tls.requestCert === true } }),
    async fetch(request) {
      await request.arrayBuffer();
      const { pathname } = new URL(request.url);
      if (pathname === "/none") return new Response(null, { status: 204 });
      if (pathname === "/chunked") return new Response(inParts());
      return new Response(pathname === "/large" ? large : "hello");
    },
  });
}

/** `Bun.serve`; `undefined` where there is none. */
export function startBunServers(): CheckedServer | undefined {
  if (typeof Bun === "undefined") return undefined;
  const servers = {
    plain: serve(),
    shortLived: serve(undefined, 1),
    // It has no setting for the version.
    tls13: serve(pair("server")),
    expired: serve(pair("expired")),
    selfSigned: serve(pair("self-signed")),
    clientCertificate: serve({ ...pair("server"), ca: tlsFile("ca.pem"), requestCert: true }),
  };
  const ports = Object.entries(servers).map(([name, { port }]) => [name, port] as const);
  return {
    name: "Bun.serve",
    ports: Object.fromEntries(ports),
    hasPaths: true,
    keeps: true,
    status: 200,
    atOnce: 40,
    async stop() {
      await Promise.all(Object.values(servers).map((server) => server.stop(true)));
    },
  };
}
