/** The customer's side, in a process of its own: it believes a request only if this library verifies it. */
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createInboundVerifier, createStandardWebhooksVerifier } from "@ventostack/webhook";
import type { WebhookEvent } from "@ventostack/webhook";

/** What this process tells its parent, one JSON text a line. */
export type ReceiverMessage =
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "received"; readonly path: string; readonly event: WebhookEvent }
  | { readonly kind: "answered"; readonly path: string; readonly status: number }
  | { readonly kind: "refused"; readonly path: string; readonly reason: string };

function tell(message: ReceiverMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

const verifier = createInboundVerifier({
  provider: createStandardWebhooksVerifier(),
  config: { secret: process.env["WEBHOOK_SECRET"] },
});

/** `/flaky` is down for its first two requests. */
let failuresLeft = 2;

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? "/";
  const answer = (status: number): void => {
    response.writeHead(status).end();
    tell({ kind: "answered", path, status });
  };
  const body = await bodyOf(request);
  // Never answers: the sender's time-out has to end it.
  if (path === "/hangs") return;
  if (path === "/flaky" && failuresLeft > 0) {
    failuresLeft -= 1;
    answer(503);
    return;
  }
  const result = await verifier.safeVerify(body, request.headers);
  if (!result.valid) {
    tell({ kind: "refused", path, reason: result.reason });
    answer(result.status);
    return;
  }
  tell({ kind: "received", path, event: result.event });
  answer(204);
}

const server = createServer((request, response) => void handle(request, response));
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object" && address) tell({ kind: "listening", port: address.port });
});
// The parent has gone: nobody is left to listen for.
process.stdin.resume().on("end", () => process.exit(0));
