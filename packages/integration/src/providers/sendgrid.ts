import type { ProviderDefinition, WebhookProvider } from "@ventostack/webhook";
import { interpretProvider, publicKey } from "@ventostack/webhook";

const HOUR_MS = 3_600_000;

const sendgrid: ProviderDefinition = {
  id: "sendgrid",
  docs: "https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features",
  signature: {
    algorithm: publicKey("ecdsa-p256-sha256"),
    encoding: "base64",
    read: (request) => request.required("x-twilio-email-event-webhook-signature"),
  },
  // The body ends with a line break, which is signed too.
  signedContent: (request) => [request.timestamp(), request.body],
  timestamp: {
    read: (request) => request.required("x-twilio-email-event-webhook-timestamp"),
    unit: "s",
    // A post that failed is repeated for 24 hours, and nothing says that it is signed anew. What a replay could do,
    // `sg_event_id` undoes.
    toleranceMs: 25 * HOUR_MS,
  },
  payload: "json",
  // The payload is a list of events, each with an id, a type and a time of its own; the post as a whole has only a time.
  event: (request) => ({ timestamp: request.sentAt() }),
};

/**
 * Verifies the event webhooks of SendGrid. `config.publicKey` is the verification key that its settings show, as it is.
 *
 * The payload is an array of events. They repeat and come out of order: handle each `sg_event_id` once.
 * Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
 */
export function createSendGridEventVerifier(): WebhookProvider {
  return interpretProvider(sendgrid);
}
