import type { Clock } from "../clock.ts";
import { WebhookError } from "../errors.ts";
import { ed25519PrivateKey, isEd25519Secret, signEd25519 } from "../signing/ed25519-secret.ts";
import type { HmacHash, HmacKey, MacEncoding } from "../signing/hmac.ts";
import { createHmacKey } from "../signing/hmac.ts";
import { utf8 } from "../signing/bytes.ts";
import { standardSecretBytes, standardSignedContent } from "../signing/standard-webhooks.ts";
import type {
  AttemptRecord,
  StoredDelivery,
  StoredMessage,
  StoredSecret,
  StoredSubscription,
} from "../store/delivery-store.ts";
import { parseRetryAfter } from "../transport/retry-after.ts";
import type { Transport, TransportOutcome, TransportRequest } from "../transport/transport.ts";
import type { AttemptResult } from "./delivery.ts";
import type { Mutable } from "./mutable.ts";
import { eventBody } from "./payload.ts";

export interface AttemptOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  readonly signatureAlgorithm: HmacHash;
  readonly signatureHeader: string;
  readonly body: "payload" | "event";
  readonly userAgent: string;
}

/** Makes one HTTP try of a delivery: signs it, sends it, and writes down what came back. Never rejects. */
export type Attempt = (
  delivery: StoredDelivery,
  subscription: StoredSubscription,
  signal: AbortSignal,
) => Promise<AttemptResult | "aborted">;

/** A secret, ready to sign. An Ed25519 key has no plain form: its receiver holds no secret to check one with. */
interface Signer {
  readonly plain: ((body: Uint8Array) => string) | undefined;
  readonly standard: (content: readonly Uint8Array[]) => string;
}

/** Response headers that explain an answer; anything else, such as cookies, is not kept. */
const KEPT_HEADERS = [
  "content-type",
  "location",
  "retry-after",
  "server",
  "x-request-id",
  "request-id",
  "x-correlation-id",
  "cf-ray",
];

const decoder = new TextDecoder();

/** The MAC as a value: the sender runs where `node:crypto` is, and there it is synchronous. */
export function macNow(key: HmacKey, encoding: MacEncoding, parts: readonly Uint8Array[]): string {
  const mac = key.signAs(encoding, parts);
  if (typeof mac !== "string") {
    throw new WebhookError(
      "UNSUPPORTED_ALGORITHM",
      "sending needs node:crypto, which this runtime lacks",
    );
  }
  return mac;
}

function createSigner(secret: string, algorithm: HmacHash): Signer {
  const privateKey = isEd25519Secret(secret) ? ed25519PrivateKey(secret) : undefined;
  if (privateKey) {
    return {
      plain: undefined,
      standard: (content) => `v1a,${signEd25519(privateKey, content)}`,
    };
  }
  const plainKey = createHmacKey(algorithm, utf8(secret));
  const standardKey = createHmacKey("sha256", standardSecretBytes(secret));
  return {
    plain: (body) => macNow(plainKey, "hex", [body]),
    standard: (content) => `v1,${macNow(standardKey, "base64", content)}`,
  };
}

