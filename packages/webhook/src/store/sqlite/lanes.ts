import type { StoredMessage } from "../delivery-store.ts";
import type { Scheduled } from "../lane-schedule.ts";
import { createLaneSchedule, oldestOf } from "../lane-schedule.ts";
import type { Sql } from "./database.ts";
import type { Meta, Totals } from "./meta.ts";
import { isHeld } from "./subscription-row.ts";
import type { SubscriptionTable } from "./subscription-table.ts";

/** A delivery of the transaction that is being put together; it is not in the file yet. */
export interface FreshDelivery {
  readonly seq: number;
  readonly id: string;
  readonly lane: Lane;
  readonly messageSeq: number;
  readonly message: StoredMessage;
  readonly payload: Uint8Array | undefined;
  readonly maxAttempts: number;
  readonly createdAt: number;
  readonly dueAt: number;
  /** Set when it is claimed before it was ever written. */
  leaseUntil: number | undefined;
}

/** The unfinished deliveries of one subscription, as far as this process knows of them. */
export interface Lane extends Scheduled {
  readonly sub: number;
  readonly id: string;
  /** The file may hold deliveries of it that wait. */
  hasBacklog: boolean;
  /** Those that were claimed by nobody yet, in the order of creation. */
  fresh: FreshDelivery[];
  /** One of the transaction's own deliveries is under a lease that is not in the file yet. */
  isFreshLeased: boolean;
  /** The due time of the first that waits in the file, and the epoch in which that was so. */
  headAt: number | undefined;
  headEpoch: number;
}

/** The schedule: which lane has due work for which worker. */
export interface Lanes {
  of(sub: number, id: string): Lane;
  /** When the lane's first delivery may go; `undefined` where there is none or its endpoint is held. */
  dueAt(lane: Lane): number | undefined;
  /** The lane may have work earlier than was known. */
  arm(lane: Lane): void;
  /** Notes when the first that waits in the file is due; `undefined` if none does. */
  setHead(lane: Lane, at: number | undefined): void;
  /** The first that waits in the file may be another one now. */
  forgetHead(lane: Lane): void;
  /** This transaction leaves work of the lane in the file, for whoever comes first. */
  leave(lane: Lane): void;
  /** Tells other connections of the lanes with work that was left. */
  save(): void;
  /** @returns whether another connection has left work since the totals of before */
  refresh(before: Totals): boolean;
  /** The subscription or its endpoint's state has changed. */
  changed(sub: number): void;
  /** The lanes that have due work for a worker, those that waited longest first. */
  round(worker: string, now: number, freed: readonly string[]): Set<Lane>;
  nextDueAt(): number | undefined;
  oldestDueAt(): number | undefined;
  /** Finds all lanes with waiting work in the file. */
  load(): void;
  forget(): void;
}

/** The epoch of a head that has to be looked up. */
const UNKNOWN = -1;

/**
 * As the memory store's schedule, with the queues in the file: a lane knows whether there may be waiting deliveries,
 * and looks up the first one when that matters.
 */
