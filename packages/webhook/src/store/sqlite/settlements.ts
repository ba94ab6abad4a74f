import type { EndpointState, Settlement, SettleResult } from "../delivery-store.ts";
import type { Sql } from "./database.ts";
import { attemptKey, isFinished, statusNumber } from "./delivery-row.ts";
import type { Lanes } from "./lanes.ts";
import type { Leases } from "./leases.ts";
import type { Meta } from "./meta.ts";
import { isHeld } from "./subscription-row.ts";
import type { Entry, SubscriptionTable } from "./subscription-table.ts";

/** Writes down what became of claimed deliveries. */
export interface Settlements {
  /**
   * To be called in a transaction.
   * @param epoch of the subscriptions when the settlement was decided on
   */
  settle(settlement: Settlement, epoch: number, onCommit: (task: () => void) => void): SettleResult;
  /** Changes an endpoint's state, with all that follows for the counters and the schedule. */
  setEndpoint(entry: Entry, endpoint: EndpointState): void;
  /** Follows a subscription's replacement by another. */
  afterPut(before: Entry | undefined, after: Entry): void;
  /** How many unfinished deliveries a subscription has. */
  unfinished(entry: Entry): number;
}

export function createSettlements(
  sql: Sql,
  parts: {
    readonly meta: Meta;
    readonly lanes: Lanes;
    readonly leases: Leases;
    readonly subscriptions: SubscriptionTable;
  },
): Settlements {
  const { meta, lanes, leases, subscriptions } = parts;
  const update = sql(
    "UPDATE webhook_delivery SET status = ?, attempts = ?, updated_at = ?, due_at = ?, rank = ?, " +
      "lease_until = NULL, last_status = ?, last_error = ? " +
      "WHERE seq = ? AND token = ? AND lease_until IS NOT NULL",
  );
  const addAttempt = sql("INSERT OR REPLACE INTO webhook_attempt VALUES (?, ?)");
  const countWaiting = sql<{ n: number }>(
    "SELECT count(*) AS n FROM webhook_delivery INDEXED BY webhook_delivery_waiting " +
      "WHERE sub = ? AND rank IS NOT NULL",
  );
  const countLeased = sql<{ n: number }>(
    "SELECT count(*) AS n FROM webhook_delivery INDEXED BY webhook_delivery_leased " +
      "WHERE sub = ? AND lease_until IS NOT NULL",
  );
  const rank = (by: string) =>
    sql(`UPDATE webhook_delivery SET rank = ${by} WHERE sub = ? AND rank IS NOT NULL`);
  const rankBySeq = rank("seq");
  const rankByTime = rank("due_at");

  const unfinished = ({ sub, id }: Entry): number =>
    (countWaiting.get(sub)?.n ?? 0) +
    (countLeased.get(sub)?.n ?? 0) +
    // In no table yet, but in the counters.
    lanes.of(sub, id).fresh.length;

  const setEndpoint = (entry: Entry, endpoint: EndpointState): void => {
    const wasHeld = isHeld(entry.stored);
    subscriptions.setEndpoint(entry, endpoint);
    if (wasHeld !== isHeld(entry.stored)) {
      meta.totals.held += unfinished(entry) * (wasHeld ? -1 : 1);
    }
    lanes.changed(entry.sub);
  };

  /** Another process has paused or disabled the endpoint while the attempt's result was on its way: that stays. */
  const reconciled = (entry: Entry, endpoint: EndpointState, epoch: number): EndpointState => {
    if (!isHeld(entry.stored) || isHeld({ endpoint })) return endpoint;
    if (!subscriptions.isChangedSince(entry.sub, epoch)) return endpoint;
    const { status, reason } = entry.stored.endpoint;
    return { ...endpoint, status, ...(reason === undefined ? {} : { reason }) };
  };

  return {
    unfinished,
    setEndpoint,
    afterPut(before, after) {
      const { sub, id, stored } = after;
      if (before && isHeld(before.stored) !== isHeld(stored)) {
        meta.totals.held += unfinished(after) * (isHeld(stored) ? 1 : -1);
      }
      if (before && before.stored.ordered !== stored.ordered) {
        if (stored.ordered) rankBySeq.run(sub);
        else rankByTime.run(sub);
      }
      const lane = lanes.of(sub, id);
      lanes.forgetHead(lane);
      lanes.arm(lane);
    },
    settle(settlement, epoch, onCommit) {
      const { deliveryId, token, at, result, attempt, endpoint } = settlement;
      const lease = leases.find(deliveryId, token);
      if (!lease) return "fenced";
      const { delivery, sub } = lease;
      const entry = subscriptions.bySub(sub);
      const isEnd = result === "sent" || result === "dead";
      const status = result === "release" ? delivery.status : result;
      const attempts = delivery.attempts + (attempt ? 1 : 0);
      const dueAt = isEnd ? null : (settlement.dueAt ?? at);
      const changed = update.run(
        statusNumber(status),
        attempts,
        result === "release" ? delivery.updatedAt : at,
        dueAt,
        isEnd ? null : entry?.stored.ordered ? delivery.seq : dueAt,
        (attempt ? attempt.status : delivery.lastStatus) ?? null,
        // A release says nothing about the last attempt.
        (result === "release" ? delivery.lastError : settlement.error) ?? null,
        delivery.seq,
        token,
      );
      if (changed === 0) {
        // It has gone to somebody else since.
        leases.delete(deliveryId, token);
        return "fenced";
      }
      onCommit(() => leases.delete(deliveryId, token));
      if (attempt) addAttempt.run(attemptKey(delivery.seq, attempts), JSON.stringify(attempt));
      meta.totals[delivery.status] -= 1;
      meta.totals[status] += 1;
      if (!entry) return "settled";
      if (isFinished(status) && isHeld(entry.stored)) meta.totals.held -= 1;
      // The next in an ordered lane may go now, and whoever comes first may take it.
      if (!isEnd || entry.stored.ordered) lanes.leave(lanes.of(sub, entry.id));
      if (endpoint) setEndpoint(entry, reconciled(entry, endpoint, epoch));
      return "settled";
    },
  };
}
