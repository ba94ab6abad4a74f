import type { WebhookEvent } from "../event.ts";
import type { Bytes } from "../signing/bytes.ts";
import { fromBase64 } from "../signing/bytes.ts";
import { isStandardSecretLength, standardSecretBytes } from "../signing/standard-webhooks.ts";
import { interpretProvider } from "./interpret-provider.ts";
import { hmac, publicKey } from "./provider-definition.ts";
import type { WebhookProvider } from "./provider.ts";
import { refuse } from "./refusal.ts";
import type { SignedRequest } from "./signed-request.ts";
import { parseIsoTime } from "./timestamp.ts";

const TOLERANCE_MS = 300_000;

/**
 * Verifies Standard Webhooks, the scheme of Svix, Clerk, Resend, OpenAI and others, and of this library's outbound half:
 * `v1` (HMAC-SHA256) with `config.secret`, `v1a` (Ed25519) with `config.publicKey`, under `webhook-*` or `svix-*` headers.
 * A secret without `whsec_` is tried both as base64 and as it stands. A body that is a whole `WebhookEvent` under the
 * signed id becomes that event again.
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 * @param options.id the sender's name: the `source` of its events; default `standard-webhooks`
 */
export function createStandardWebhooksVerifier(
  options: { readonly id?: string } = {},
): WebhookProvider {
  return interpretProvider({
    id: options.id ?? "standard-webhooks",
    docs: "https://www.standardwebhooks.com",
    emptyBody: "accept",
    signature: [
      {
        algorithm: hmac("sha256", { keyBytes }),
        encoding: "base64",
        read: (request) => signaturesOf(request, "v1"),
      },
      {
        algorithm: publicKey("ed25519"),
        encoding: "base64",
        read: (request) => signaturesOf(request, "v1a"),
      },
    ],
    signedContent: (request) => [idOf(request), ".", request.timestamp(), ".", request.body],
    timestamp: {
      read: (request) => request.required(`${family(request)}-timestamp`),
      unit: "s",
      toleranceMs: TOLERANCE_MS,
    },
    payload: readPayload,
    event: (request, payload) => ({
      whole: wholeEvent(payload, idOf(request)),
      id: idOf(request),
      type: request.string("type"),
      timestamp: parseIsoTime(request.json("timestamp")) ?? request.sentAt(),
    }),
  });
}

function keyBytes(secret: string): readonly Bytes[] {
  if (secret.startsWith("whpk_") || secret.startsWith("whsk_")) {
    refuse("CONFIG", "the secret is half of a key pair: give the whpk_ half as config.publicKey");
  }
  const bytes = standardSecretBytes(secret);
  const decoded = fromBase64(secret);
  return decoded && isStandardSecretLength(decoded) ? [decoded, bytes] : [bytes];
}

function family(request: SignedRequest): "webhook" | "svix" {
  const isSvix =
    request.header("webhook-signature") === undefined &&
    request.header("svix-signature") !== undefined;
  return isSvix ? "svix" : "webhook";
}

function idOf(request: SignedRequest): string {
  return request.required(`${family(request)}-id`);
}

function signaturesOf(request: SignedRequest, version: "v1" | "v1a"): readonly string[] {
  const start = `${version},`;
  return (
    request
      .required(`${family(request)}-signature`)
      .split(" ")
      .filter((signature) => signature.startsWith(start))
      // A comma at the end is left by frameworks that join repeated headers.
      .map((signature) => signature.slice(start.length, signature.endsWith(",") ? -1 : undefined))
  );
}

// A full stop separates id, timestamp and body, and ids hold full stops too: `a.1700000000` + body and `a` + timestamp
// 1700000000 + another body are the same signed bytes. The shifted reading shows by a body that begins with a timestamp.
const SHIFTED = /^\d{10,}\./;

function readPayload(request: SignedRequest): unknown {
  if (SHIFTED.test(request.text())) {
    refuse(
      "MALFORMED_PAYLOAD",
      "the body begins like a signed timestamp, so its start is ambiguous",
    );
  }
  return request.json() ?? request.text();
}

const EVENT_KEYS = new Set(["id", "type", "source", "payload", "timestamp", "metadata"]);

/** The event that the body is, where it is one from end to end and the signed id vouches for it. */
function wholeEvent(body: unknown, id: string): WebhookEvent | undefined {
  if (!isObject(body) || Object.keys(body).some((key) => !EVENT_KEYS.has(key))) return undefined;
  const { type, source, timestamp, metadata } = body;
  if (body["id"] !== id || !Object.hasOwn(body, "payload")) return undefined;
  if (typeof type !== "string" || type === "") return undefined;
  if (typeof source !== "string" || source === "") return undefined;
  if (typeof timestamp !== "number" || !Number.isFinite(timestamp)) return undefined;
  const event = { id, type, source, payload: body["payload"], timestamp };
  if (metadata === undefined) return event;
  return isObject(metadata) ? { ...event, metadata } : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
