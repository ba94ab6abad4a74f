import { createHmac, randomUUID } from "node:crypto";
import { fromBase64 } from "@ventostack/webhook";
import type { SharedSecret } from "./platform-keys.ts";
import type { PlatformMessage, PlatformRequest } from "./platform-request.ts";
import { secondsOf, sentAt, textOf, toRequest } from "./platform-request.ts";

/** A message whose id and type stand beside its payload. */
export interface NamedMessage extends PlatformMessage {
  /** Default a new UUID. */
  readonly id?: string;
  readonly type?: string;
}

export interface GitHubMessage extends NamedMessage {
  /** Sends `payload=<JSON>`, as hooks do that are set to forms; default false. */
  readonly form?: boolean;
}

/** What Slack sends: an event as JSON, an interaction as JSON in a field of a form, or a slash command as a form. */
export type SlackMessage =
  | (PlatformMessage & { readonly as?: "event" | "interaction" })
  | (PlatformMessage & {
      readonly as: "command";
      readonly payload: Readonly<Record<string, string>>;
    });

export interface GenericMessage extends PlatformMessage {
  /** Default `sha256`. */
  readonly algorithm?: "sha256" | "sha384" | "sha512";
  /** The header of the signature; default `x-signature`. */
  readonly header?: string;
}

const FORM = "application/x-www-form-urlencoded";

export function signStripe(message: PlatformMessage, { secret }: SharedSecret): PlatformRequest {
  const body = textOf(message.payload);
  const seconds = secondsOf(message);
  const signature = mac(secret, `${seconds}.${body}`, "hex");
  return toRequest(message, body, { "stripe-signature": `t=${seconds},v1=${signature}` });
}

export function signGitHub(message: GitHubMessage, { secret }: SharedSecret): PlatformRequest {
  const text = textOf(message.payload);
  const body = message.form ? new URLSearchParams({ payload: text }).toString() : text;
  return toRequest(message, body, {
    "content-type": message.form ? FORM : undefined,
    "x-github-delivery": message.id ?? randomUUID(),
    "x-github-event": message.type ?? "push",
    "x-hub-signature-256": `sha256=${mac(secret, body, "hex")}`,
  });
}

export function signSlack(message: SlackMessage, { secret }: SharedSecret): PlatformRequest {
  const body = slackBody(message);
  const seconds = secondsOf(message);
  return toRequest(message, body, {
    "content-type": (message.as ?? "event") === "event" ? undefined : FORM,
    "x-slack-request-timestamp": seconds,
    "x-slack-signature": `v0=${mac(secret, `v0:${seconds}:${body}`, "hex")}`,
  });
}

function slackBody(message: SlackMessage): string {
  if (message.as === "command") return new URLSearchParams(message.payload).toString();
  const text = textOf(message.payload);
  return message.as === "interaction" ? new URLSearchParams({ payload: text }).toString() : text;
}

export function signShopify(message: NamedMessage, { secret }: SharedSecret): PlatformRequest {
  const body = textOf(message.payload);
  return toRequest(message, body, {
    "x-shopify-api-version": "2026-10",
    "x-shopify-hmac-sha256": mac(secret, body, "base64"),
    "x-shopify-shop-domain": "example.myshopify.com",
    "x-shopify-topic": message.type ?? "orders/create",
    "x-shopify-triggered-at": new Date(sentAt(message)).toISOString(),
    "x-shopify-webhook-id": message.id ?? randomUUID(),
  });
}

/** Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
export function signStandard(message: NamedMessage, { secret }: SharedSecret): PlatformRequest {
  const body = textOf(message.payload);
  const id = message.id ?? `msg_${randomUUID()}`;
  const seconds = secondsOf(message);
  const key = secret.startsWith("whsec_") ? fromBase64(secret.slice("whsec_".length)) : undefined;
  return toRequest(message, body, {
    "webhook-id": id,
    "webhook-timestamp": seconds,
    "webhook-signature": `v1,${mac(key ?? secret, `${id}.${seconds}.${body}`, "base64")}`,
  });
}

export function signGeneric(message: GenericMessage, { secret }: SharedSecret): PlatformRequest {
  const body = textOf(message.payload);
  const { algorithm = "sha256", header = "x-signature" } = message;
  return toRequest(message, body, {
    [header.toLowerCase()]: `${algorithm}=${mac(secret, body, "hex", algorithm)}`,
  });
}

function mac(
  key: string | Uint8Array,
  content: string,
  encoding: "hex" | "base64",
  hash = "sha256",
): string {
  return createHmac(hash, key).update(content).digest(encoding);
}
