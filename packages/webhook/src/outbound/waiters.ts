/** Who waits for the next attempt of which delivery. */
export interface Waiters {
  /** Begins to note which deliveries end, so that none ends unseen before its id is known. */
  watch(): Watch;
  end(deliveryId: string, isSent: boolean): void;
  /** The subscription's deliveries will not be attempted soon: nobody is to wait for them. */
  letGo(subscriptionId: string): void;
  /** Nothing more will come. */
  endAll(): void;
}

/** One who waits. */
interface Watch {
  /**
   * Resolves when each of the deliveries has been attempted since the watch began, or let go, to the number that were
   * sent. To be called once.
   */
  wait(deliveries: readonly AwaitedDelivery[]): Promise<number>;
  cancel(): void;
}

export interface AwaitedDelivery {
  readonly id: string;
  readonly subscriptionId: string;
}

interface Watching {
  /** What has ended since the watch began. */
  readonly ended: Map<string, boolean>;
  left: number;
  sent: number;
  done: (sent: number) => void;
}

export function createWaiters(): Waiters {
  /** Watches whose ids are not known yet. */
  const noting = new Set<Watching>();
  const waiting = new Map<string, { readonly subscriptionId: string; readonly by: Watching[] }>();

  const end = (id: string, isSent: boolean): void => {
    const entry = waiting.get(id);
    if (!entry) return;
    waiting.delete(id);
    for (const watching of entry.by) {
      watching.left -= 1;
      if (isSent) watching.sent += 1;
      if (watching.left === 0) watching.done(watching.sent);
    }
  };

  return {
    watch() {
      const watching: Watching = { ended: new Map(), left: 0, sent: 0, done: () => {} };
      noting.add(watching);
      return {
        cancel: () => void noting.delete(watching),
        wait(deliveries) {
          noting.delete(watching);
          for (const { id, subscriptionId } of deliveries) {
            const isSent = watching.ended.get(id);
            if (isSent === true) watching.sent += 1;
            if (isSent !== undefined) continue;
            watching.left += 1;
            const entry = waiting.get(id);
            if (entry) entry.by.push(watching);
            else waiting.set(id, { subscriptionId, by: [watching] });
          }
          if (watching.left === 0) return Promise.resolve(watching.sent);
          return new Promise((resolve) => {
            watching.done = resolve;
          });
        },
      };
    },
    end(id, isSent) {
      for (const watching of noting) watching.ended.set(id, isSent);
      end(id, isSent);
    },
    letGo(subscriptionId) {
      for (const [id, entry] of waiting) {
        if (entry.subscriptionId === subscriptionId) end(id, false);
      }
    },
    endAll() {
      for (const id of [...waiting.keys()]) end(id, false);
    },
  };
}
