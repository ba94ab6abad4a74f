import { Stripe } from "stripe";
import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import type {
  FetchFunction,
  IntegrationClient,
  IntegrationError,
  IntegrationErrorCode,
  IntegrationResult,
  Outcome,
  SdkFetch,
} from "@ventostack/integration/client";
import { createAttemptFetch, createIntegrationClient } from "@ventostack/integration/client";

declare const client: IntegrationClient;
const schema = z.object({ id: z.string(), at: z.coerce.date() });

test("data is the schema's output, and unknown without a schema", async () => {
  expectTypeOf(await client.get("/x")).toEqualTypeOf<IntegrationResult<unknown>>();
  expectTypeOf(await client.get("/x", { schema })).toEqualTypeOf<
    IntegrationResult<{ id: string; at: Date }>
  >();
  expectTypeOf(await client.post("/x", { a: 1 }, { schema })).toEqualTypeOf<
    IntegrationResult<{ id: string; at: Date }>
  >();
  expectTypeOf(await client.request("GET", "/x", { schema })).toEqualTypeOf<
    IntegrationResult<{ id: string; at: Date }>
  >();
  expectTypeOf(await client.raw("GET", "/x")).toEqualTypeOf<IntegrationResult<Response>>();
});

test("a result is one or the other", async () => {
  const result = await client.get("/x", { schema });
  if (result.success) {
    expectTypeOf(result.data).toEqualTypeOf<{ id: string; at: Date }>();
    expectTypeOf(result.headers).toEqualTypeOf<Headers>();
    // @ts-expect-error -- a success has no error
    void result.error;
  } else {
    expectTypeOf(result.error).toEqualTypeOf<IntegrationError>();
    expectTypeOf(result.error.code).toEqualTypeOf<IntegrationErrorCode>();
    expectTypeOf(result.error.outcome).toEqualTypeOf<Outcome>();
    // @ts-expect-error -- a failure has no data
    void result.data;
  }
});

test("codes and outcomes are closed unions", () => {
  expectTypeOf<Outcome>().toEqualTypeOf<"not_sent" | "rejected" | "unknown">();
  expectTypeOf<IntegrationErrorCode>().toEqualTypeOf<
    | "NETWORK_ERROR"
    | "TIMEOUT"
    | "ABORTED"
    | "RATE_LIMITED"
    | "QUOTA_EXHAUSTED"
    | "CIRCUIT_OPEN"
    | "HTTP_ERROR"
    | "AUTH_ERROR"
    | "PARSE_ERROR"
    | "VALIDATION_ERROR"
    | "RESPONSE_TOO_LARGE"
    | "REDIRECT_BLOCKED"
    | "CONFIG_ERROR"
  >();
});

test("next reads the schema's output", () => {
  client.paginate("/x", {
    schema,
    next: ({ data, headers }) => {
      expectTypeOf(data).toEqualTypeOf<{ id: string; at: Date }>();
      expectTypeOf(headers).toEqualTypeOf<Headers>();
      return { query: { after: data.id } };
    },
  });
  client.paginate("/x", {
    next: ({ data }) => {
      expectTypeOf(data).toEqualTypeOf<unknown>();
      return undefined;
    },
  });
});

test("a fetch of ours is what an SDK takes", () => {
  const fetch = createAttemptFetch({ name: "stripe" });
  expectTypeOf(fetch).toEqualTypeOf<SdkFetch>();
  expectTypeOf(client.fetch).toEqualTypeOf<SdkFetch>();
  expectTypeOf(Stripe.createFetchHttpClient).toBeCallableWith(fetch);
  expectTypeOf(fetch).toExtend<typeof globalThis.fetch>();
  expectTypeOf(globalThis.fetch).toExtend<FetchFunction>();
});

test("options that are missing or misspelt do not compile", () => {
  // @ts-expect-error -- baseUrl is missing
  createIntegrationClient({ name: "x" });
  // @ts-expect-error -- retries belong into retry
  createIntegrationClient({ name: "x", baseUrl: "https://x.test", maxRetries: 1 });
  // @ts-expect-error -- a token has no kind
  createIntegrationClient({ name: "x", baseUrl: "https://x.test", auth: { token: "x" } });
  // @ts-expect-error -- a GET has no body
  void client.get("/x", { body: {} });
});
