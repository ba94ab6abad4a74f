/**
 * A receiver in a process of its own: `/verified` has the handler, `/bare` reads and parses the same body and believes it.
 * `/cpu` tells how much CPU time the process has taken, in microseconds.
 */
import { createServer } from "node:http";
import { createStripeVerifier } from "@ventostack/integration";
import { createInboundVerifier, createWebhookHandler, toNodeHandler } from "@ventostack/webhook";

const secret = process.argv[2] ?? "";
const handler = createWebhookHandler({
  verifier: createInboundVerifier({ provider: createStripeVerifier(), config: { secret } }),
  onEvent: () => undefined,
});

function cpuMicros(): string {
  const { user, system } = process.cpuUsage();
  return String(user + system);
}

function startOnBun(): number {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    routes: {
      "/verified": handler,
      "/bare": async (request) => {
        await request.json();
        return new Response(null, { status: 204 });
      },
      "/cpu": () => new Response(cpuMicros()),
    },
  });
  return server.port ?? 0;
}

function startOnNode(): Promise<number> {
  const verified = toNodeHandler(handler);
  const server = createServer((request, response) => {
    if (request.url === "/verified") {
      void verified(request, response);
      return;
    }
    if (request.url === "/cpu") {
      response.end(cpuMicros());
      return;
    }
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      JSON.parse(Buffer.concat(chunks).toString());
      response.writeHead(204).end();
    });
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });
}

process.stdout.write(`${process.versions.bun ? startOnBun() : await startOnNode()}\n`);
process.stdin.resume().on("end", () => process.exit(0));
