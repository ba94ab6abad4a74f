import { WebhookError } from "../errors.ts";
import { toBase64, utf8 } from "../signing/bytes.ts";
import { ed25519PrivateKey, isEd25519Secret } from "../signing/ed25519-secret.ts";
import type { RateLimit, StoredSubscription } from "../store/delivery-store.ts";
import { parseProxy } from "../transport/proxy-tunnel.ts";
import type { TlsSettings } from "../transport/transport.ts";
import { HEALTHY } from "./endpoint-health.ts";
import { checkPatterns } from "./event-patterns.ts";
import type { EventFilter } from "./filter.ts";
import { compileFilter } from "./filter.ts";
import { toJson } from "./payload.ts";
import { checkHeaders } from "./request-headers.ts";
import { checkInteger } from "./retry-policy.ts";

/** What `subscribe` takes. */
export interface SubscriptionInput {
  /** Where to deliver: http or https, without credentials, and not on an inner network unless `network` allows it. */
  readonly url: string;
  /**
   * Signs; one character at least. `generateSecret()` makes a good one for HMAC, `generateSigningKeyPair()` an Ed25519
   * key, with which the receiver needs no secret.
   */
  readonly secret: string;
  /** Exact names, `order.*`, or `*`; `[]`, the default, is all. */
  readonly events?: readonly string[];
  /** Whether events are delivered. Default true; nothing is recorded for an inactive subscription. */
  readonly active?: boolean;
  /** Added to each request. They cannot replace what the sender itself sets. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Receives events of this tenant only; without one, events without one only. */
  readonly tenant?: string;
  /** Which payloads; all by default. */
  readonly filter?: EventFilter;
  /** What the body is: the payload, or the whole event with the type signed too. Default: the manager's. */
  readonly body?: "payload" | "event";
  /** Attempts at once; 1 also keeps the order. 1 or more, default: the manager's. */
  readonly concurrency?: number;
  /** At most `limit` attempts per `intervalMs`. Default: no limit. */
  readonly rateLimit?: RateLimit;
  readonly tls?: TlsSettings;
  /** `http://host:port` of a proxy. */
  readonly proxy?: string;
  /** Anything of yours, kept with the subscription; JSON. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface SubscriptionRules {
  /** @throws WebhookError for an address that the network policy refuses */
  checkUrl(url: string): URL;
  readonly signatureHeader: string;
  readonly concurrencyPerEndpoint: number;
}

const MAX_SECRET_LENGTH = 1024;
const MAX_TENANT_LENGTH = 255;
const TENANT = /^[\x21-\x7e]+$/;
const SECRET_BYTES = 32;

/** 32 random bytes in the form of the Standard Webhooks specification: `whsec_` and base64. */
export function generateSecret(): string {
  return `whsec_${toBase64(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)))}`;
}

/** @throws WebhookError INVALID_SECRET; the message says nothing of the secret itself */
export function checkSecret(secret: unknown): string {
  if (typeof secret !== "string" || secret.trim() === "") {
    throw new WebhookError(
      "INVALID_SECRET",
      "secret must be a text that is not empty: generateSecret() makes one",
    );
  }
  if (utf8(secret).length > MAX_SECRET_LENGTH) {
    throw new WebhookError("INVALID_SECRET", `secret is longer than ${MAX_SECRET_LENGTH} bytes`);
  }
  if (isEd25519Secret(secret) && !ed25519PrivateKey(secret)) {
    throw new WebhookError(
      "INVALID_SECRET",
      "a secret that begins with whsk_ must be an Ed25519 private key: generateSigningKeyPair() makes one",
    );
  }
  return secret;
}

export function checkTenant(tenant: unknown): string | undefined {
  if (tenant === undefined) return undefined;
  if (typeof tenant !== "string" || tenant.length > MAX_TENANT_LENGTH || !TENANT.test(tenant)) {
    throw new WebhookError(
      "INVALID_OPTION",
      `tenant must be 1 to ${MAX_TENANT_LENGTH} visible ASCII characters`,
    );
  }
  return tenant;
}

