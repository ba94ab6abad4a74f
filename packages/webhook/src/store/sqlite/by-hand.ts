import type { DeliveryStatus, StoreFilter } from "../delivery-store.ts";
import type { Sql } from "./database.ts";
import type { DeliveryQuery, FoundRow } from "./delivery-query.ts";
import { DEAD, isFinished, statusNumber, STATUSES } from "./delivery-row.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { Lanes } from "./lanes.ts";
import type { Meta } from "./meta.ts";
import { isHeld } from "./subscription-row.ts";
import type { SubscriptionTable } from "./subscription-table.ts";

/** Changes of many deliveries at once, a little at a time: no step blocks for long. */
export interface ByHand {
  requeue(filter: StoreFilter, at: number, moreAttempts: number): Promise<string[]>;
  cancel(filter: StoreFilter, at: number, reason: string): Promise<number>;
}

const CHUNK = 100;
const UNFINISHED: readonly DeliveryStatus[] = ["pending", "failed"];

export function createByHand(
  sql: Sql,
  parts: {
    readonly meta: Meta;
    readonly lanes: Lanes;
    readonly subscriptions: SubscriptionTable;
    readonly query: DeliveryQuery;
    readonly group: GroupCommit;
  },
): ByHand {
  const { meta, lanes, subscriptions, query, group } = parts;
  const revive = sql(
    "UPDATE webhook_delivery SET status = ?, max_attempts = ?, updated_at = ?, due_at = ?, rank = ? " +
      "WHERE seq = ?",
  );
  const giveUp = sql(
    "UPDATE webhook_delivery SET status = 3, updated_at = ?, due_at = NULL, rank = NULL, last_error = ? " +
      "WHERE seq = ?",
  );

  const forEach = async (filter: StoreFilter, change: (row: FoundRow) => void): Promise<void> => {
    let after = 0;
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- each step begins where the last one ended
      const found = await group.add({
        weight: CHUNK,
        run() {
          const rows = query.rows(filter, { after, limit: CHUNK });
          for (const row of rows) if (row.lease_until === null) change(row);
          return { count: rows.length, last: rows.at(-1)?.seq ?? after };
        },
      });
      if (found.count < CHUNK) return;
      after = found.last;
    }
  };

  return {
    async requeue(filter, at, moreAttempts) {
      const ids = new Set<string>();
      await forEach(filter, (row) => {
        const entry = subscriptions.bySub(row.sub);
        if (!entry) return;
        const status = STATUSES[row.status] ?? "dead";
        const wasFinished = isFinished(status);
        const next = wasFinished ? (row.attempts > 0 ? "failed" : "pending") : status;
        revive.run(
          statusNumber(next),
          wasFinished ? row.attempts + moreAttempts : row.max_attempts,
          wasFinished ? at : row.updated_at,
          at,
          entry.stored.ordered ? row.seq : at,
          row.seq,
        );
        meta.totals[status] -= 1;
        meta.totals[next] += 1;
        if (wasFinished && isHeld(entry.stored)) meta.totals.held += 1;
        lanes.leave(lanes.of(entry.sub, entry.id));
        ids.add(row.id);
      });
      return [...ids];
    },
    async cancel(filter, at, reason) {
      const status = (filter.status ?? UNFINISHED).filter((each) => !isFinished(each));
      const cancelled = new Set<number>();
      await forEach({ ...filter, status }, (row) => {
        giveUp.run(at, reason, row.seq);
        meta.totals[STATUSES[row.status] ?? "dead"] -= 1;
        meta.totals[STATUSES[DEAD] ?? "dead"] += 1;
        const entry = subscriptions.bySub(row.sub);
        if (entry && isHeld(entry.stored)) meta.totals.held -= 1;
        // Another one comes first now, as other processes have to hear too.
        if (entry) lanes.leave(lanes.of(entry.sub, entry.id));
        cancelled.add(row.seq);
      });
      return cancelled.size;
    },
  };
}
