import type { IncomingHttpHeaders } from "node:http";
import { expectTypeOf, it } from "vitest";
import type {
  ClaimRequest,
  EventParts,
  FormField,
  HeadersInput,
  InboundVerifier,
  ProviderDefinition,
  PublicKey,
  PublicKeyInput,
  RawBody,
  SafeVerifyResult,
  SignedRequest,
  StoredSubscription,
  VerificationCode,
  VerifiedWebhookEvent,
  VerifierConfig,
  WebhookEvent,
  WebhookHandlerOptions,
  WebhookProvider,
} from "../../src/index.ts";
import {
  createGenericHmacVerifier,
  createHmacVerifier,
  createInboundVerifier,
  createStandardWebhooksVerifier,
  fromByteString,
  hmac,
  interpretProvider,
  refuse,
  toByteString,
} from "../../src/index.ts";

interface Extra {
  readonly appId: string;
}

it("takes what frameworks have as headers and bodies", () => {
  expectTypeOf<Headers>().toExtend<HeadersInput>();
  expectTypeOf<IncomingHttpHeaders>().toExtend<HeadersInput>();
  expectTypeOf<[string, string][]>().toExtend<HeadersInput>();
  expectTypeOf<Map<string, string>>().toExtend<HeadersInput>();
  expectTypeOf<Record<string, string>>().toExtend<HeadersInput>();
  expectTypeOf<Buffer>().toExtend<RawBody>();
  expectTypeOf<ArrayBuffer>().toExtend<RawBody>();
  expectTypeOf<{ id: string }>().not.toExtend<RawBody>();
  expectTypeOf<undefined>().not.toExtend<RawBody>();
});

it("takes a CryptoKey wherever it takes a public key, and nothing that only looks a little like one", () => {
  expectTypeOf<CryptoKey>().toExtend<PublicKeyInput>();
  expectTypeOf<string>().toExtend<PublicKeyInput>();
  expectTypeOf<{ type: "public" }>().not.toExtend<PublicKeyInput>();
  expectTypeOf<ReturnType<PublicKey["verify"]>>().toEqualTypeOf<boolean | Promise<boolean>>();
});

it("gives the fields of a form as byte strings", () => {
  expectTypeOf<FormField>().toEqualTypeOf<{ readonly name: string; readonly value: string }>();
  expectTypeOf(fromByteString).toBeCallableWith("a");
  expectTypeOf(toByteString).returns.toEqualTypeOf<string>();
});

it("has a handler whose guard may hold an event for less time than it remembers it", () => {
  expectTypeOf<WebhookHandlerOptions["replayReservationMs"]>().toEqualTypeOf<number | undefined>();
});

it("lets a driver tell slots what a subscription says of itself", () => {
  expectTypeOf<ClaimRequest["slots"]>().toBeCallableWith("id");
  expectTypeOf<Parameters<ClaimRequest["slots"]>[1]>().toEqualTypeOf<
    StoredSubscription | undefined
  >();
});

it("takes secrets as the environment has them", () => {
  const provider = createGenericHmacVerifier("sha256", "x-signature");
  const secret = process.env["SECRET"];
  expectTypeOf(
    createInboundVerifier({ provider, config: { secret } }),
  ).toEqualTypeOf<InboundVerifier>();
  createInboundVerifier({ provider, config: { secret: ["a", "b"] as const } });
  // @ts-expect-error a misspelt setting
  createInboundVerifier({ provider, config: { secrets: ["a"] } });
  // @ts-expect-error a number is no secret
  createInboundVerifier({ provider, config: { secret: 1 } });
  // @ts-expect-error the configuration is needed
  createInboundVerifier({ provider });
});

it("resolves to an event that any consumer of events takes", () => {
  expectTypeOf<VerifiedWebhookEvent>().toExtend<WebhookEvent>();
  expectTypeOf<VerifiedWebhookEvent["rawBody"]>().toEqualTypeOf<Uint8Array>();
  expectTypeOf<
    InboundVerifier["verifyAndConvert"]
  >().returns.resolves.toEqualTypeOf<VerifiedWebhookEvent>();
  expectTypeOf<InboundVerifier["verifyRequest"]>().parameter(0).toEqualTypeOf<Request>();
});

it("tells a refusal from an event by `valid`", () => {
  const result = {} as SafeVerifyResult;
  if (result.valid) expectTypeOf(result.event).toEqualTypeOf<VerifiedWebhookEvent>();
  else expectTypeOf(result.code).toEqualTypeOf<VerificationCode>();
});

it("takes any object of the provider's shape", () => {
  createInboundVerifier({
    provider: { provider: "x", verify: () => ({ valid: true }) },
    config: {},
  });
  createInboundVerifier({
    provider: { provider: "x", verify: async () => ({ valid: false, reason: "no" }) },
    config: {},
  });
  createInboundVerifier({
    // @ts-expect-error a refusal has a reason
    provider: { provider: "x", verify: () => ({ valid: false }) },
    config: {},
  });
});

it("types a platform's own settings through to its definition", () => {
  const definition: ProviderDefinition<Extra> = {
    id: "x",
    signature: {
      algorithm: hmac("sha256"),
      encoding: "hex",
      read: (request) => request.required("x"),
    },
    signedContent(request) {
      expectTypeOf(request).toEqualTypeOf<SignedRequest<Extra>>();
      expectTypeOf(request.extra.appId).toEqualTypeOf<string | undefined>();
      return [request.body];
    },
  };
  const provider = interpretProvider(definition);
  expectTypeOf(provider).toEqualTypeOf<WebhookProvider<VerifierConfig<Extra>>>();
  createInboundVerifier({ provider, config: { extra: { appId: "1" } } });
  // @ts-expect-error the platform has no such setting
  createInboundVerifier({ provider, config: { extra: { appID: "1" } } });
});

it("makes providers of plain configuration", () => {
  expectTypeOf(createGenericHmacVerifier)
    .parameter(0)
    .toEqualTypeOf<"sha256" | "sha384" | "sha512">();
  expectTypeOf(createHmacVerifier).returns.toEqualTypeOf<WebhookProvider>();
  expectTypeOf(createStandardWebhooksVerifier).returns.toEqualTypeOf<WebhookProvider>();
  // @ts-expect-error sha1 only by createHmacVerifier
  createGenericHmacVerifier("sha1", "x-signature");
});

it("knows that refuse does not return, and what parts an event has", () => {
  expectTypeOf(refuse).returns.toEqualTypeOf<never>();
  expectTypeOf<{ id: undefined }>().toExtend<EventParts>();
  expectTypeOf<{ id: number }>().not.toExtend<EventParts>();
});
