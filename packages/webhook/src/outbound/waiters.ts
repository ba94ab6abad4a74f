/** Who waits for the next attempt of which delivery. */
export interface Waiters {
  /** Resolves when each of the deliveries has been attempted once more, to the number that were sent. */
  wait(deliveryIds: readonly string[]): Promise<number>;
  end(deliveryId: string, isSent: boolean): void;
  /** Nothing more will come. */
  endAll(): void;
}

export function createWaiters(): Waiters {
  const waiting = new Map<string, ((isSent: boolean) => void)[]>();

  const end = (deliveryId: string, isSent: boolean): void => {
    const tasks = waiting.get(deliveryId);
    if (!tasks) return;
    waiting.delete(deliveryId);
    for (const task of tasks) task(isSent);
  };

  return {
    wait: (deliveryIds) =>
      new Promise((resolve) => {
        let left = deliveryIds.length;
        let sent = 0;
        if (left === 0) resolve(0);
        const task = (isSent: boolean): void => {
          left -= 1;
          if (isSent) sent += 1;
          if (left === 0) resolve(sent);
        };
        for (const id of deliveryIds) {
          const tasks = waiting.get(id);
          if (tasks) tasks.push(task);
          else waiting.set(id, [task]);
        }
      }),
    end,
    endAll() {
      for (const id of [...waiting.keys()]) end(id, false);
    },
  };
}
