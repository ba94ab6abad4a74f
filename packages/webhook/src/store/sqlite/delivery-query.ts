import type { Page, StoredDelivery, StoreFilter } from "../delivery-store.ts";
import type { Sql, SqlValue } from "./database.ts";
import type { DeliveryRow } from "./delivery-row.ts";
import {
  attemptKeys,
  attemptsInOrder,
  DELIVERY_COLUMNS,
  SENT,
  statusNumber,
  storedDelivery,
  typeHash,
} from "./delivery-row.ts";
import type { MessageTable } from "./message-table.ts";

/** A delivery with the id of its subscription, which may be gone. */
export type FoundRow = DeliveryRow & { readonly lane: string };

/** Finds deliveries. */
export interface DeliveryQuery {
  get(id: string): StoredDelivery | undefined;
  list(filter: StoreFilter, page: Page): StoredDelivery[];
  /** The rows only, without their events. */
  rows(filter: StoreFilter, page: Page): FoundRow[];
  /** The records of a delivery's attempts as JSON, the first one first. */
  attempts(deliveryId: string): string[];
}

interface Condition {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

const FROM = "FROM webhook_delivery d";
const GROUP_BITS = 10;
const GROUP = 1 << GROUP_BITS;

/** All of the filter but for `ids` and `status`. */
function conditionsOf(filter: StoreFilter, subOf: (id: string) => number): Condition[] {
  const conditions: Condition[] = [];
  const add = (text: string, ...values: SqlValue[]): void => {
    conditions.push({ text, values });
  };
  const { subscriptionId, event, eventId, since, until, held } = filter;
  if (subscriptionId !== undefined) add("d.sub = ?", subOf(subscriptionId));
  if (event !== undefined) {
    add("d.type_hash = ?", typeHash(event));
    add("(SELECT m.type FROM webhook_message m WHERE m.seq = d.message) = ?", event);
  }
  if (eventId !== undefined) {
    add("d.message IN (SELECT m.seq FROM webhook_message m WHERE m.event_id = ?)", eventId);
  }
  if (since !== undefined) add("d.created_at >= ?", since);
  if (until !== undefined) add("d.created_at < ?", until);
  if (held) add("d.sub IN (SELECT sub FROM webhook_subscription WHERE held = 1)");
  return conditions;
}

export function createDeliveryQuery(sql: Sql, messages: MessageTable): DeliveryQuery {
  const laneOf = sql<{ sub: number }>("SELECT sub FROM webhook_lane WHERE id = ?");
  const lastSeq = sql<{ seq: number | null }>("SELECT max(seq) AS seq FROM webhook_delivery");
  const records = sql<{ record: string }>(
    "SELECT record FROM webhook_attempt WHERE id BETWEEN ? AND ? ORDER BY id",
  );

  const select = (
    from: string,
    conditions: readonly Condition[],
    { after = 0, limit }: Page,
  ): FoundRow[] => {
    const where = conditions.map(({ text }) => ` AND ${text}`).join("");
    const text =
      `SELECT ${DELIVERY_COLUMNS}, l.id AS lane ${from} JOIN webhook_lane l ON l.sub = d.sub ` +
      `WHERE d.seq > ?${where} ORDER BY d.seq LIMIT ?`;
    const values = conditions.flatMap((each) => each.values);
    return sql<FoundRow>(text).all(after, ...values, limit);
  };

  const byId = (id: string): FoundRow | undefined =>
    select(FROM, [{ text: "d.id = ?", values: [id] }], { limit: 1 })[0];

  /** One group of rows after the other: within each of them the index finds what is asked for. */
  const byGroup = (conditions: readonly Condition[], { after = 0, limit }: Page): FoundRow[] => {
    const last = lastSeq.get()?.seq ?? 0;
    const found: FoundRow[] = [];
    const from = `${FROM} INDEXED BY webhook_delivery_group`;
    for (
      let group = Math.floor((after + 1) / GROUP);
      group * GROUP <= last && found.length < limit;
      group += 1
    ) {
      const inGroup = { text: `(d.seq >> ${GROUP_BITS}) = ?`, values: [group] };
      const page = { after, limit: limit - found.length };
      found.push(...select(from, [inGroup, ...conditions], page));
    }
    return found;
  };

  const byStatus = (
    statuses: readonly number[],
    conditions: readonly Condition[],
    page: Page,
  ): FoundRow[] => {
    const from = `${FROM} INDEXED BY webhook_delivery_status`;
    const found = statuses.flatMap((status) =>
      // The second condition is the index's own.
      select(
        from,
        [{ text: "d.status = ? AND d.status <> 2", values: [status] }, ...conditions],
        page,
      ),
    );
    return found.toSorted((a, b) => a.seq - b.seq).slice(0, page.limit);
  };

  const rows = (filter: StoreFilter, page: Page): FoundRow[] => {
    const { ids, status, eventId, subscriptionId, event, since, until } = filter;
    const conditions = conditionsOf(filter, (id) => laneOf.get(id)?.sub ?? -1);
    const statuses = [...new Set(status)].map(statusNumber);
    const inStatus: Condition[] =
      status === undefined
        ? []
        : [
            {
              text: "d.status IN (SELECT value FROM json_each(?))",
              values: [JSON.stringify(statuses)],
            },
          ];
    if (ids) {
      const named = "d.id IN (SELECT value FROM json_each(?))";
      const inIds = { text: named, values: [JSON.stringify(ids)] };
      return select(
        `${FROM} INDEXED BY webhook_delivery_id`,
        [inIds, ...inStatus, ...conditions],
        page,
      );
    }
    if (eventId !== undefined) {
      const from = `${FROM} INDEXED BY webhook_delivery_message`;
      return select(from, [...inStatus, ...conditions], page);
    }
    if (status && !statuses.includes(SENT)) return byStatus(statuses, conditions, page);
    const isGrouped = [subscriptionId, event, since, until].some((each) => each !== undefined);
    return isGrouped
      ? byGroup([...inStatus, ...conditions], page)
      : select(FROM, [...inStatus, ...conditions], page);
  };

  const hydrate = (row: FoundRow): StoredDelivery[] => {
    const message = messages.get(row.message);
    return message ? [storedDelivery(row, row.lane, message)] : [];
  };

  return {
    get: (id) => {
      const row = byId(id);
      return row && hydrate(row)[0];
    },
    list: (filter, page) => rows(filter, page).flatMap(hydrate),
    rows,
    attempts(deliveryId) {
      const row = byId(deliveryId);
      if (!row) return [];
      const places = records.all(...attemptKeys(row.seq)).map((each) => each.record);
      return attemptsInOrder(places, row.attempts);
    },
  };
}
