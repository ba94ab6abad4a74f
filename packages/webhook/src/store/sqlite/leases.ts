import type { StoredDelivery } from "../delivery-store.ts";
import type { Sql } from "./database.ts";
import type { DeliveryRow } from "./delivery-row.ts";
import { DELIVERY_COLUMNS, storedDelivery } from "./delivery-row.ts";
import type { Lanes } from "./lanes.ts";
import type { MessageTable } from "./message-table.ts";
import type { SubscriptionTable } from "./subscription-table.ts";

/** A delivery as it was when it was claimed; nothing but its settlement changes it as long as the lease is good. */
interface Lease {
  readonly delivery: StoredDelivery;
  readonly sub: number;
  readonly token: number;
}

/** Who holds what until when. */
export interface Leases {
  /** A lease by its token, whoever claimed it; `undefined` where it has gone to somebody else. */
  find(deliveryId: string, token: number): Lease | undefined;
  /** The transaction with the claim has been committed. */
  add(lease: Lease): void;
  /** It is over: its newest token was this one. */
  delete(deliveryId: string, token: number): void;
  /** A lease of this transaction's will run out then. */
  runsOut(at: number): void;
  /** Whether a lease may have run out; asks the file if it has to. */
  mayExpire(now: number): boolean;
  /** Puts back what was under leases that have run out. */
  expire(now: number): void;
  /** Other connections may have claimed. */
  refresh(): void;
  forget(): void;
}

export function createLeases(
  sql: Sql,
  parts: {
    readonly lanes: Lanes;
    readonly messages: MessageTable;
    readonly subscriptions: SubscriptionTable;
  },
): Leases {
  const { lanes, messages, subscriptions } = parts;
  const leased = "webhook_delivery INDEXED BY webhook_delivery_leased";
  const earliest = sql<{ at: number | null }>(
    `SELECT min(lease_until) AS at FROM ${leased} WHERE lease_until IS NOT NULL`,
  );
  const expired = sql<{ seq: number; id: string; sub: number; due_at: number; token: number }>(
    `SELECT seq, id, sub, due_at, token FROM ${leased} WHERE lease_until IS NOT NULL AND lease_until <= ?`,
  );
  const putBack = sql("UPDATE webhook_delivery SET lease_until = NULL, rank = ? WHERE seq = ?");
  const byId = sql<DeliveryRow & { lane: string }>(
    `SELECT ${DELIVERY_COLUMNS}, l.id AS lane FROM webhook_delivery d ` +
      "JOIN webhook_lane l ON l.sub = d.sub WHERE d.id = ? AND d.token = ? AND d.lease_until IS NOT NULL",
  );
  /** Of this process's claims. */
  const known = new Map<string, Lease>();
  /** No lease runs out before; `undefined` if that has to be looked up. */
  let nextEnd: number | undefined;

  const lookUp = (): number => (nextEnd = earliest.get()?.at ?? Number.POSITIVE_INFINITY);

  return {
    find(deliveryId, token) {
      const lease = known.get(deliveryId);
      if (lease?.token === token) return lease;
      const row = byId.get(deliveryId, token);
      const message = row && messages.get(row.message);
      if (!row || !message) return undefined;
      return { delivery: storedDelivery(row, row.lane, message), sub: row.sub, token: row.token };
    },
    add: (lease) => void known.set(lease.delivery.id, lease),
    delete(deliveryId, token) {
      if (known.get(deliveryId)?.token === token) known.delete(deliveryId);
    },
    runsOut(at) {
      if (nextEnd !== undefined) nextEnd = Math.min(nextEnd, at);
    },
    mayExpire: (now) => now >= (nextEnd ?? lookUp()),
    expire(now) {
      if (now < (nextEnd ?? lookUp())) return;
      for (const { seq, id, sub, due_at, token } of expired.all(now)) {
        const entry = subscriptions.bySub(sub);
        if (!entry) continue;
        putBack.run(entry.stored.ordered ? seq : due_at, seq);
        lanes.leave(lanes.of(sub, entry.id));
        if (known.get(id)?.token === token) known.delete(id);
      }
      lookUp();
    },
    refresh() {
      nextEnd = undefined;
    },
    forget() {
      known.clear();
      nextEnd = undefined;
    },
  };
}