export function createLanes(sql: Sql, meta: Meta, subscriptions: SubscriptionTable): Lanes {
  const waiting = "webhook_delivery INDEXED BY webhook_delivery_waiting";
  const headOf = sql<{ due_at: number }>(
    `SELECT due_at FROM ${waiting} WHERE sub = ? AND rank IS NOT NULL ORDER BY rank, seq LIMIT 1`,
  );
  const leasedOf = sql<{ sub: number }>(
    "SELECT sub FROM webhook_delivery INDEXED BY webhook_delivery_leased " +
      "WHERE sub = ? AND lease_until IS NOT NULL LIMIT 1",
  );
  // Skips from one subscription to the next: as many steps as there are subscriptions with waiting work.
  const withWork = sql<{ sub: number; id: string }>(
    `WITH RECURSIVE s (sub) AS (
       SELECT min(sub) FROM ${waiting} WHERE rank IS NOT NULL
       UNION ALL
       SELECT (SELECT min(d.sub) FROM webhook_delivery d INDEXED BY webhook_delivery_waiting
               WHERE d.rank IS NOT NULL AND d.sub > s.sub)
       FROM s WHERE s.sub IS NOT NULL
     )
     SELECT l.sub, l.id FROM s JOIN webhook_lane l ON l.sub = s.sub`,
  );
  const workSince = sql<{ sub: number; id: string }>(
    "SELECT sub, id FROM webhook_lane WHERE work > ?",
  );
  const setWork = sql("UPDATE webhook_lane SET work = ? WHERE sub = ?");

  const left = new Set<Lane>();
  const lanes = new Map<number, Lane>();
  const subs = new Map<string, number>();
  /** Grows when another connection has committed: from then on no head is known. */
  let epoch = 0;

  const setHead = (lane: Lane, at: number | undefined): void => {
    lane.headAt = at;
    lane.headEpoch = epoch;
    lane.hasBacklog = at !== undefined;
  };

  const headAt = (lane: Lane): number | undefined => {
    if (lane.headEpoch !== epoch) setHead(lane, headOf.get(lane.sub)?.due_at);
    return lane.headAt;
  };

  const dueAt = (lane: Lane): number | undefined => {
    if (!lane.hasBacklog && lane.fresh.length === 0) return undefined;
    const entry = subscriptions.bySub(lane.sub);
    if (!entry || isHeld(entry.stored)) return undefined;
    const { ordered, endpoint } = entry.stored;
    if (ordered && (lane.isFreshLeased || leasedOf.get(lane.sub))) return undefined;
    let due = Number.POSITIVE_INFINITY;
    if (lane.hasBacklog) due = headAt(lane) ?? due;
    // What is in the file was created before what is not.
    if (!ordered) for (const each of lane.fresh) due = Math.min(due, each.dueAt);
    else if (!lane.hasBacklog) due = lane.fresh[0]?.dueAt ?? due;
    return due === Number.POSITIVE_INFINITY ? undefined : Math.max(due, endpoint.quietUntil ?? 0);
  };

  const schedule = createLaneSchedule(lanes, dueAt);

  const of = (sub: number, id: string): Lane => {
    let lane = lanes.get(sub);
    if (!lane) {
      lane = {
        sub,
        id,
        hasBacklog: false,
        fresh: [],
        isFreshLeased: false,
        headAt: undefined,
        headEpoch: UNKNOWN,
        armedAt: Number.POSITIVE_INFINITY,
      };
      lanes.set(sub, lane);
      subs.set(id, sub);
    }
    return lane;
  };

  const hasWork = (lane: Lane): void => {
    lane.hasBacklog = true;
    lane.headEpoch = UNKNOWN;
    schedule.arm(lane);
  };

  return {
    of,
    dueAt,
    arm: (lane) => schedule.arm(lane),
    setHead,
    forgetHead(lane) {
      lane.headEpoch = UNKNOWN;
    },
    leave(lane) {
      left.add(lane);
      hasWork(lane);
    },
    save() {
      if (left.size === 0) return;
      meta.totals.work += 1;
      for (const { sub } of left) setWork.run(meta.totals.work, sub);
      left.clear();
    },
    refresh(before) {
      epoch += 1;
      if (before.work === meta.totals.work) return false;
      for (const { sub, id } of workSince.all(before.work)) hasWork(of(sub, id));
      return true;
    },
    changed(sub) {
      const lane = lanes.get(sub);
      if (!lane) return;
      if (subscriptions.bySub(sub)) {
        lane.headEpoch = UNKNOWN;
        schedule.arm(lane);
        return;
      }
      lanes.delete(sub);
      subs.delete(lane.id);
      schedule.remove(lane);
    },
    round(worker, now, freed) {
      const round = schedule.round(worker, now);
      for (const id of freed) {
        const lane = lanes.get(subs.get(id) ?? Number.NaN);
        if (lane && (lane.hasBacklog || lane.fresh.length > 0)) round.add(lane);
      }
      return round;
    },
    nextDueAt: () => schedule.nextDueAt(),
    oldestDueAt: () => oldestOf(lanes.values(), dueAt),
    load() {
      for (const { sub, id } of withWork.all()) hasWork(of(sub, id));
    },
    forget() {
      lanes.clear();
      subs.clear();
      left.clear();
      // The workers are asked for their slots anew.
      schedule.clear();
    },
  };
}
