/** Time as the client sees it. Tests hand in one that they move by hand. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Runs a task once after a delay.
   * @returns cancels the task
   */
  after(delayMs: number, task: () => void): () => void;
}

/** `setTimeout` fires at once beyond this delay. */
export const MAX_DELAY_MS: number = 2 ** 31 - 1;

/** The clock of the machine. A waiting call keeps the process alive, since its caller waits for it. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, Math.min(delayMs, MAX_DELAY_MS));
    return () => clearTimeout(timer);
  },
};
