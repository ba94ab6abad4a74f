import { readFileSync } from "node:fs";
import { afterEach } from "vitest";
import { createHttpTransport } from "../../src/transport/http-transport.ts";
import type { HttpTransportOptions } from "../../src/transport/http-transport.ts";
import type { NetworkOptions } from "../../src/transport/network-policy.ts";
import { createNetworkPolicy } from "../../src/transport/network-policy.ts";
import type { SocketTransportOptions } from "../../src/transport/socket-transport.ts";
import { createSocketTransport } from "../../src/transport/socket-transport.ts";
import type {
  Transport,
  TransportOutcome,
  TransportRequest,
} from "../../src/transport/transport.ts";
import type { FaultReceiver, FaultReceiverOptions } from "../../src/testing/fault-receiver.ts";
import { createFaultReceiver } from "../../src/testing/fault-receiver.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Runs after the test, the last one first. */
export function afterTest(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}

export async function receiver(options?: FaultReceiverOptions): Promise<FaultReceiver> {
  const started = await createFaultReceiver(options);
  afterTest(() => started.close());
  return started;
}

export const LOOPBACK: NetworkOptions = { allow: ["127.0.0.0/8"] };

type TransportOptions = Omit<HttpTransportOptions & SocketTransportOptions, "policy"> & {
  readonly network?: NetworkOptions;
};

const CREATE = { http: createHttpTransport, socket: createSocketTransport };

/** The transports that keep the same promises, each with a way to make one which may dial loopback, and nothing more. */
export const TRANSPORTS = (["http", "socket"] as const).map((name) => ({
  name,
  transport: ({ network = LOOPBACK, ...rest }: TransportOptions = {}): Transport => {
    const made = CREATE[name]({ ...rest, policy: createNetworkPolicy(network) });
    afterTest(() => made.close());
    return made;
  },
}));

export function request(url: string, changes: Partial<TransportRequest> = {}): TransportRequest {
  return {
    url,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: new TextEncoder().encode('{"orderId":"123"}'),
    timeoutMs: 5_000,
    maxResponseBytes: 16_384,
    ...changes,
  };
}

export function certificate(name: string): string {
  return readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), "utf8");
}

/** What a failed attempt is recorded with, apart from times and texts. */
export function failureOf(outcome: TransportOutcome) {
  if (outcome.kind === "response") return { kind: "response", status: outcome.status };
  const { errorClass, code, status } = outcome;
  return {
    errorClass,
    ...(code === undefined ? {} : { code }),
    ...(status === undefined ? {} : { status }),
  };
}

/** The response, where there is one. */
export function responseOf(outcome: TransportOutcome) {
  if (outcome.kind !== "response") throw new Error(`No response but: ${outcome.message}`);
  return outcome;
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** A resolver that answers from a table, and remembers what it was asked. */
export function table(names: Readonly<Record<string, readonly string[]>>) {
  const asked: string[] = [];
  return {
    asked,
    resolve: async (hostname: string) => {
      asked.push(hostname);
      const addresses = names[hostname];
      if (!addresses) {
        throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: "ENOTFOUND" });
      }
      return addresses.map((address) => ({
        address,
        family: address.includes(":") ? (6 as const) : (4 as const),
      }));
    },
  };
}
