import type { Enqueued, NewDelivery, StoredMessage } from "../delivery-store.ts";
import type { Sql } from "./database.ts";
import { typeHash } from "./delivery-row.ts";
import type { FreshDelivery, Lanes } from "./lanes.ts";
import type { MessageTable } from "./message-table.ts";
import type { Meta } from "./meta.ts";
import { isHeld } from "./subscription-row.ts";
import type { Entry, SubscriptionTable } from "./subscription-table.ts";

/** The columns of a delivery that vary when it is new. */
export const INSERT_DELIVERY: string =
  "INSERT INTO webhook_delivery VALUES " +
  "(?1, ?2, ?3, ?4, ?5, 0, 0, ?6, ?7, ?7, ?8, ?9, ?10, ?11, NULL, NULL, ?12)";

/** Takes events in. All of this within a transaction. */
export interface Intake {
  enqueue(message: StoredMessage, deliveries: readonly NewDelivery[]): Enqueued;
  redeliver(messageSeq: number, deliveries: readonly NewDelivery[]): void;
  /** Lets the claims of this transaction see what is new in it. */
  offer(): void;
  /** Writes what is new, under a lease if it has been claimed. */
  write(): void;
  forget(): void;
}

/**
 * New deliveries are written at the end of the transaction: one that a claim of the same transaction takes is written
 * under its lease, and goes from memory straight to its first attempt.
 */
export function createIntake(
  sql: Sql,
  parts: {
    readonly meta: Meta;
    readonly lanes: Lanes;
    readonly messages: MessageTable;
    readonly subscriptions: SubscriptionTable;
  },
): Intake {
  const { meta, lanes, messages, subscriptions } = parts;
  const { totals } = meta;
  const insert = sql(INSERT_DELIVERY);
  let fresh: FreshDelivery[] = [];

  const add = (
    delivery: NewDelivery,
    entry: Entry,
    event: { readonly seq: number; readonly message: StoredMessage },
    createdAt: number,
  ): void => {
    const lane = lanes.of(entry.sub, entry.id);
    const added: FreshDelivery = {
      seq: totals.nextSeq,
      id: delivery.id,
      lane,
      messageSeq: event.seq,
      message: event.message,
      payload: delivery.payload,
      maxAttempts: delivery.maxAttempts,
      createdAt,
      dueAt: delivery.dueAt,
      leaseUntil: undefined,
    };
    totals.nextSeq += 1;
    totals.pending += 1;
    if (isHeld(entry.stored)) totals.held += 1;
    fresh.push(added);
    lane.fresh.push(added);
  };

  return {
    enqueue(message, deliveries) {
      const known = messages.twinOf(message);
      if (known) return { deliveryIds: known, duplicate: true };
      const added = deliveries.flatMap((delivery) => {
        const entry = subscriptions.find(delivery.subscriptionId);
        return entry ? [{ delivery, entry }] : [];
      });
      const deliveryIds = added.map((each) => each.delivery.id);
      if (added.length === 0) return { deliveryIds, duplicate: false };
      const event = { seq: totals.nextMessage, message };
      totals.nextMessage += 1;
      messages.add(event.seq, message, deliveryIds);
      for (const { delivery, entry } of added) add(delivery, entry, event, message.createdAt);
      return { deliveryIds, duplicate: false };
    },
    redeliver(messageSeq, deliveries) {
      const message = messages.has(messageSeq) ? messages.get(messageSeq) : undefined;
      if (!message) return;
      for (const delivery of deliveries) {
        const entry = subscriptions.find(delivery.subscriptionId);
        if (entry) add(delivery, entry, { seq: messageSeq, message }, delivery.dueAt);
      }
    },
    offer() {
      for (const lane of new Set(fresh.map((each) => each.lane))) lanes.arm(lane);
    },
    write() {
      const written = fresh;
      fresh = [];
      for (const each of written) {
        const { lane, leaseUntil, dueAt } = each;
        const isLeased = leaseUntil !== undefined;
        const ordered = subscriptions.bySub(lane.sub)?.stored.ordered ?? false;
        insert.run(
          each.seq,
          each.id,
          lane.sub,
          each.messageSeq,
          typeHash(each.message.type),
          each.maxAttempts,
          each.createdAt,
          dueAt,
          isLeased ? null : ordered ? each.seq : dueAt,
          leaseUntil ?? null,
          isLeased ? 1 : 0,
          each.payload ?? null,
        );
      }
      for (const { lane, leaseUntil } of written) {
        lane.fresh = [];
        lane.isFreshLeased = false;
        if (leaseUntil === undefined) lanes.leave(lane);
      }
    },
    forget() {
      fresh = [];
    },
  };
}
