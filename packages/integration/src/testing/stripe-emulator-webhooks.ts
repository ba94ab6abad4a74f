import { createHmac } from "node:crypto";
import type { EmulatedEvent } from "./stripe-emulator-objects.ts";

/** A signed webhook, as it would come in. */
export interface SignedStripeWebhook {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** How a series of webhooks is delivered. */
export interface StripeDelivery {
  /** Default all events so far, in the order in which they happened. */
  readonly events?: readonly EmulatedEvent[];
  /** How often each is sent, default 1. */
  readonly copies?: number;
  /** In the reverse order, default false. */
  readonly reversed?: boolean;
}

/**
 * Signs an event.
 * Source: https://docs.stripe.com/webhooks#verify-manually
 * @param atMs when it is sent, in milliseconds since the epoch
 */
export function signStripeEvent(
  event: EmulatedEvent,
  secret: string,
  atMs: number,
): SignedStripeWebhook {
  const body = JSON.stringify(event, undefined, 2);
  const seconds = Math.floor(atMs / 1000);
  const signature = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
  return {
    body,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "stripe-signature": `t=${seconds},v1=${signature},v0=${"0".repeat(64)}`,
      "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    },
  };
}

/**
 * Sends webhooks to a URL, one after the other.
 * @returns the statuses of the answers
 */
export async function deliverStripeWebhooks(
  url: string,
  sign: (event: EmulatedEvent) => SignedStripeWebhook,
  { events = [], copies = 1, reversed = false }: StripeDelivery,
): Promise<readonly number[]> {
  const ordered = reversed ? events.toReversed() : events;
  const statuses: number[] = [];
  for (const event of ordered) {
    for (let copy = 0; copy < copies; copy += 1) {
      // oxlint-disable-next-line no-await-in-loop -- the order is the point
      const response = await fetch(url, { method: "POST", ...sign(event) });
      // oxlint-disable-next-line no-await-in-loop
      await response.arrayBuffer();
      statuses.push(response.status);
    }
  }
  return statuses;
}
