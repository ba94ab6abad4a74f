import { PaymentUsageError } from "./errors.ts";
import type { PaymentProvider, ProviderTypes } from "./provider.ts";
import type { PaymentChange, PaymentStore } from "./store.ts";

/** What the operations of one service share. */
export interface Desk<T extends ProviderTypes> {
  readonly provider: PaymentProvider<T>;
  readonly store: PaymentStore;
  readonly now: () => number;
  readonly newId: () => string;
  /** Milliseconds for which the provider surely knows a key: later, a call is looked up and not repeated. */
  readonly keyTrustedForMs: number;
  /** Milliseconds for which `reconcile` repeats a call, at most as above: later, nobody waits for it any more. */
  readonly reissueForMs: number;
  /** Runs the works of one key one after the other. */
  readonly exclusive: <V>(key: string, work: () => Promise<V>) => Promise<V>;
  /** Runs one work of a key at a time; who comes meanwhile gets the same result. */
  readonly shared: <V>(key: string, work: () => Promise<V>) => Promise<V>;
}

/** What was decided from what was read. */
export interface Decision<V> {
  readonly write?: PaymentChange;
  readonly value: V;
  /** The value where the event of the change was known already. */
  readonly duplicate?: V;
}

/** Only other processes can conflict, and each conflict is somebody's progress. */
const MOST_CONFLICTS = 100;

/**
 * Reads, decides and writes, and begins again when somebody else has written in between.
 * @param key orders the decisions of this process about one thing
 * @throws PaymentUsageError `STORE_CONFLICT`
 */
export function decide<T extends ProviderTypes, V>(
  desk: Desk<T>,
  key: string,
  read: () => Promise<Decision<V>>,
): Promise<V> {
  return desk.exclusive(key, async () => {
    for (let round = 0; round < MOST_CONFLICTS; round += 1) {
      // oxlint-disable-next-line no-await-in-loop -- each round needs what the one before has left
      const { write, value, duplicate } = await read();
      if (write === undefined) return value;
      // oxlint-disable-next-line no-await-in-loop
      const result = await desk.store.commit(write);
      if (result === "committed") return value;
      if (result === "duplicate") return duplicate ?? value;
    }
    throw new PaymentUsageError(
      "STORE_CONFLICT",
      `The payment store refused a change ${MOST_CONFLICTS} times: other processes change the same record all the time`,
    );
  });
}

/** Orders the works of each key. A failed work does not stop the next. */
export function createExclusive(): Desk<ProviderTypes>["exclusive"] {
  const tails = new Map<string, Promise<void>>();
  return async (key, work) => {
    const before = tails.get(key);
    const { promise: mine, resolve: finish } = Promise.withResolvers<void>();
    tails.set(key, mine);
    try {
      await before;
      return await work();
    } finally {
      finish();
      if (tails.get(key) === mine) tails.delete(key);
    }
  };
}

/** Joins the works of each key. */
export function createShared(): Desk<ProviderTypes>["shared"] {
  const running = new Map<string, Promise<unknown>>();
  return <V>(key: string, work: () => Promise<V>): Promise<V> => {
    // A key is used for one kind of work only.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const joined = running.get(key) as Promise<V> | undefined;
    if (joined) return joined;
    const result = work().finally(() => running.delete(key));
    running.set(key, result);
    return result;
  };
}
