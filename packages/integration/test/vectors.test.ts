import type { CryptoBackend, WebhookProvider } from "@ventostack/webhook";
import {
  createGenericHmacVerifier,
  createInboundVerifier,
  createStandardWebhooksVerifier,
  parseJson,
} from "@ventostack/webhook";
import { describe, expect, it } from "vitest";
import {
  createAlipayVerifier,
  createDingTalkVerifier,
  createGitHubVerifier,
  createShopifyVerifier,
  createSlackVerifier,
  createStripeVerifier,
  createWeChatPayVerifier,
} from "../src/index.ts";
import type { Vector } from "./vectors/vectors.ts";
import { bodyOf, vectors } from "./vectors/vectors.ts";

// Each has settings of its own; here they come from the file.
const PROVIDERS: Readonly<Record<string, (vector: Vector) => object>> = {
  stripe: createStripeVerifier,
  github: createGitHubVerifier,
  slack: createSlackVerifier,
  shopify: createShopifyVerifier,
  "wechat-pay": createWeChatPayVerifier,
  alipay: createAlipayVerifier,
  dingtalk: createDingTalkVerifier,
  "generic-hmac": ({ config }) =>
    createGenericHmacVerifier(
      config?.["algorithm"] as "sha256",
      config?.["header"] as "x-signature",
    ),
  "standard-webhooks": () => createStandardWebhooksVerifier(),
};

function verifierOf(vector: Vector, backend: CryptoBackend) {
  const make = PROVIDERS[vector.provider];
  if (!make) throw new Error(`no verifier for ${vector.provider}`);
  const { extra, algorithm: _, header: __, ...settings } = vector.config ?? {};
  return createInboundVerifier({
    provider: make(vector) as WebhookProvider,
    config: {
      secret: vector.secrets ?? vector.secret,
      publicKey: vector.publicKey,
      extra: { ...settings, ...(extra as object) },
      crypto: backend,
    },
  });
}

/** What a vector calls `decrypted` is the payload. */
const PARTS: Readonly<Record<string, (value: unknown) => object>> = {
  id: (id) => ({ id }),
  type: (type) => ({ type }),
  timestamp: (timestamp) => ({ timestamp }),
  metadata: (metadata) => ({ metadata }),
  decrypted: (payload) => ({ payload }),
  decryptedText: (text) => ({ payload: parseJson(text as string) ?? text }),
};

/** What a correct verifier answers, as far as the vector says. */
function expectedOf({ name, expect: answer, code, event = {}, tags = [] }: Vector): object {
  if (tags.includes("either")) return {};
  if (answer === "invalid") return { valid: false, ...(code !== undefined && { code }) };
  const parts = Object.entries(event).map(([part, value]) => {
    const toExpected = PARTS[part];
    if (!toExpected) throw new Error(`${name}: the test does not compare ${part} yet`);
    return toExpected(value);
  });
  return { valid: true, event: Object.assign({}, ...parts) };
}

it("knows every platform that there are vectors for", () => {
  expect([...new Set(vectors.map(({ provider }) => provider))].toSorted()).toEqual(
    Object.keys(PROVIDERS).toSorted(),
  );
});

describe.each(["native", "webcrypto"] as const)("with %s crypto", (backend) => {
  it.each(vectors.map((vector) => [vector.provider, vector.name, vector] as const))(
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
