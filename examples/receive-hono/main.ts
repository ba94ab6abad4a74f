/** Receives GitHub's webhooks in a Hono application. Hono speaks `Request` and `Response`, and so does the handler. */
import { createGitHubVerifier } from "@ventostack/integration";
import { signRequest } from "@ventostack/integration/testing";
import { createInboundVerifier, createWebhookHandler } from "@ventostack/webhook";
import { Hono } from "hono";
import { expect, run } from "../support/expect.ts";

const secret = "the secret of the hook";
const received: unknown[] = [];

const handler = createWebhookHandler({
  verifier: createInboundVerifier({ provider: createGitHubVerifier(), config: { secret } }),
  onEvent: (event) => {
    console.log(`received ${event.type}`, event.payload);
    received.push(event.payload);
  },
});

const app = new Hono();
app.post("/webhooks/github", (context) => handler(context.req.raw));

await run(async () => {
  const { url, ...init } = signRequest(
    "github",
    { url: "http://localhost/webhooks/github", payload: { ref: "main" } },
    { secret },
  );
  expect((await app.request(url, init)).status === 204, "a genuine push is answered with 204");
  expect(received.length === 1, "and handled");
  const forged = await app.request(url, { ...init, body: "{}" });
  expect(forged.status === 401, "a forgery is answered with 401");
});
