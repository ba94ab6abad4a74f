import type { Sql } from "./database.ts";
import { STATUSES } from "./delivery-row.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { Lanes } from "./lanes.ts";
import type { Meta } from "./meta.ts";
import type { Settlements } from "./settlements.ts";
import { isHeld } from "./subscription-row.ts";
import type { SubscriptionTable } from "./subscription-table.ts";

/** Removes subscriptions, with what is unfinished of them. */
export interface Removal {
  remove(id: string, at: number): boolean;
  /** Goes on with what a process before this one did not get done. */
  resume(): void;
}

/** So many are given up at once, the others in steps of so many. */
const CHUNK = 1000;
const REASON = "the subscription was removed";

interface UnfinishedRow {
  readonly seq: number;
  readonly status: number;
}

export function createRemoval(
  sql: Sql,
  parts: {
    readonly meta: Meta;
    readonly lanes: Lanes;
    readonly subscriptions: SubscriptionTable;
    readonly settlements: Settlements;
    readonly group: GroupCommit;
  },
): Removal {
  const { meta, lanes, subscriptions, settlements, group } = parts;
  const waiting = sql<UnfinishedRow>(
    "SELECT seq, status FROM webhook_delivery INDEXED BY webhook_delivery_waiting " +
      "WHERE sub = ? AND rank IS NOT NULL ORDER BY rank LIMIT ?",
  );
  const leased = sql<UnfinishedRow>(
    "SELECT seq, status FROM webhook_delivery INDEXED BY webhook_delivery_leased " +
      "WHERE sub = ? AND lease_until IS NOT NULL",
  );
  const giveUp = sql(
    "UPDATE webhook_delivery SET status = 3, due_at = NULL, rank = NULL, lease_until = NULL, " +
      "last_error = ?, updated_at = coalesce(?, updated_at) WHERE seq = ?",
  );
  const orphaned = sql<{ sub: number }>(
    "SELECT l.sub FROM webhook_lane l WHERE l.sub NOT IN (SELECT sub FROM webhook_subscription) " +
      "AND EXISTS (SELECT 1 FROM webhook_delivery d INDEXED BY webhook_delivery_waiting " +
      "WHERE d.sub = l.sub AND d.rank IS NOT NULL)",
  );

  /** @returns whether that was all */
  const giveUpSome = (sub: number, at: number | null): boolean => {
    const rows = [...leased.all(sub), ...waiting.all(sub, CHUNK)];
    for (const { seq, status } of rows) {
      giveUp.run(REASON, at, seq);
      meta.totals[STATUSES[status] ?? "pending"] -= 1;
      meta.totals.dead += 1;
    }
    return rows.length < CHUNK;
  };

  const giveUpRest = async (sub: number, at: number | null): Promise<void> => {
    const run = (): boolean => giveUpSome(sub, at);
    // oxlint-disable-next-line no-await-in-loop -- with the event loop's turn in between
    while (!(await group.add({ weight: CHUNK, run })));
  };

  const giveUpLater = (sub: number, at: number | null): void => {
    // Not lost if it fails: they are nobody's, and the next process to open the file goes on.
    giveUpRest(sub, at).catch(() => {});
  };

  return {
    remove(id, at) {
      const done = group.now(() => {
        const entry = subscriptions.find(id);
        if (!entry) return undefined;
        if (isHeld(entry.stored)) meta.totals.held -= settlements.unfinished(entry);
        subscriptions.remove(entry);
        lanes.changed(entry.sub);
        return { sub: entry.sub, isAll: giveUpSome(entry.sub, at) };
      });
      if (done?.isAll === false) giveUpLater(done.sub, at);
      return done !== undefined;
    },
    resume() {
      for (const { sub } of orphaned.all()) giveUpLater(sub, null);
    },
  };
}
