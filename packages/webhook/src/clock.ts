/** Time as the sender sees it. Tests hand in one that they move by hand. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Runs a task once after a delay; a delay of any length is fine.
   * @returns cancels the task
   */
  after(delayMs: number, task: () => void): () => void;
  /**
   * Keeps the process alive until the returned function is called. Timers of `after` do not:
   * a retry that is due in an hour must not keep a finished script running.
   */
  keepAlive(): () => void;
}

/** `setTimeout` fires at once beyond this delay. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, task) {
    const dueAt = Date.now() + delayMs;
    let timer: ReturnType<typeof setTimeout>;
    const arm = (): void => {
      const left = dueAt - Date.now();
      timer = setTimeout(
        left > MAX_TIMEOUT_MS ? arm : task,
        Math.min(Math.max(left, 0), MAX_TIMEOUT_MS),
      );
      timer.unref();
    };
    arm();
    return () => clearTimeout(timer);
  },
  keepAlive() {
    const timer = setInterval(() => {}, MAX_TIMEOUT_MS);
    return () => clearInterval(timer);
  },
};
