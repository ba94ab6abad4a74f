import type { EndpointState, RateLimit } from "../store/delivery-store.ts";

/** How many attempts may run at once, and who may hold them. */
export interface LaneRules {
  /** Attempts in flight in all. */
  readonly concurrency: number;
  /** Attempts in flight per subscription, unless it says otherwise. */
  readonly perEndpoint: number;
  /** An attempt that takes longer makes its endpoint a slow one, in ms. */
  readonly slowAfterMs: number;
}

/** What the lanes need to know of a subscription. */
interface LaneSettings {
  readonly concurrency?: number;
  readonly rateLimit?: RateLimit;
  readonly endpoint: EndpointState;
}

export interface Lanes {
  /** How many attempts may start now, in all. */
  capacity(): number;
  /** How many attempts of one subscription may start now; remembers who was refused, and frees them later. */
  slots(id: string, settings: LaneSettings | undefined, now: number): number;
  /** An attempt starts. */
  start(id: string, now: number): void;
  /** An attempt has ended. */
  finish(id: string, outcome: { tookMs: number; isFailing: boolean; isSuccess: boolean }): void;
  /** An attempt has been in flight for longer than `slowAfterMs`. */
  slow(id: string): void;
  /** Something outside has changed for this subscription: ask again. */
  free(id: string): void;
  /** Whose slots may have grown since the last call; forgets them. */
  takeFreed(): readonly string[];
  /**
   * The attempts of a claim have started. Slots that were promised and not used are free again.
   * @returns whether somebody can use them
   */
  endClaim(): boolean;
  /** When the rate limits let the next attempt go; `undefined` if none holds one back. */
  nextRefillAt(): number | undefined;
  /** Frees the subscriptions whose rate limit has room again. */
  refill(now: number): void;
  forget(id: string): void;
}

/** What is known of an endpoint, which decides how many slots it may share with its like. */
type Group = "proven" | "unproven" | "limited";

interface Lane {
  readonly id: string;
  inFlight: number;
  /** Answers slowly, if at all. */
  isSlow: boolean;
  /** Has been failing. */
  isFailing: boolean;
  /** Has answered 2xx since this process began. */
  isProven: boolean;
  /** Attempts that the rate limit allows, and when that was counted. */
  tokens: number;
  countedAt: number;
  /** Its subscription is gone: nothing is kept once its last attempt has ended. */
  isForgotten: boolean;
}

interface Share {
  /** Slots that the group holds together at most. */
  readonly most: number;
  inFlight: number;
  /** Slots that were promised in the claim that is under way. */
  promised: number;
  /** Lanes that were refused for the others' sake. */
  readonly waiting: Set<string>;
}

/** Endpoints that have answered nothing yet, and slow and failing ones, as shares of all slots. */
const UNPROVEN_SHARE = 0.5;
const LIMITED_SHARE = 0.25;
/** Attempts that turn out to hang may take the total beyond `concurrency` by this factor. */
const OVERFLOW_FACTOR = 8;
/** So many failures in a row make an endpoint a failing one. */
export const FAILING_AFTER = 3;

function shareOf(most: number): Share {
  return { most, inFlight: 0, promised: 0, waiting: new Set() };
}

function groupOf(lane: Lane): Group {
  if (lane.isSlow || lane.isFailing) return "limited";
  return lane.isProven ? "proven" : "unproven";
}

/**
 * Isolation: one bad endpoint, or a thousand, must not delay the good ones. Slow and failing endpoints share a quarter
 * of the slots, unknown ones half; a failing or unknown one is tried with one attempt at a time; and attempts that turn
 * out to hang stop counting against the others' slots.
 */
