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
