/** Requests that the platforms have published, and the same requests with one character of the body changed. */
import type { SafeVerifyResult } from "@ventostack/webhook";
import { createInboundVerifier } from "@ventostack/webhook";
import { createGitHubVerifier, createStripeVerifier } from "@ventostack/integration";

export interface PlatformCheck {
  readonly name: string;
  readonly expected: "accepted" | "refused";
  readonly result: SafeVerifyResult;
}

// https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
const github = {
  verifier: createInboundVerifier({
    provider: createGitHubVerifier(),
    config: { secret: "It's a Secret to Everybody" },
  }),
  headers: {
    "X-Hub-Signature-256":
      "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    "X-GitHub-Event": "ping",
    "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
  },
  body: "Hello, World!",
  tampered: "Hello, World?",
  now: undefined,
};

// https://github.com/stripe/stripe-node, test/Webhook.spec.ts
const stripe = {
  verifier: createInboundVerifier({
    provider: createStripeVerifier(),
    config: { secret: "whsec_test_secret" },
  }),
  headers: {
    "Stripe-Signature":
      "t=1614265330,v1=af4ead0627a34a8cca29808e8de9ada8e41a92e6237c63cef6eacf51d36cca34",
  },
  body: '{\n  "id": "evt_test_webhook",\n  "object": "event"\n}',
  tampered: '{\n  "id": "evt_evil_webhook",\n  "object": "event"\n}',
  // The request was signed then; judged by today's clock it would be too old, and rightly refused.
  now: 1_614_265_330_000,
};

/** Feeds each request and its tampered copy to the platform's verifier. */
export async function checkPlatformRequests(): Promise<PlatformCheck[]> {
  const checks: PlatformCheck[] = [];
  for (const [name, sample] of Object.entries({ GitHub: github, Stripe: stripe })) {
    const { verifier, headers, now } = sample;
    for (const [expected, body] of [
      ["accepted", sample.body],
      ["refused", sample.tampered],
    ] as const) {
      const result = await verifier.safeVerify(body, headers, { now });
      checks.push({ name: expected === "accepted" ? name : `${name}, tampered`, expected, result });
    }
  }
  return checks;
}