export function createLanes(rules: LaneRules): Lanes {
  const shares: Readonly<Record<Group, Share>> = {
    proven: shareOf(Number.POSITIVE_INFINITY),
    unproven: shareOf(Math.max(1, Math.floor(rules.concurrency * UNPROVEN_SHARE))),
    limited: shareOf(Math.max(1, Math.floor(rules.concurrency * LIMITED_SHARE))),
  };
  const { proven, unproven, limited } = shares;
  const lanes = new Map<string, Lane>();
  const waitingForRefill = new Map<string, number>();
  let freed: string[] = [];

  const laneOf = (id: string, failures: number): Lane => {
    let lane = lanes.get(id);
    if (!lane) {
      lane = {
        id,
        inFlight: 0,
        isSlow: false,
        isFailing: failures >= FAILING_AFTER,
        isProven: false,
        tokens: Number.NaN,
        countedAt: 0,
        isForgotten: false,
      };
      lanes.set(id, lane);
    }
    return lane;
  };

  const freeWaiting = (): void => {
    for (const share of [unproven, limited]) {
      if (share.waiting.size === 0) continue;
      let room = share.most - share.inFlight;
      for (const id of share.waiting) {
        if (room <= 0) break;
        share.waiting.delete(id);
        freed.push(id);
        room -= 1;
      }
    }
  };

  /** Takes a lane out of its group's count, for the time that it changes; `count` puts it back. */
  const discount = (lane: Lane): void => {
    shares[groupOf(lane)].inFlight -= lane.inFlight;
  };
  const count = (lane: Lane): void => {
    shares[groupOf(lane)].inFlight += lane.inFlight;
    freeWaiting();
  };

  const rateSlots = (lane: Lane, rate: RateLimit, now: number): number => {
    const gained = ((now - lane.countedAt) * rate.limit) / rate.intervalMs;
    lane.tokens = Number.isNaN(lane.tokens)
      ? rate.limit
      : Math.min(rate.limit, lane.tokens + Math.max(0, gained));
    lane.countedAt = now;
    if (lane.tokens >= 1) return Math.floor(lane.tokens);
    const wait = Math.ceil(((1 - lane.tokens) * rate.intervalMs) / rate.limit);
    waitingForRefill.set(lane.id, now + wait);
    return 0;
  };

  return {
    capacity() {
      const total = proven.inFlight + unproven.inFlight + limited.inFlight;
      const counted = total - limited.inFlight + Math.min(limited.inFlight, limited.most);
      return Math.min(rules.concurrency - counted, rules.concurrency * OVERFLOW_FACTOR - total);
    },
    slots(id, settings, now) {
      const lane = laneOf(id, settings?.endpoint.failures ?? 0);
      const isTried = lane.isFailing || !lane.isProven;
      let free = (isTried ? 1 : (settings?.concurrency ?? rules.perEndpoint)) - lane.inFlight;
      if (free <= 0) return 0;
      const share = shares[groupOf(lane)];
      free = Math.min(free, share.most - share.inFlight - share.promised);
      if (free <= 0) {
        share.waiting.add(id);
        return 0;
      }
      if (settings?.rateLimit) free = Math.min(free, rateSlots(lane, settings.rateLimit, now));
      share.promised += free;
      return free;
    },
    start(id, now) {
      const lane = laneOf(id, 0);
      lane.inFlight += 1;
      if (!Number.isNaN(lane.tokens)) lane.tokens -= 1;
      lane.countedAt = Math.max(lane.countedAt, now);
      shares[groupOf(lane)].inFlight += 1;
    },
    finish(id, { tookMs, isFailing, isSuccess }) {
      const lane = lanes.get(id);
      if (!lane) return;
      discount(lane);
      lane.inFlight -= 1;
      lane.isSlow = tookMs >= rules.slowAfterMs;
      lane.isFailing = isFailing;
      if (isSuccess) lane.isProven = true;
      count(lane);
      if (!lane.isForgotten) freed.push(id);
      else if (lane.inFlight === 0) lanes.delete(id);
    },
    slow(id) {
      const lane = lanes.get(id);
      if (!lane || lane.isSlow) return;
      discount(lane);
      lane.isSlow = true;
      count(lane);
    },
    free(id) {
      freed.push(id);
    },
    takeFreed() {
      const taken = freed;
      freed = [];
      return taken;
    },
    endClaim() {
      for (const share of [proven, unproven, limited]) share.promised = 0;
      freeWaiting();
      return freed.length > 0;
    },
    nextRefillAt() {
      let next: number | undefined;
      for (const at of waitingForRefill.values()) {
        if (next === undefined || at < next) next = at;
      }
      return next;
    },
    refill(now) {
      for (const [id, at] of waitingForRefill) {
        if (at > now) continue;
        waitingForRefill.delete(id);
        freed.push(id);
      }
    },
    forget(id) {
      const lane = lanes.get(id);
      if (lane) lane.isForgotten = true;
      if (lane?.inFlight === 0) lanes.delete(id);
      for (const share of [unproven, limited]) share.waiting.delete(id);
      waitingForRefill.delete(id);
    },
  };
}
