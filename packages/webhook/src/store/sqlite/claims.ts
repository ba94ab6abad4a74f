import type { Claimed, ClaimRequest } from "../delivery-store.ts";
import type { Database } from "./database.ts";
import type { DeliveryRow } from "./delivery-row.ts";
import { DELIVERY_COLUMNS, storedDelivery } from "./delivery-row.ts";
import type { FreshDelivery, Lane, Lanes } from "./lanes.ts";
import type { Leases } from "./leases.ts";
import type { MessageTable } from "./message-table.ts";
import type { SubscriptionTable } from "./subscription-table.ts";

/** Hands out due work. */
export interface Claims {
  /** Whether a claim may find something, so that a transaction is worth it. */
  mayFind(request: ClaimRequest): boolean;
  /** To be called in a transaction; `onCommit` is called with what happens once it is committed. */
  take(request: ClaimRequest, onCommit: (task: () => void) => void): Claimed[];
}

interface Candidate {
  readonly dueAt: number;
  lease(until: number): Claimed;
}

const FIRST_TOKEN = 1;

function fromFresh(lane: Lane, fresh: FreshDelivery): Candidate {
  return {
    dueAt: fresh.dueAt,
    lease(until) {
      fresh.leaseUntil = until;
      lane.fresh.splice(lane.fresh.indexOf(fresh), 1);
      lane.isFreshLeased = true;
      return {
        token: FIRST_TOKEN,
        delivery: {
          seq: fresh.seq,
          id: fresh.id,
          subscriptionId: lane.id,
          message: fresh.message,
          payload: fresh.payload,
          status: "pending",
          attempts: 0,
          maxAttempts: fresh.maxAttempts,
          createdAt: fresh.createdAt,
          updatedAt: fresh.createdAt,
          dueAt: fresh.dueAt,
          lastStatus: undefined,
          lastError: undefined,
        },
      };
    },
  };
}

export function createClaims(
  { sql }: Pick<Database, "sql">,
  parts: {
    readonly lanes: Lanes;
    readonly leases: Leases;
    readonly messages: MessageTable;
    readonly subscriptions: SubscriptionTable;
  },
): Claims {
  const { lanes, leases, messages, subscriptions } = parts;
  const waiting = sql<DeliveryRow>(
    `SELECT ${DELIVERY_COLUMNS} FROM webhook_delivery d INDEXED BY webhook_delivery_waiting ` +
      "WHERE d.sub = ? AND d.rank IS NOT NULL AND d.rank <= ? ORDER BY d.rank, d.seq LIMIT ?",
  );
  const lease = sql(
    "UPDATE webhook_delivery SET rank = NULL, lease_until = ?, token = ? WHERE seq = ?",
  );

  const fromFile = (lane: Lane, row: DeliveryRow): Candidate => ({
    dueAt: row.due_at ?? 0,
    lease(until) {
      const token = row.token + 1;
      lease.run(until, token, row.seq);
      const message = messages.get(row.message);
      if (!message) throw new Error("the event of a delivery is missing");
      return { delivery: storedDelivery(row, lane.id, message), token };
    },
  });

  /** What may be taken of a lane, in the order in which it is due. */
  const candidates = (lane: Lane, now: number, most: number): Candidate[] => {
    const ordered = subscriptions.bySub(lane.sub)?.stored.ordered ?? false;
    const limit = ordered ? Math.min(1, most) : most;
    const rows = lane.hasBacklog
      ? // An ordered lane's rank is no time; that its first one is due has been seen to.
        waiting.all(lane.sub, ordered ? Number.POSITIVE_INFINITY : now, limit)
      : [];
    const found = rows.map((row) => fromFile(lane, row));
    for (const fresh of lane.fresh) {
      if (ordered || fresh.dueAt <= now) found.push(fromFresh(lane, fresh));
    }
    if (!ordered && found.length > 1) found.sort((a, b) => a.dueAt - b.dueAt);
    return found.slice(0, limit);
  };

  const takeOf = (lane: Lane, request: ClaimRequest, most: number): Claimed[] => {
    const until = request.now + request.leaseMs;
    leases.runsOut(until);
    return candidates(lane, request.now, most).map((each) => each.lease(until));
  };

  return {
    mayFind: ({ worker, now, freed }) =>
      lanes.round(worker, now, freed).size > 0 || leases.mayExpire(now),
    take(request, onCommit) {
      const { worker, now, freed, limit } = request;
      leases.expire(now);
      const round = lanes.round(worker, now, freed);
      const taken: Claimed[] = [];
      for (const lane of round) {
        if (taken.length >= limit) break;
        // Out of the round, then in again behind the others if there is more to take.
        round.delete(lane);
        const dueAt = lanes.dueAt(lane);
        if (dueAt === undefined) continue;
        if (dueAt > now) {
          lanes.arm(lane);
          continue;
        }
        const slots = Math.max(0, request.slots(lane.id));
        const most = Math.min(slots, limit - taken.length);
        const claimed = most > 0 ? takeOf(lane, request, most) : [];
        taken.push(...claimed);
        for (const { delivery, token } of claimed) {
          onCommit(() => leases.add({ delivery, token, sub: lane.sub }));
        }
        if (claimed.length >= slots) continue;
        if (taken.length >= limit) {
          round.add(lane);
          break;
        }
        lanes.arm(lane);
      }
      return taken;
    },
  };
}
