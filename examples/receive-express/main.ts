/**
 * Receives GitHub's webhooks in an Express application. No body parser on this route: the signature covers the bytes
 * that came, and `toNodeHandler` reads them itself.
 */
import type { AddressInfo } from "node:net";
import { createGitHubVerifier } from "@ventostack/integration";
import { signRequest } from "@ventostack/integration/testing";
import { createInboundVerifier, createWebhookHandler, toNodeHandler } from "@ventostack/webhook";
import express from "express";
import { expect, run } from "../support/expect.ts";

const secret = "the secret of the hook";
const received: unknown[] = [];

const handler = createWebhookHandler({
  verifier: createInboundVerifier({ provider: createGitHubVerifier(), config: { secret } }),
  onEvent: (event) => {
    console.log(`received ${event.type}`, event.payload);
    received.push(event.payload);
  },
  onRefused: ({ code }) => console.log(`refused: ${code}`),
});

const app = express();
app.post("/webhooks/github", toNodeHandler(handler));
// Parsers go behind it, for the other routes.
app.use(express.json());

await run(async () => {
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => {
    server.once("listening", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const { url, ...init } = signRequest(
    "github",
    {
      url: `http://127.0.0.1:${port}/webhooks/github`,
      payload: {
        ref: "main",
      },
    },
    { secret },
  );
  expect((await fetch(url, init)).status === 204, "a genuine push is answered with 204");
  expect(received.length === 1, "and handled");
  expect((await fetch(url, { ...init, body: "{}" })).status === 401, "a forgery with 401");
  server.close();
});
