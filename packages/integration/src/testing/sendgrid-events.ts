import type { KeyObject } from "node:crypto";
import { generateKeyPairSync, sign } from "node:crypto";
import { toBase64 } from "@ventostack/webhook";

/** The kinds of event that SendGrid posts about one message. */
export type SendGridEventName =
  | "processed"
  | "deferred"
  | "delivered"
  | "open"
  | "click"
  | "bounce"
  | "blocked"
  | "dropped"
  | "spamreport"
  | "unsubscribe"
  | "group_unsubscribe"
  | "group_resubscribe";

/** An event as it stands in the posted array. */
export type SendGridEvent = Readonly<Record<string, unknown>>;

/** A post of the event webhook: the bytes that were signed, and the headers. */
export interface SignedPost {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

/** What an event says about the message that it is about. */
export interface EventSubject {
  readonly to: string;
  /** As `sg_message_id`. */
  readonly messageId: string;
  readonly smtpId: string;
  readonly categories: readonly string[];
  readonly customArgs: Readonly<Record<string, string>>;
}

const DETAILS: Readonly<Record<SendGridEventName, SendGridEvent>> = {
  processed: {},
  deferred: { response: "400 try again later", attempt: "5", tls: 0 },
  delivered: { response: "250 OK", ip: "192.0.2.1", tls: 1 },
  open: {
    sg_machine_open: false,
    sg_content_type: "html",
    useragent: "Mozilla/5.0",
    ip: "192.0.2.7",
  },
  click: {
    url: "https://www.example.com/",
    url_offset: { index: 0, type: "html" },
    useragent: "Mozilla/5.0",
    ip: "192.0.2.7",
  },
  bounce: {
    bounce_classification: "Invalid Address",
    reason: "550 5.1.1 The email account that you tried to reach does not exist",
    status: "5.1.1",
    type: "bounce",
  },
  blocked: {
    event: "bounce",
    bounce_classification: "Reputation",
    reason: "554 5.7.1 Service unavailable",
    status: "5.7.1",
    type: "blocked",
  },
  dropped: { reason: "Bounced Address", status: "5.0.0" },
  spamreport: {},
  unsubscribe: {},
  group_unsubscribe: { asm_group_id: 10 },
  group_resubscribe: { asm_group_id: 10 },
};

/**
 * Makes one event about a message.
 * @param at milliseconds since the epoch
 * @param changes further fields, or others in place of the usual ones
 */
export function makeEvent(
  name: SendGridEventName,
  subject: EventSubject,
  eventId: string,
  at: number,
  changes: SendGridEvent = {},
): SendGridEvent {
  return {
    ...subject.customArgs,
    email: subject.to,
    timestamp: Math.floor(at / 1000),
    "smtp-id": `<${subject.smtpId}>`,
    category: subject.categories,
    sg_event_id: eventId,
    sg_message_id: subject.messageId,
    event: name,
    ...DETAILS[name],
    ...changes,
  };
}

/** Signs as SendGrid does, with a key of its own. */
export interface EventSigner {
  /** What the settings show as the verification key: SubjectPublicKeyInfo in base64. */
  readonly publicKey: string;
  /**
   * @param events the array, or a body that is already a text
   * @param at milliseconds since the epoch
   */
  sign(events: readonly SendGridEvent[] | string, at: number): SignedPost;
}

const SIGNATURE_HEADER = "x-twilio-email-event-webhook-signature";
const TIMESTAMP_HEADER = "x-twilio-email-event-webhook-timestamp";

/** Generates a key pair on P-256. */
export function createEventSigner(): EventSigner {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return {
    publicKey: toBase64(publicKey.export({ type: "spki", format: "der" })),
    sign: (events, at) => signPost(privateKey, events, at),
  };
}

function signPost(
  key: KeyObject,
  events: readonly SendGridEvent[] | string,
  at: number,
): SignedPost {
  // One event a line, and a line break at the end: it is part of what is signed, and lost where a framework trims.
  const text =
    typeof events === "string"
      ? events
      : `[${events.map((event) => JSON.stringify(event)).join(",\r\n")}]\r\n`;
  const timestamp = String(Math.floor(at / 1000));
  const signature = sign("sha256", new TextEncoder().encode(timestamp + text), key);
  return {
    body: new TextEncoder().encode(text),
    headers: {
      "content-type": "application/json",
      "user-agent": "SendGrid Event API",
      [SIGNATURE_HEADER]: toBase64(signature),
      [TIMESTAMP_HEADER]: timestamp,
    },
  };
}
