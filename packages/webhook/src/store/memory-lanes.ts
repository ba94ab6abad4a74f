import type {
  AttemptRecord,
  ClaimRequest,
  DeliveryStatus,
  StoredDelivery,
  StoredMessage,
  StoredSubscription,
} from "./delivery-store.ts";
import type { DueQueue } from "./due-queue.ts";
import { createDueQueue } from "./due-queue.ts";
import type { Scheduled } from "./lane-schedule.ts";
import { createLaneSchedule, oldestOf } from "./lane-schedule.ts";

/** A delivery as the memory store keeps it. Handed out as a `StoredDelivery`, which is read-only. */
export interface Row extends StoredDelivery {
  status: DeliveryStatus;
  attempts: number;
  maxAttempts: number;
  updatedAt: number;
  dueAt: number | undefined;
  lastStatus: number | undefined;
  lastError: string | undefined;
  readonly message: StoredMessage;
  readonly messageSeq: number;
  readonly lane: Lane;
  /** The newest claim's; 0 before the first. */
  token: number;
  leased: boolean;
  leaseUntil: number;
  log: AttemptRecord[] | undefined;
}

/** One subscription and its unfinished deliveries. */
export interface Lane extends Scheduled {
  readonly id: string;
  subscription: StoredSubscription;
  removed: boolean;
  /** Keyed by due time, or by order of creation where the subscription is ordered. */
  queue: DueQueue<Row>;
  /** Pending or failed deliveries, leased ones included. */
  live: number;
  /** How many of them are under a lease. */
  leased: number;
}

export interface MemoryLanes {
  create(subscription: StoredSubscription): Lane;
  /** Puts a due delivery where `take` finds it. */
  push(row: Row): void;
  /** The lane's subscription or its endpoint's state has changed. */
  changed(lane: Lane): void;
  /** A leased delivery came back or is finished. */
  release(row: Row): void;
  /** Takes due deliveries out of their lanes and leases them, fairly between the lanes. */
  take(request: ClaimRequest): Row[];
  nextDueAt(): number | undefined;
  oldestDueAt(lanes: Iterable<Lane>): number | undefined;
}

export function isHeld(subscription: StoredSubscription): boolean {
  const { status } = subscription.endpoint;
  return status === "paused" || status === "disabled";
}

function isWaiting(row: Row): boolean {
  return row.dueAt !== undefined && !row.leased;
}

/** When a lane's first delivery may go. `undefined` where there is none, or its endpoint is held. */
function dueAtOf(lane: Lane): number | undefined {
  if (lane.removed || isHeld(lane.subscription)) return undefined;
  if (lane.subscription.ordered && lane.leased > 0) return undefined;
  for (;;) {
    const head = lane.queue.peek();
    if (!head) return undefined;
    // Entries of deliveries that were settled, cancelled or moved in time stay in the heap until they surface.
    if (isWaiting(head) && (lane.subscription.ordered || lane.queue.peekAt() === head.dueAt)) {
      return Math.max(head.dueAt ?? 0, lane.subscription.endpoint.quietUntil ?? 0);
    }
    lane.queue.pop();
  }
}

/** The schedule: a queue per subscription, and over them the one of the subscriptions. */
export function createMemoryLanes(): MemoryLanes {
  const lanes = new Map<string, Lane>();
  const schedule = createLaneSchedule(lanes, dueAtOf);

  return {
    create(subscription) {
      const lane: Lane = {
        id: subscription.id,
        subscription,
        removed: false,
        queue: createDueQueue(),
        live: 0,
        leased: 0,
        armedAt: Number.POSITIVE_INFINITY,
      };
      lanes.set(lane.id, lane);
      return lane;
    },
    push(row) {
      const { lane } = row;
      const { ordered } = lane.subscription;
      lane.queue.push(ordered ? row.seq : (row.dueAt ?? 0), row);
      lane.queue.tidy(lane.live, (each, key) => isWaiting(each) && (ordered || each.dueAt === key));
      schedule.arm(lane);
    },
    changed(lane) {
      if (lane.removed) {
        lanes.delete(lane.id);
        schedule.remove(lane);
        return;
      }
      schedule.arm(lane);
    },
    release(row) {
      row.leased = false;
      row.lane.leased -= 1;
      schedule.arm(row.lane);
    },
    take(request) {
      const round = schedule.round(request.worker, request.now);
      for (const id of request.freed) {
        const lane = lanes.get(id);
        if (lane) round.add(lane);
      }
      const rows: Row[] = [];
      for (const lane of round) {
        if (rows.length >= request.limit) break;
        // Out of the round, then in again behind the others if there is more to take.
        round.delete(lane);
        const dueAt = dueAtOf(lane);
        if (dueAt === undefined) continue;
        if (dueAt > request.now) {
          schedule.arm(lane);
          continue;
        }
        let slots = request.slots(lane.id, lane.subscription);
        while (slots > 0 && rows.length < request.limit) {
          const next = dueAtOf(lane);
          if (next === undefined || next > request.now) break;
          const row = lane.queue.pop();
          if (row) {
            row.leased = true;
            lane.leased += 1;
            rows.push(row);
          }
          slots -= 1;
        }
        // Only the limit can have ended the loop with slots left and work due.
        if (slots > 0 && rows.length >= request.limit) {
          round.add(lane);
          break;
        }
        if (slots > 0) schedule.arm(lane);
      }
      return rows;
    },
    nextDueAt: () => schedule.nextDueAt(),
    oldestDueAt: (all) => oldestOf(all, dueAtOf),
  };
}