export function createAttempt(options: AttemptOptions): Attempt {
  const { transport, clock, signatureAlgorithm } = options;
  // Keyed by the list of secrets, which a subscription keeps until they are rotated.
  const signers = new WeakMap<readonly StoredSecret[], Map<string, Signer>>();
  const ownByHeaders = new WeakMap<object, Readonly<Record<string, string>>>();
  const eventBodies = new WeakMap<StoredMessage, Uint8Array>();

  const signerOf = (secrets: readonly StoredSecret[], value: string): Signer => {
    let bySecret = signers.get(secrets);
    if (!bySecret) signers.set(secrets, (bySecret = new Map()));
    let found = bySecret.get(value);
    if (!found) bySecret.set(value, (found = createSigner(value, signatureAlgorithm)));
    return found;
  };

  /** The subscription's own headers, and our user agent unless it has one. */
  const ownHeaders = (
    headers: Readonly<Record<string, string>>,
  ): Readonly<Record<string, string>> => {
    let own = ownByHeaders.get(headers);
    if (!own) {
      const isThere = Object.keys(headers).some((name) => name.toLowerCase() === "user-agent");
      own = isThere ? headers : { "user-agent": options.userAgent, ...headers };
      ownByHeaders.set(headers, own);
    }
    return own;
  };

  const bodyOf = (delivery: StoredDelivery, subscription: StoredSubscription): Uint8Array => {
    const { message, payload } = delivery;
    if ((subscription.body ?? options.body) === "payload") return payload ?? message.payload;
    if (payload) return eventBody(message, payload);
    let body = eventBodies.get(message);
    if (!body) eventBodies.set(message, (body = eventBody(message, message.payload)));
    return body;
  };

  const headersOf = (
    delivery: StoredDelivery,
    subscription: StoredSubscription,
    body: Uint8Array,
    now: number,
  ): Record<string, string> => {
    const { message } = delivery;
    const seconds = Math.floor(now / 1000);
    const isJson = !message.isText || (subscription.body ?? options.body) === "event";
    const content = standardSignedContent(message.id, seconds, body);
    let signatures = "";
    // One MAC fits in the plain header: the oldest live secret's, so that a rotation breaks no receiver before its
    // overlap is over. The Standard Webhooks header carries them all.
    let oldest: Signer | undefined;
    for (const secret of subscription.secrets) {
      if (secret.expiresAt !== undefined && secret.expiresAt <= now) continue;
      const signer = signerOf(subscription.secrets, secret.value);
      signatures += `${signatures === "" ? "" : " "}${signer.standard(content)}`;
      if (signer.plain) oldest = signer;
    }
    const plain = oldest?.plain?.(body);
    const headers: Record<string, string> = {};
    const own = ownHeaders(subscription.headers);
    for (const name of Object.keys(own)) headers[name] = own[name] ?? "";
    // Ours come last: a subscription must not be able to replace its own signature.
    headers["content-type"] = isJson ? "application/json" : "text/plain; charset=utf-8";
    headers["webhook-id"] = message.id;
    headers["webhook-timestamp"] = String(seconds);
    headers["webhook-signature"] = signatures;
    headers["webhook-event"] = message.type;
    headers["webhook-source"] = message.source;
    if (plain !== undefined) headers[options.signatureHeader] = `${signatureAlgorithm}=${plain}`;
    return headers;
  };

  const requestOf = (
    delivery: StoredDelivery,
    subscription: StoredSubscription,
    signal: AbortSignal,
    now: number,
  ): TransportRequest => {
    const { url, tls, proxy } = subscription;
    const body = bodyOf(delivery, subscription);
    const request: Mutable<TransportRequest> = {
      url,
      method: "POST",
      headers: headersOf(delivery, subscription, body, now),
      body,
      timeoutMs: options.timeoutMs,
      maxResponseBytes: options.maxResponseBytes,
      signal,
    };
    if (tls !== undefined) request.tls = tls;
    if (proxy !== undefined) request.proxy = proxy;
    return request;
  };

  return async (delivery, subscription, signal) => {
    const at = clock.now();
    let outcome: TransportOutcome;
    try {
      outcome = await transport.send(requestOf(delivery, subscription, signal, at));
    } catch (error) {
      // Not the network's doing, but it would be the same the next time: it has to use up an attempt.
      const name = error instanceof Error ? error.name : "something that is no error";
      outcome = {
        kind: "error",
        errorClass: "http",
        message: `the request could not be made: the transport threw ${name}`,
        timings: { totalMs: clock.now() - at },
      };
    }
    if (outcome.kind === "error" && outcome.errorClass === "aborted") return "aborted";
    const record = recordOf(outcome, delivery.attempts + 1, at);
    const retryAfter = outcome.kind === "response" ? outcome.headers["retry-after"] : undefined;
    if (retryAfter === undefined) return { record };
    const retryAfterMs = parseRetryAfter(retryAfter, clock.now());
    return retryAfterMs === undefined ? { record } : { record, retryAfterMs };
  };
}

function recordOf(outcome: TransportOutcome, number: number, at: number): AttemptRecord {
  const { timings } = outcome;
  if (outcome.kind === "error") {
    const { errorClass, message, status } = outcome;
    return { number, at, timings, errorClass, error: message, ...(status && { status }) };
  }
  const { status, body } = outcome;
  const record: Mutable<AttemptRecord> = { number, at, timings, status };
  const headers = keptHeaders(outcome.headers);
  if (headers) record.headers = headers;
  if (body.length > 0) record.body = decoder.decode(body);
  if (status < 200 || status >= 300) {
    record.errorClass = "http";
    record.error = describeStatus(status);
  }
  return record;
}

function keptHeaders(
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> | undefined {
  let kept: Record<string, string> | undefined;
  for (const name of KEPT_HEADERS) {
    const value = headers[name];
    if (value !== undefined) (kept ??= {})[name] = value;
  }
  return kept;
}

function describeStatus(status: number): string {
  return status >= 300 && status < 400
    ? `the endpoint answered ${status}; redirects are not followed: subscribe the final URL`
    : `the endpoint answered ${status}`;
}
