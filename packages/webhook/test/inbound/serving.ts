import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  createGenericHmacVerifier,
  createInboundVerifier,
  toNodeHandler,
} from "../../src/index.ts";
import type { InboundVerifier, WebhookHandler } from "../../src/index.ts";

export const SECRET = "a-secret-of-the-tests";
export const verifier: InboundVerifier = createInboundVerifier({
  provider: createGenericHmacVerifier("sha256", "x-signature"),
  config: { secret: SECRET },
});

/** The headers of a genuine request with this body. */
export function signed(body: string | Uint8Array): Record<string, string> {
  return { "x-signature": createHmac("sha256", SECRET).update(body).digest("hex") };
}

export type Serving = { readonly url: string; stop(): Promise<void> };

export async function serveNode(listener: RequestListener): Promise<Serving> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The servers of this runtime: `node:http` on both, `Bun.serve` where there is one. */
export const servers: [string, (handler: WebhookHandler) => Promise<Serving>][] = [
  ["node:http", (handler) => serveNode((...args) => void toNodeHandler(handler)(...args))],
];
if (process.versions.bun) {
  servers.push([
    "Bun.serve",
    (handler) => {
      const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: handler });
      return Promise.resolve({
        url: `http://127.0.0.1:${server.port}/hook`,
        stop: () => server.stop(true),
      });
    },
  ]);
}
