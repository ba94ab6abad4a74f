/**
 * One route for the webhooks of many tenants, each with a secret of its own: the path names the tenant, and its verifier
 * is made once and kept.
 */
import { createGitHubVerifier } from "@ventostack/integration";
import { signRequest } from "@ventostack/integration/testing";
import type { WebhookHandler } from "@ventostack/webhook";
import { createInboundVerifier, createWebhookHandler } from "@ventostack/webhook";
import { expect, run } from "../support/expect.ts";

/** Stands for the table of tenants. */
const secrets = new Map([
  ["acme", "the secret of acme"],
  ["globex", "the secret of globex"],
]);
const received: string[] = [];

const provider = createGitHubVerifier();
const handlers = new Map<string, WebhookHandler>();

function handlerOf(tenant: string): WebhookHandler | undefined {
  const secret = secrets.get(tenant);
  if (secret === undefined) return undefined;
  let handler = handlers.get(tenant);
  if (!handler) {
    handler = createWebhookHandler({
      verifier: createInboundVerifier({ provider, config: { secret } }),
      onEvent: (event) => {
        console.log(`${tenant} received ${event.type}`);
        received.push(tenant);
      },
    });
    handlers.set(tenant, handler);
  }
  return handler;
}

async function route(request: Request): Promise<Response> {
  const tenant = /^\/webhooks\/(\w+)$/.exec(new URL(request.url).pathname)?.[1] ?? "";
  const handler = handlerOf(tenant);
  return handler ? handler(request) : new Response(null, { status: 404 });
}

async function send(tenant: string, secret: string): Promise<number> {
  const { url, ...init } = signRequest(
    "github",
    {
      url: `http://localhost/webhooks/${tenant}`,
      payload: {
        ref: "main",
      },
    },
    { secret },
  );
  return (await route(new Request(url, init))).status;
}

await run(async () => {
  expect((await send("acme", "the secret of acme")) === 204, "acme's own request is accepted");
  expect(
    (await send("globex", "the secret of globex")) === 204,
    "globex's own request is accepted",
  );
  expect((await send("globex", "the secret of acme")) === 401, "acme cannot speak for globex");
  expect((await send("nobody", "the secret of acme")) === 404, "nobody else is known");
  expect(received.join() === "acme,globex", "each tenant's event is its own");
});
