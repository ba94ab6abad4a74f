/** One thing that happened, on its way out to subscribers or in from another company's system. */
export interface WebhookEvent {
  /** Identifies the event: the same on every attempt, delivery and retry. */
  id: string;
  /** What happened, such as `order.created`; `webhook.received` where a sender gives no type. */
  type: string;
  /** Who says so: the application that sends, or the platform that sent. */
  source: string;
  payload: unknown;
  metadata?: Record<string, unknown>;
  /** When it happened, in milliseconds since the epoch. */
  timestamp: number;
}
