import type { Claimed, ClaimRequest } from "../delivery-store.ts";
import type { Sql } from "./database.ts";
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

/** A delivery that is taken: out of the file, or before it is in there. */
type Taken = { readonly lane: Lane } & (
  { readonly row: DeliveryRow } | { readonly fresh: FreshDelivery }
);

const FIRST_TOKEN = 1;

function dueAtOf(taken: Taken): number {
  return "row" in taken ? (taken.row.due_at ?? 0) : taken.fresh.dueAt;
}

function claimedFresh({ lane, ...delivery }: FreshDelivery): Claimed {
  return {
    token: FIRST_TOKEN,
    delivery: {
      seq: delivery.seq,
      id: delivery.id,
      subscriptionId: lane.id,
      message: delivery.message,
      payload: delivery.payload,
      status: "pending",
      attempts: 0,
      maxAttempts: delivery.maxAttempts,
      createdAt: delivery.createdAt,
      updatedAt: delivery.createdAt,
      dueAt: delivery.dueAt,
      lastStatus: undefined,
      lastError: undefined,
    },
  };
}

export function createClaims(
  sql: Sql,
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
  const leaseAll = sql(
    "UPDATE webhook_delivery SET rank = NULL, lease_until = ?, token = token + 1 " +
      "WHERE seq IN (SELECT value FROM json_each(?))",
  );

  /** Takes of one lane, in the order in which it is due. */
  const takeOf = (lane: Lane, now: number, slots: number): Taken[] => {
    const { ordered = false } = subscriptions.bySub(lane.sub)?.stored ?? {};
    const most = ordered ? Math.min(1, slots) : slots;
    // An ordered lane's rank is no time; that its first one is due has been seen to.
    const latest = ordered ? Number.POSITIVE_INFINITY : now;
    // One more than is taken, for that is the next one to wait for.
    const rows = lane.hasBacklog ? waiting.all(lane.sub, latest, most + 1) : [];
    const fresh = lane.fresh.filter((each) => each.dueAt <= latest);
    // What is in the file comes first among equals: it was created before what is not.
    const found: Taken[] = [
      ...rows.map((row) => ({ lane, row })),
      ...fresh.map((each) => ({ lane, fresh: each })),
    ];
    if (!ordered && fresh.length > 0) found.sort((a, b) => dueAtOf(a) - dueAtOf(b));
    const taken = found.slice(0, most);
    const next = fresh.length === 0 ? rows[most] : undefined;
    if (next) lanes.setHead(lane, next.due_at ?? undefined);
    else lanes.forgetHead(lane);
    return taken;
  };

  /** Puts what was taken under leases, in the file or on the way there. */
  const lease = (taken: readonly Taken[], until: number): Claimed[] => {
    if (taken.length === 0) return [];
    leases.runsOut(until);
    const rows = taken.flatMap((each) => ("row" in each ? each.row : []));
    if (rows.length > 0) {
      leaseAll.run(until, JSON.stringify(rows.map((row) => row.seq)));
      messages.load(rows.map((row) => row.message));
    }
    return taken.map((each): Claimed => {
      const { lane } = each;
      if ("fresh" in each) {
        each.fresh.leaseUntil = until;
        lane.fresh.splice(lane.fresh.indexOf(each.fresh), 1);
        lane.isFreshLeased = true;
        return claimedFresh(each.fresh);
      }
      const message = messages.get(each.row.message);
      if (!message) throw new Error("the event of a delivery is missing");
      return { delivery: storedDelivery(each.row, lane.id, message), token: each.row.token + 1 };
    });
  };

  return {
    mayFind: ({ worker, now, freed }) =>
      lanes.round(worker, now, freed).size > 0 || leases.mayExpire(now),
    take(request, onCommit) {
      const { worker, now, freed, limit } = request;
      leases.expire(now);
      const round = lanes.round(worker, now, freed);
      const taken: Taken[] = [];
      const drained: Lane[] = [];
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
        const found = most > 0 ? takeOf(lane, now, most) : [];
        taken.push(...found);
        if (found.length >= slots) continue;
        if (taken.length >= limit) {
          round.add(lane);
          break;
        }
        drained.push(lane);
      }
      const claimed = lease(taken, now + request.leaseMs);
      // Now that it can be told what is left of them.
      for (const lane of drained) lanes.arm(lane);
      for (const [index, { delivery, token }] of claimed.entries()) {
        const sub = taken[index]?.lane.sub ?? 0;
        onCommit(() => leases.add({ delivery, token, sub }));
      }
      return claimed;
    },
  };
}
