import { createDueQueue } from "./due-queue.ts";

/** A subscription's place in the schedule. */
export interface Scheduled {
  /** When the lane is to be looked at; `Infinity` while it is not in the schedule. */
  armedAt: number;
}

export interface LaneSchedule<L extends Scheduled> {
  /** The lane may have work that is due earlier than it was. */
  arm(lane: L): void;
  /**
   * The lanes that this worker has to ask at this time: those with work that has come due or was freed since it passed
   * them by. Who takes from a lane removes it, and puts it back if there is more.
   */
  round(worker: string, now: number): Set<L>;
  /** The lane is gone. */
  remove(lane: L): void;
  /** When a lane has work next. In the past for work that a claim has left behind. */
  nextDueAt(): number | undefined;
  clear(): void;
}

/**
 * Which lanes have due work: one queue of those that will have it and, per worker, a round of those that have it now. A
 * lane that a worker has no slots for leaves its round until it is freed, so that neither a dead endpoint nor ten thousand
 * of them cost anything to pass by.
 * @param lanes all that there are, by whatever key
 * @param dueAt when a lane's first work may go; `undefined` where it has none, or may not go now
 */
export function createLaneSchedule<L extends Scheduled>(
  lanes: ReadonlyMap<unknown, L>,
  dueAt: (lane: L) => number | undefined,
): LaneSchedule<L> {
  const queue = createDueQueue<L>();
  const rounds = new Map<string, Set<L>>();
  /** The time of the newest round. */
  let takenAt = Number.NEGATIVE_INFINITY;

  const arm = (lane: L): void => {
    const at = dueAt(lane);
    if (at === undefined || at >= lane.armedAt) return;
    lane.armedAt = at;
    queue.push(at, lane);
    // The entry of the later time stays behind: with a retry due tomorrow, one for every event until then.
    queue.tidy(lanes.size, (each, armedAt) => each.armedAt === armedAt);
  };

  const roundOf = (worker: string): Set<L> => {
    let round = rounds.get(worker);
    if (!round) rounds.set(worker, (round = new Set(lanes.values())));
    return round;
  };

  const wake = (now: number): void => {
    while (queue.peekAt() <= now) {
      const at = queue.peekAt();
      const lane = queue.pop();
      // A lane that was armed for an earlier time since has another entry.
      if (!lane || lane.armedAt !== at) continue;
      lane.armedAt = Number.POSITIVE_INFINITY;
      for (const round of rounds.values()) round.add(lane);
    }
  };

  return {
    arm,
    round(worker, now) {
      const round = roundOf(worker);
      takenAt = now;
      wake(now);
      return round;
    },
    remove(lane) {
      lane.armedAt = Number.POSITIVE_INFINITY;
      for (const round of rounds.values()) round.delete(lane);
    },
    nextDueAt() {
      for (const round of rounds.values()) {
        for (const lane of round) {
          const at = dueAt(lane);
          if (at !== undefined && at <= takenAt) return at;
          // Due later, if at all: others may come before it, and the queue knows.
          round.delete(lane);
          arm(lane);
        }
      }
      for (;;) {
        const lane = queue.peek();
        if (!lane) return undefined;
        const at = queue.peekAt();
        if (lane.armedAt === at) {
          if (dueAt(lane) === at) return at;
          lane.armedAt = Number.POSITIVE_INFINITY;
          queue.pop();
          arm(lane);
          continue;
        }
        queue.pop();
      }
    },
    clear() {
      queue.retain(() => false);
      for (const round of rounds.values()) round.clear();
    },
  };
}

/** When the earliest work of all the lanes was or will be due. O(n). */
export function oldestOf<L>(
  lanes: Iterable<L>,
  dueAt: (lane: L) => number | undefined,
): number | undefined {
  let oldest: number | undefined;
  for (const lane of lanes) {
    const at = dueAt(lane);
    if (at !== undefined && (oldest === undefined || at < oldest)) oldest = at;
  }
  return oldest;
}