function checkRateLimit(rateLimit: RateLimit): RateLimit {
  return {
    limit: checkInteger("rateLimit.limit", rateLimit.limit, 1),
    intervalMs: checkInteger("rateLimit.intervalMs", rateLimit.intervalMs, 1),
  };
}

function checkProxy(proxy: string): string {
  parseProxy(proxy);
  return proxy;
}

function checkBody(body: unknown): "payload" | "event" {
  if (body === "payload" || body === "event") return body;
  throw new WebhookError("INVALID_OPTION", 'body must be "payload" or "event"');
}

function jsonCopy<T>(name: string, value: T): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is the same data, as JSON keeps it
  return JSON.parse(toJson(name, value)) as T;
}

/** Everything about a subscription that its owner decides, checked and with defaults, but for its secret. */
function checkedSettings(input: Omit<SubscriptionInput, "secret">, rules: SubscriptionRules) {
  if (typeof input.url !== "string") {
    throw new WebhookError("INVALID_URL", "url must be a text such as https://example.com/hooks");
  }
  if (input.active !== undefined && typeof input.active !== "boolean") {
    throw new WebhookError("INVALID_OPTION", "active must be true or false");
  }
  const tenant = checkTenant(input.tenant);
  if (input.filter !== undefined) compileFilter(input.filter);
  const concurrency =
    input.concurrency === undefined ? undefined : checkInteger("concurrency", input.concurrency, 1);
  return {
    url: rules.checkUrl(input.url).href,
    events: checkPatterns(input.events ?? []),
    active: input.active ?? true,
    headers: checkHeaders(input.headers ?? {}, rules.signatureHeader),
    ordered: (concurrency ?? rules.concurrencyPerEndpoint) === 1,
    ...(tenant === undefined ? {} : { tenant }),
    ...(input.filter === undefined ? {} : { filter: jsonCopy("filter", input.filter) }),
    ...(input.body === undefined ? {} : { body: checkBody(input.body) }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(input.rateLimit === undefined ? {} : { rateLimit: checkRateLimit(input.rateLimit) }),
    ...(input.tls === undefined ? {} : { tls: { ...input.tls } }),
    ...(input.proxy === undefined ? {} : { proxy: checkProxy(input.proxy) }),
    ...(input.metadata === undefined ? {} : { metadata: jsonCopy("metadata", input.metadata) }),
  };
}

/** @throws WebhookError that names what was wrong, before anything is stored */
export function createSubscription(
  id: string,
  input: SubscriptionInput,
  rules: SubscriptionRules,
  now: number,
): StoredSubscription {
  return {
    id,
    ...checkedSettings(input, rules),
    secrets: [{ value: checkSecret(input.secret) }],
    createdAt: now,
    updatedAt: now,
    endpoint: HEALTHY,
  };
}

/** A changed subscription; what the change does not name stays. A new URL starts with a clean record. */
export function updateSubscription(
  current: StoredSubscription,
  change: Partial<Omit<SubscriptionInput, "secret">>,
  rules: SubscriptionRules,
  now: number,
): StoredSubscription {
  const { filter, ...settings } = { ...current, ...change };
  const next = checkedSettings(
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a stored filter was checked when it came in
    filter === undefined ? settings : { ...settings, filter: filter as EventFilter },
    rules,
  );
  return {
    id: current.id,
    ...next,
    secrets: current.secrets,
    createdAt: current.createdAt,
    updatedAt: now,
    endpoint:
      next.url === current.url || current.endpoint.status === "paused" ? current.endpoint : HEALTHY,
  };
}

/** The new secret signs from now on, the others until the overlap is over. */
export function rotateSecret(
  current: StoredSubscription,
  secret: string,
  overlapMs: number,
  now: number,
): StoredSubscription {
  const expiresAt = now + checkInteger("overlapMs", overlapMs, 0);
  const older = current.secrets
    .filter((each) => each.expiresAt === undefined || each.expiresAt > now)
    .map((each) => ({
      value: each.value,
      expiresAt: Math.min(each.expiresAt ?? Number.POSITIVE_INFINITY, expiresAt),
    }))
    .filter((each) => each.expiresAt > now);
  return {
    ...current,
    secrets: [{ value: checkSecret(secret) }, ...older],
    updatedAt: now,
  };
}
