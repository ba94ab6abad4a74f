import type {
  AttemptRecord,
  Counters,
  DeliveryStatus,
  EndpointState,
  RateLimit,
  StoredDelivery,
  StoredSubscription,
} from "../store/delivery-store.ts";

/** One event to one subscription, as it stands now; a copy. */
export interface WebhookDelivery {
  readonly id: string;
  /** Grows in the order of creation; pass the last one of a page as `after` to get the next page. */
  readonly seq: number;
  readonly subscriptionId: string;
  readonly eventId: string;
  /** The event's type. */
  readonly event: string;
  readonly status: DeliveryStatus;
  /** Attempts made so far. */
  readonly attempts: number;
  /** `maxRetries + 1`; more once it was redelivered by hand. */
  readonly maxAttempts: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** When the next attempt is due; absent once sent or dead. */
  readonly nextAttemptAt?: number;
  /** HTTP status of the last attempt, where there was an answer. */
  readonly lastStatus?: number;
  /** What went wrong in the last attempt. */
  readonly lastError?: string;
}

/** Who receives what; a copy, without its secrets and header values. */
export interface WebhookSubscription {
  readonly id: string;
  readonly url: string;
  /** Exact names, `order.*`, or `*` for all. */
  readonly events: readonly string[];
  readonly active: boolean;
  /** The names of the headers that are added; their values are credentials as often as not. */
  readonly headerNames: readonly string[];
  readonly tenant?: string;
  readonly filter?: unknown;
  readonly body?: "payload" | "event";
  readonly concurrency?: number;
  readonly rateLimit?: RateLimit;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly endpoint: EndpointState;
}

/** How much there is of everything. */
export interface OutboundStats {
  readonly subscriptions: number;
  /** Not tried yet. */
  readonly pending: number;
  readonly sent: number;
  /** Tried, and to be tried again. */
  readonly failed: number;
  /** Given up. */
  readonly dead: number;
  /** Attempts that run at this moment, in this process. */
  readonly inFlight: number;
  /** Pending or failed, with an endpoint that is paused or disabled; counted in those as well. */
  readonly held: number;
  /** When the earliest attempt that is not held was or will be due. */
  readonly oldestDueAt: number | undefined;
}

export function deliveryView(delivery: StoredDelivery): WebhookDelivery {
  const { message, dueAt, lastStatus, lastError } = delivery;
  return {
    id: delivery.id,
    seq: delivery.seq,
    subscriptionId: delivery.subscriptionId,
    eventId: message.id,
    event: message.type,
    status: delivery.status,
    attempts: delivery.attempts,
    maxAttempts: delivery.maxAttempts,
    createdAt: delivery.createdAt,
    updatedAt: delivery.updatedAt,
    ...(dueAt === undefined ? {} : { nextAttemptAt: dueAt }),
    ...(lastStatus === undefined ? {} : { lastStatus }),
    ...(lastError === undefined ? {} : { lastError }),
  };
}

export function subscriptionView(subscription: StoredSubscription): WebhookSubscription {
  const { secrets: _, headers, tls: __, proxy: ___, ordered: ____, ...rest } = subscription;
  return structuredClone({ ...rest, headerNames: Object.keys(headers) });
}

export function attemptView(attempt: AttemptRecord): AttemptRecord {
  return structuredClone(attempt);
}

export function statsView(counters: Counters, inFlight: number): OutboundStats {
  const { subscriptions, pending, sent, failed, dead, held } = counters;
  return {
    subscriptions,
    pending,
    sent,
    failed,
    dead,
    inFlight,
    held,
    // Looked up when it is read, so that reading the counters costs nothing more.
    get oldestDueAt() {
      return counters.oldestDueAt;
    },
  };
}
