import type { EmailEventType } from "../mapping/sendgrid-email-log.ts";

/** How far an e-mail has come, in this order. `none`: no provider is known to have it. */
export type DeliveryStatus =
  "none" | "queued" | "processed" | "deferred" | "delivered" | "opened" | "clicked";

/** What may befall an e-mail beside that, for good. */
export type DeliveryFlag = "bounced" | "dropped" | "spam" | "unsubscribed";

/** An e-mail's way so far. */
export interface DeliveryProgress {
  readonly status: DeliveryStatus;
  /** In the order in which they came to be known. */
  readonly flags: readonly DeliveryFlag[];
}

const RANK: Readonly<Record<DeliveryStatus, number>> = {
  none: 0,
  queued: 1,
  processed: 2,
  deferred: 3,
  delivered: 4,
  opened: 5,
  clicked: 6,
};

const FLAGS: readonly string[] = [
  "bounced",
  "dropped",
  "spam",
  "unsubscribed",
] satisfies DeliveryFlag[];

/** Whether a text from a database is a status. */
export function isDeliveryStatus(value: unknown): value is DeliveryStatus {
  return typeof value === "string" && Object.hasOwn(RANK, value);
}

/** Whether a text from a database is a flag. */
export function isDeliveryFlag(value: unknown): value is DeliveryFlag {
  return typeof value === "string" && FLAGS.includes(value);
}

/**
 * What is known after one more event. Events come out of order, so the status only ever rises, and a flag once set stays:
 * the result does not depend on the order.
 */
export function advance(
  progress: DeliveryProgress,
  news: EmailEventType | DeliveryStatus,
): DeliveryProgress {
  if (isDeliveryFlag(news)) {
    return progress.flags.includes(news)
      ? progress
      : { ...progress, flags: [...progress.flags, news] };
  }
  if (!isDeliveryStatus(news) || RANK[news] <= RANK[progress.status]) return progress;
  return { ...progress, status: news };
}
