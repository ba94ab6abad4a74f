import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { createNetworkPolicy } from "../../src/transport/network-policy.ts";
import type { SocketTransportOptions } from "../../src/transport/socket-transport.ts";
import { createSocketTransport } from "../../src/transport/socket-transport.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { LOOPBACK, afterTest } from "./setup.ts";

export const OK = { kind: "response", status: 200 };

/** A socket transport that may dial loopback, and nothing more. */
export function socketTransport(options: Partial<SocketTransportOptions> = {}): Transport {
  const made = createSocketTransport({ policy: createNetworkPolicy(LOOPBACK), ...options });
  afterTest(() => made.close());
  return made;
}

/** Resolves once it is so; there is nothing but the kernel between. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** A server that does with each connection whatever it is told. */
export async function listen(handle: (socket: Socket) => void, host = "127.0.0.1") {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  afterTest(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, port, sockets };
}
