import type {
  AttemptRecord,
  StoredDelivery,
  StoredMessage,
  StoredSubscription,
} from "../../store/delivery-store.ts";

/** When every case begins. */
export const T0 = 1_700_000_000_000;
export const LEASE_MS = 60_000;
export const MAX_ATTEMPTS = 3;
/** More than any case has work. */
export const PLENTY = 1_000_000;

export function subscriptionOf(
  id: string,
  changes: Partial<StoredSubscription> = {},
): StoredSubscription {
  return {
    id,
    url: `https://${id}.example.com/hook`,
    secrets: [{ value: `secret-of-${id}` }],
    events: ["*"],
    active: true,
    headers: {},
    ordered: false,
    createdAt: T0,
    updatedAt: T0,
    endpoint: { status: "ok", failures: 0 },
    ...changes,
  };
}

export function messageOf(id: string, changes: Partial<StoredMessage> = {}): StoredMessage {
  return {
    id,
    type: "order.created",
    source: "tests",
    timestamp: T0,
    payload: new TextEncoder().encode(`{"event":"${id}"}`),
    createdAt: T0,
    ...changes,
  };
}

export function attemptOf(number: number, changes: Partial<AttemptRecord> = {}): AttemptRecord {
  return { number, at: T0, timings: { totalMs: 1 }, ...changes };
}

/** What a case compares of a delivery: a copy, for a driver may hand out rows that go on changing. */
export interface DeliveryFacts {
  readonly id: string;
  readonly subscriptionId: string;
  readonly eventId: string;
  readonly status: StoredDelivery["status"];
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly createdAt: number;
  readonly dueAt: number | undefined;
  readonly lastStatus: number | undefined;
  readonly lastError: string | undefined;
}

export function factsOf(delivery: StoredDelivery): DeliveryFacts {
  const { id, subscriptionId, message, status, attempts, maxAttempts } = delivery;
  return {
    id,
    subscriptionId,
    eventId: message.id,
    status,
    attempts,
    maxAttempts,
    createdAt: delivery.createdAt,
    dueAt: delivery.dueAt,
    lastStatus: delivery.lastStatus,
    lastError: delivery.lastError,
  };
}
