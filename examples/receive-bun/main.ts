/** Receives GitHub's webhooks on Bun.serve. */
import { createGitHubVerifier } from "@ventostack/integration";
import { signRequest } from "@ventostack/integration/testing";
import {
  createInboundVerifier,
  createMemoryReplayGuard,
  createWebhookHandler,
} from "@ventostack/webhook";
import { expect, run } from "../support/expect.ts";

const secret = "the secret of the hook";
const pushes: string[] = [];

const handler = createWebhookHandler({
  verifier: createInboundVerifier({ provider: createGitHubVerifier(), config: { secret } }),
  replayGuard: createMemoryReplayGuard(),
  onEvent: (event) => {
    console.log(`received ${event.type} ${event.id}`, event.payload);
    pushes.push(event.id);
  },
  onRefused: ({ code, reason }) => console.log(`refused: ${code}, ${reason}`),
});

await run(async () => {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    routes: { "/webhooks/github": handler },
  });
  const { url, ...init } = signRequest(
    "github",
    {
      url: new URL("/webhooks/github", server.url).href,
      payload: {
        ref: "refs/heads/main",
      },
    },
    { secret },
  );

  expect((await fetch(url, init)).status === 204, "a genuine push is answered with 204");
  // GitHub sends again what it believes was lost: the guard knows it.
  expect((await fetch(url, init)).status === 204, "so is its repetition");
  expect(pushes.length === 1, "which is handled once");
  const forged = await fetch(url, { ...init, body: '{"ref":"refs/heads/evil"}' });
  expect(forged.status === 401, "a forgery is answered with 401");
  await server.stop(true);
});
