import type { WebhookEvent, WebhookProvider } from "@ventostack/webhook";
import { createInboundVerifier } from "@ventostack/webhook";
import { expectTypeOf, it } from "vitest";
import { createGitHubVerifier, createStripeVerifier } from "../../src/index.ts";

it("makes providers that the verifier takes", () => {
  expectTypeOf(createStripeVerifier).returns.toEqualTypeOf<WebhookProvider>();
  expectTypeOf(createGitHubVerifier).returns.toEqualTypeOf<WebhookProvider>();
  const verifier = createInboundVerifier({
    provider: createStripeVerifier(),
    config: { secret: ["whsec_a", "whsec_b"], timestampTolerance: 60_000 },
  });
  expectTypeOf(verifier.verifyAndConvert).returns.resolves.toExtend<WebhookEvent>();
});
