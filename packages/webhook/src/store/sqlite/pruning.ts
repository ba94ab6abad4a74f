import { WebhookError } from "../../errors.ts";
import type { Sql } from "./database.ts";
import { attemptKeys, STATUSES } from "./delivery-row.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { MessageTable } from "./message-table.ts";
import type { Meta } from "./meta.ts";

export interface PruneBounds {
  readonly before?: number;
  readonly keep?: number;
  readonly limit: number;
}

/** So few that a step takes about a millisecond. */
const CHUNK = 64;

/** Removes finished deliveries, a few per transaction. */
export function createPruning(
  sql: Sql,
  parts: {
    readonly meta: Meta;
    readonly messages: MessageTable;
    readonly group: Pick<GroupCommit, "add">;
  },
): (bounds: PruneBounds) => Promise<number> {
  const { meta, messages, group } = parts;
  const oldest = sql<{ seq: number; message: number; status: number; updated_at: number }>(
    "SELECT seq, message, status, updated_at FROM webhook_delivery INDEXED BY webhook_delivery_finished " +
      "WHERE status >= 2 ORDER BY updated_at, seq LIMIT ?",
  );
  const remove = sql("DELETE FROM webhook_delivery WHERE seq = ?");
  const removeAttempts = sql("DELETE FROM webhook_attempt WHERE id BETWEEN ? AND ?");

  const step = ({ before = -Infinity, keep = Infinity }: PruneBounds, most: number): number => {
    let removed = 0;
    for (const row of oldest.all(most)) {
      const isTooMany = meta.totals.sent + meta.totals.dead > keep;
      if (row.updated_at >= before && !isTooMany) break;
      remove.run(row.seq);
      removeAttempts.run(...attemptKeys(row.seq));
      messages.drop(row.message);
      meta.totals[STATUSES[row.status] ?? "dead"] -= 1;
      removed += 1;
    }
    return removed;
  };

  return async (bounds) => {
    let removed = 0;
    if (bounds.before === undefined && bounds.keep === undefined) return removed;
    try {
      while (removed < bounds.limit) {
        const most = Math.min(CHUNK, bounds.limit - removed);
        // oxlint-disable-next-line no-await-in-loop -- with the event loop's turn in between
        const count = await group.add({ weight: most, run: () => step(bounds, most) });
        removed += count;
        if (count < most) break;
      }
    } catch (error) {
      // What has been removed has been removed; whoever calls again hears of what went wrong.
      const isClosed = error instanceof WebhookError && error.code === "CLOSED";
      if (removed === 0 && !isClosed) throw error;
    }
    return removed;
  };
}
