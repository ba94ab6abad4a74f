import { createNetworkPolicy, createSocketTransport } from "@ventostack/webhook";
import { startChild } from "../support/child.ts";
import type { Case } from "../support/rounds.ts";
import { measure } from "../support/rounds.ts";

interface Endpoint {
  readonly cases: Readonly<Record<string, Case>>;
  /** Ends the receiver. */
  stop(): void;
}

/** A receiver in a process of its own, asked over so many connections, with and without verification. */
export async function startEndpoint(
  secret: string,
  request: { readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array },
  count: number,
  inFlight: number,
): Promise<Endpoint> {
  const receiver = await startChild(new URL("receiver.ts", import.meta.url), [secret]);
  const origin = `http://127.0.0.1:${receiver.line}`;
  const policy = createNetworkPolicy({ allow: ["127.0.0.0/8"] });
  const transport = createSocketTransport({ policy });

  const post = async (path: string): Promise<void> => {
    const outcome = await transport.send({
      url: origin + path,
      method: "POST",
      headers: { "content-type": "application/json", ...request.headers },
      body: request.body,
      timeoutMs: 10_000,
      maxResponseBytes: 1024,
    });
    if (outcome.kind !== "response" || outcome.status !== 204) {
      throw new Error(`the receiver did not accept a request to ${path}`);
    }
  };
  const cpuOf = async (): Promise<number> => Number(await (await fetch(`${origin}/cpu`)).text());
  // What counts is the receiver's time, not that of this process, which only asks.
  const endpoint =
    (path: string): Case =>
    async () => {
      const before = await cpuOf();
      const sample = await measure(count, inFlight, () => post(path));
      return { ...sample, cpuMicros: ((await cpuOf()) - before) / count };
    };
  return {
    cases: { "without verification": endpoint("/bare"), ours: endpoint("/verified") },
    stop() {
      transport.close();
      receiver.stop();
    },
  };
}
