import type { DeliveryStatus, StoredDelivery, StoredMessage } from "../delivery-store.ts";
import type { SqlValue } from "./database.ts";

/** In the order of their numbers in the file. */
export const STATUSES: readonly DeliveryStatus[] = ["pending", "failed", "sent", "dead"];
export const SENT = 2;
export const DEAD = 3;

/** A status as the file numbers it. */
export function statusNumber(status: DeliveryStatus): number {
  return STATUSES.indexOf(status);
}

export function isFinished(status: DeliveryStatus): boolean {
  return status === "sent" || status === "dead";
}

/** A row of `webhook_delivery`, as far as a delivery is made of it. */
export interface DeliveryRow {
  readonly seq: number;
  readonly id: string;
  readonly sub: number;
  readonly message: number;
  readonly status: number;
  readonly attempts: number;
  readonly max_attempts: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly due_at: number | null;
  readonly lease_until: number | null;
  readonly token: number;
  readonly last_status: number | null;
  readonly last_error: string | null;
  readonly payload: Uint8Array | null;
}

export const DELIVERY_COLUMNS: string =
  "d.seq, d.id, d.sub, d.message, d.status, d.attempts, d.max_attempts, d.created_at, d.updated_at, " +
  "d.due_at, d.lease_until, d.token, d.last_status, d.last_error, d.payload";

export function storedDelivery(
  row: DeliveryRow,
  subscriptionId: string,
  message: StoredMessage,
): StoredDelivery {
  return {
    seq: row.seq,
    id: row.id,
    subscriptionId,
    message,
    payload: row.payload ?? undefined,
    status: STATUSES[row.status] ?? "dead",
    attempts: row.attempts,
    maxAttempts: row.max_attempts,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    dueAt: row.due_at ?? undefined,
    lastStatus: row.last_status ?? undefined,
    lastError: row.last_error ?? undefined,
  };
}

/** A row of `webhook_message`. */
export interface MessageRow {
  readonly seq: number;
  readonly event_id: string;
  readonly type: string;
  readonly source: string;
  readonly timestamp: number;
  readonly created_at: number;
  readonly is_text: number | null;
  readonly tenant: string | null;
  readonly idempotency_key: string | null;
  /** A JSON list, where there is an idempotency key; the key itself is left out where it is the event's id. */
  readonly delivery_ids: string | null;
  readonly metadata: string | null;
  readonly payload: Uint8Array | null;
}

export function messageValues(
  seq: number,
  message: StoredMessage,
  deliveryIds: readonly string[],
): SqlValue[] {
  const { id, idempotencyKey: key } = message;
  return [
    seq,
    id,
    message.type,
    message.source,
    message.timestamp,
    message.createdAt,
    message.isText ? 1 : null,
    message.tenant ?? null,
    key === undefined || key === id ? null : key,
    key === undefined ? null : JSON.stringify(deliveryIds),
    message.metadata ?? null,
    message.payload,
  ];
}

export function storedMessage(row: MessageRow): StoredMessage {
  const key = row.idempotency_key ?? (row.delivery_ids === null ? undefined : row.event_id);
  return {
    id: row.event_id,
    type: row.type,
    source: row.source,
    timestamp: row.timestamp,
    // Some drivers give an empty blob back as null.
    payload: row.payload ?? new Uint8Array(),
    ...(row.is_text ? { isText: true as const } : {}),
    ...(row.metadata === null ? {} : { metadata: row.metadata }),
    ...(row.tenant === null ? {} : { tenant: row.tenant }),
    ...(key === undefined ? {} : { idempotencyKey: key }),
    createdAt: row.created_at,
  };
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * 32 bits of FNV-1a: a small stand-in for an event's type in an index. Whoever searches by it compares the type too.
 * Source: http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function typeHash(type: string): number {
  let hash = FNV_OFFSET;
  for (let index = 0; index < type.length; index += 1) {
    hash = Math.imul(hash ^ type.charCodeAt(index), FNV_PRIME);
  }
  return hash >>> 0;
}

const RING = 64;
const KEPT = 50;

/** Where an attempt is kept: the 51st of a delivery takes the place of the first. */
export function attemptKey(seq: number, ordinal: number): number {
  return seq * RING + ((ordinal - 1) % KEPT);
}

/** The keys of a delivery's attempts, from the first to the last. */
export function attemptKeys(seq: number): readonly [first: number, last: number] {
  return [seq * RING, seq * RING + KEPT - 1];
}

/** Puts attempts in the order of their places into the order of their making. */
export function attemptsInOrder<T>(places: readonly T[], made: number): T[] {
  if (made <= KEPT) return [...places];
  const oldest = made % KEPT;
  return [...places.slice(oldest), ...places.slice(0, oldest)];
}
