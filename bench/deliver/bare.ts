/** Loops that send the same bodies with nothing around them. */
import { readFileSync } from "node:fs";
import * as nodeTls from "node:tls";
import type { Transport } from "../../packages/webhook/src/index.ts";
import type { Case } from "../support/rounds.ts";
import { measure } from "../support/rounds.ts";

export interface Load {
  readonly urls: readonly string[];
  readonly count: number;
  readonly inFlight: number;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Of the tests: nothing else may trust it. */
export const ca: string = readFileSync(
  new URL("../../packages/webhook/test/fixtures/tls/ca.pem", import.meta.url),
  "utf8",
);

const isSecure = ({ urls }: Load): boolean => urls[0]?.startsWith("https:") === true;

export function transportLoop(transport: Transport, load: Load): Case {
  const { urls, count, inFlight, body } = load;
  const settings = isSecure(load) ? { tls: { ca } } : {};
  return () =>
    measure(count, inFlight, async (index) => {
      const outcome = await transport.send({
        url: urls[index % urls.length] ?? "",
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
        timeoutMs: 10_000,
        maxResponseBytes: 16_384,
        ...settings,
      });
      if (outcome.kind === "error") throw new Error(outcome.message);
    });
}

export function fetchLoop(load: Load): Case {
  const { urls, count, inFlight, body } = load;
  const options: BunFetchRequestInit = { method: "POST", body };
  if (isSecure(load)) {
    if (process.versions.bun) options.tls = { ca };
    else nodeTls.setDefaultCACertificates([...nodeTls.getCACertificates(), ca]);
  }
  return () =>
    measure(count, inFlight, async (index) => {
      const response = await fetch(urls[index % urls.length] ?? "", options);
      await response.arrayBuffer();
    });
}

/** Bun answers `undici` with a shim of its own over `fetch`, so the pool is measured on Node only. */
export async function undiciCase(load: Load): Promise<Record<string, Case>> {
  if (process.versions.bun) return {};
  const { Pool } = await import("undici");
  const { urls, count, inFlight, body } = load;
  const connect = isSecure(load) ? { connect: { ca } } : {};
  const pools = urls.map(
    (url) => new Pool(new URL(url).origin, { connections: inFlight, ...connect }),
  );
  return {
    "undici pool, bare": () =>
      measure(count, inFlight, async (index) => {
        const pool = pools[index % pools.length];
        const response = await pool?.request({ method: "POST", path: "/", body });
        await response?.body.dump();
      }),
  };
}
