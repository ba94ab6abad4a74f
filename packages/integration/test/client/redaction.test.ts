import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { IntegrationClientOptions, LogEntry } from "@ventostack/integration/client";
import { respond, useFaultServer } from "./fault-server.ts";
import { errorOf, makeClient } from "./set-up.ts";

const server = useFaultServer();

/** Put together here, so that no source text that a runtime may show holds them. */
const join = (...parts: string[]): string => parts.join("");
const PLANTED: Readonly<Record<string, string>> = {
  stripeKey: join("sk_", "live_", "51HxQ2eZvKYlo2C0a8b7c6d5"),
  sendgridKey: join("SG.", "ngeVfQFYQlKU0ufo8x5d1A.", "TwL2iGABf9DHoTf09kqeF8tAmbihYzrnopKc"),
  webhookSecret: join("whsec_", "5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH"),
  githubToken: join("ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"),
  jwt: join("eyJhbGciOiJIUzI1NiJ9.", "eyJzdWIiOiIxMjM0In0.", "dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1g"),
  awsKey: join("AKIA", "IOSFODNN7EXAMPLE"),
  card: join("4242", "4242", "4242", "4242"),
  spacedCard: ["5555", "5555", "5555", "4444"].join(" "),
  email: join("jane.doe", "@", "example.com"),
  signature: join(
    "t=1492774577,v1=",
    "5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd",
  ),
  hexDigest: join("5257a869e7ecebeda32affa62cdca3fa", "51cad7e77a0e56ff536d0ce8e108d8bd"),
};
/** Looks like nothing in particular; known only because it is the client's own credential. */
const TOKEN = join("correct-", "horse-", "battery");

const ALLOWED = {
  headers: ["x-note", "x-trace", "user-agent"],
  query: ["q"],
  requestBody: ["note", "deep.0.note"],
  responseBody: ["note", "error.code", "error.message"],
};

/** Everything that leaves the client in one text. */
function everything(parts: Record<string, unknown>): string {
  return Object.entries(parts)
    .flatMap(([name, part]) => [
      name,
      JSON.stringify(part),
      inspect(part, { depth: 10, getters: true }),
      ...(part instanceof Error ? [part.message, part.stack, String(part)] : []),
    ])
    .join("\n");
}

function expectClean(text: string, ...more: string[]): void {
  const secrets = [
    ...Object.entries(PLANTED),
    ...[TOKEN, ...more].map((token) => ["the token", token] as const),
  ];
  for (const [name, secret] of secrets) {
    for (const form of [secret, encodeURIComponent(secret), btoa(secret)]) {
      if (text.includes(form)) throw new Error(`${name} leaked`);
    }
  }
}

/** Calls a vendor with a secret in every place of the request, and answers with it in every place of the response. */
async function callWith(
  secret: string,
  status: number,
  options: Partial<IntegrationClientOptions> = {},
): Promise<{ text: string; logs: LogEntry[] }> {
  const body = {
    note: secret,
    deep: [{ note: secret }],
    error: { code: secret, type: secret, message: `no such key: ${secret}` },
    errors: [{ code: secret }],
    [secret]: secret,
  };
  const headerNames = [
    "x-note",
    "x-trace",
    "x-request-id",
    "request-id",
    "x-message-id",
    "cf-ray",
    "retry-after",
    "ratelimit",
    "ratelimit-policy",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "set-cookie",
    "www-authenticate",
  ];
  server.script("/", []);
  const answer = respond(status, body, {
    ...Object.fromEntries(headerNames.map((name) => [name, secret])),
    ratelimit: `"${secret}";r=0;t=60`,
  });
  const path = `/v1/${encodeURIComponent(secret)}/items/${encodeURIComponent(secret)}`;
  server.script(path, [answer]);
  const logs: LogEntry[] = [];
  const moments: unknown[] = [];
  const { client, clock } = makeClient(server.url(), {
    auth: { bearer: TOKEN },
    headers: { "x-note": secret, "user-agent": secret },
    log: { sink: (entry) => void logs.push(entry), ...ALLOWED },
    quota: { onWarn: (window) => void moments.push(window) },
    ...options,
    hooks: {
      onAttempt: (entry) => void moments.push(entry),
      onRetry: (moment) => {
        moments.push(moment);
        void clock.advance(moment.delayMs);
      },
    },
  });
  const schema = z.object({ [secret]: z.number(), note: z.number() });
  const result = await client.post(`/v1/${encodeURIComponent(secret)}/items/{id}`, body, {
    params: { id: secret },
    query: { q: secret, [secret]: secret },
    headers: { "x-trace": secret, "x-other": secret },
    idempotencyKey: secret.replace(/[^\u0021-\u007e]/g, "_"),
    schema,
  });
  const error = errorOf(result);
  const text = everything({ error, result, logs, moments, client, status: client.status() });
  expect(logs.length).toBeGreaterThan(0);
  return { text, logs };
}

describe.each(Object.entries(PLANTED))("a planted %s", (_name, secret) => {
  test.each([200, 400, 401, 402, 429, 503])("appears nowhere with a %i", async (status) => {
    const { text } = await callWith(secret, status, { retry: { maxRetries: 1 } });
    expectClean(text);
  });

  test("appears nowhere when fetch rejects with it", async () => {
    const error = Object.assign(new TypeError(`failed: ${secret}`), {
      code: secret,
      path: `https://vendor.test/?key=${secret}`,
      cause: Object.assign(new Error(secret), {
        code: secret,
        syscall: secret,
        errors: [{ code: secret }],
      }),
    });
    const { text, logs } = await callWith(secret, 200, {
      fetch: () => Promise.reject(error),
      retry: false,
    });
    expectClean(text);
    expect(logs[0]).toMatchObject({ errorCode: "NETWORK_ERROR" });
  });

  test("appears nowhere when the auth function rejects with it", async () => {
    const { text } = await callWith(secret, 200, {
      auth: () => Promise.reject(new Error(secret)),
      retry: false,
    }).catch((error: unknown) => ({ text: everything({ error }) }));
    expectClean(text);
  });
});

test("the client's own token appears nowhere, also where the vendor echoes it", async () => {
  for (const status of [200, 400, 503]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { text, logs } = await callWith(TOKEN, status, { retry: { maxRetries: 1 } });
    expectClean(text);
    expect(logs[0]?.responseBody).toMatchObject({ note: "[redacted]" });
  }
});

test.each([
  ["basic", { basic: { username: "api-user", password: TOKEN } }],
  ["a header", { header: { name: "x-key", value: TOKEN } }],
  ["a function's token", () => Promise.resolve(TOKEN)],
  ["a function's headers", () => ({ headers: { "x-key": TOKEN } })],
] as const)("a token given as %s is known to the log", async (_name, auth) => {
  const { text } = await callWith(TOKEN, 400, { auth });
  expectClean(text, btoa(`api-user:${TOKEN}`));
});

test("a result's error can be logged whole, and still has the vendor's data for who asks for it", async () => {
  server.answers(
    respond(
      402,
      { email: PLANTED["email"], error: { code: "card_declined" } },
      { "request-id": "req_9" },
    ),
  );
  const { client } = makeClient(server.url());
  const error = errorOf(await client.get("/"));
  expect(error.data).toEqual({ email: PLANTED["email"], error: { code: "card_declined" } });
  expect(Object.keys(error)).not.toContain("data");
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    name: "IntegrationError",
    message: "vendor answered with status 402",
    code: "HTTP_ERROR",
    outcome: "rejected",
    attempts: 1,
    retryable: false,
    integration: "vendor",
    status: 402,
    vendorCode: "card_declined",
    requestId: "req_9",
  });
});
