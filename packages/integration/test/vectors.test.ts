import type { CryptoBackend, WebhookProvider } from "@ventostack/webhook";
import {
  createGenericHmacVerifier,
  createInboundVerifier,
  createStandardWebhooksVerifier,
} from "@ventostack/webhook";
import { describe, expect, it } from "vitest";
import { createGitHubVerifier, createStripeVerifier } from "../src/index.ts";
import type { Vector } from "./vectors/vectors.ts";
import { bodyOf, vectors } from "./vectors/vectors.ts";

const PROVIDERS: Readonly<Record<string, (vector: Vector) => WebhookProvider>> = {
  stripe: createStripeVerifier,
  github: createGitHubVerifier,
  "generic-hmac": ({ config }) =>
    createGenericHmacVerifier(
      config?.["algorithm"] as "sha256",
      config?.["header"] as "x-signature",
    ),
  "standard-webhooks": () => createStandardWebhooksVerifier(),
};

const NOT_YET = ["slack", "shopify", "wechat-pay", "alipay", "dingtalk"];

function verifierOf(vector: Vector, backend: CryptoBackend) {
  const make = PROVIDERS[vector.provider];
  if (!make) throw new Error(`no verifier for ${vector.provider}`);
  const { extra, algorithm: _, header: __, ...settings } = vector.config ?? {};
  return createInboundVerifier({
    provider: make(vector),
    config: {
      secret: vector.secrets ?? vector.secret,
      publicKey: vector.publicKey,
      extra: { ...settings, ...(extra as object) },
      crypto: backend,
    },
  });
}

/** What is not compared must not pass for compared. */
const COMPARED = ["id", "type", "timestamp", "metadata"];

/** What a correct verifier answers, as far as the vector says. */
function expectedOf({ name, expect: answer, code, event = {}, tags = [] }: Vector): object {
  if (tags.includes("either")) return {};
  if (answer === "invalid") return { valid: false, ...(code !== undefined && { code }) };
  const missed = Object.keys(event).filter((part) => !COMPARED.includes(part));
  if (missed.length > 0) throw new Error(`${name}: the test does not compare ${missed.join()} yet`);
  return { valid: true, event };
}

it("knows every platform that there are vectors for", () => {
  const known = [...Object.keys(PROVIDERS), ...NOT_YET];
  expect([...new Set(vectors.map(({ provider }) => provider))].toSorted()).toEqual(
    known.toSorted(),
  );
});

describe.each(["native", "webcrypto"] as const)("with %s crypto", (backend) => {
  const ready = vectors.filter(({ provider }) => !NOT_YET.includes(provider));
  it.each(ready.map((vector) => [vector.provider, vector.name, vector] as const))(
    "%s: %s",
    async (_provider, _name, vector) => {
      const { method, url, query, bodyParams, now } = vector;
      const result = await verifierOf(vector, backend).safeVerify(bodyOf(vector), vector.headers, {
        method,
        url,
        query,
        bodyParams,
        now,
      });
      // No answer may come from an exception.
      expect(result).not.toHaveProperty("cause");
      expect(result).toMatchObject(expectedOf(vector));
    },
  );
});
