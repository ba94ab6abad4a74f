import type { Clock } from "../clock.ts";
import { createDueQueue } from "../store/due-queue.ts";

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  /**
   * Moves time forward and runs what becomes due on the way, each task at its own time. Between two tasks the promises
   * that are ready get their turn.
   */
  advance(ms: number): Promise<void>;
  /** Moves time to a moment, also backwards, and runs nothing. */
  jump(to: number): void;
  /** How many tasks wait. */
  pending(): number;
}

/** Enough turns for a chain of promises of any sensible length to run to its end. */
const TURNS = 50;

async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each turn lets the next promise run
    await Promise.resolve();
  }
}

/**
 * @param startAt milliseconds since the epoch, default 1,700,000,000,000
 */
export function createManualClock(startAt = 1_700_000_000_000): ManualClock {
  let now = startAt;
  let waiting = 0;
  const tasks = createDueQueue<{ run: (() => void) | undefined }>();

  return {
    now: () => now,
    after(delayMs, run) {
      const task: { run: (() => void) | undefined } = { run };
      tasks.push(now + Math.max(0, delayMs), task);
      waiting += 1;
      return () => {
        if (task.run) waiting -= 1;
        task.run = undefined;
      };
    },
    keepAlive: () => () => {},
    async advance(ms) {
      const end = now + ms;
      await settle();
      while (tasks.peekAt() <= end) {
        const dueAt = tasks.peekAt();
        const task = tasks.pop();
        if (!task?.run) continue;
        now = Math.max(now, dueAt);
        waiting -= 1;
        const { run } = task;
        task.run = undefined;
        run();
        // oxlint-disable-next-line no-await-in-loop -- one task after the other
        await settle();
      }
      now = end;
    },
    jump(to) {
      now = to;
    },
    pending: () => waiting,
  };
}
