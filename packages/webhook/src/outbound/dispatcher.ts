import type { Clock } from "../clock.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import { isPromise } from "../maybe-promise.ts";
import type {
  Claimed,
  DeliveryStore,
  Settlement,
  SettleResult,
  StoredSubscription,
} from "../store/delivery-store.ts";
import type { Attempt } from "./attempt.ts";
import type { AttemptResult } from "./delivery.ts";
import type { LaneRules } from "./lanes.ts";
import { createLanes, FAILING_AFTER } from "./lanes.ts";
import { createRecorder, storeRetryMs } from "./recorder.ts";
import { createStoreWatch } from "./store-watch.ts";

export interface DispatcherOptions {
  readonly store: DeliveryStore;
  readonly clock: Clock;
  readonly worker: string;
  readonly leaseMs: number;
  readonly rules: LaneRules;
  readonly attempt: Attempt;
  /** Decides what becomes of a delivery. */
  settle(claimed: Claimed, subscription: StoredSubscription, result: AttemptResult): Settlement;
  /** An attempt has ended; `fenced` where the store no longer waited for it. */
  onEnd(
    claimed: Claimed,
    settlement: Settlement,
    result: SettleResult,
    before: StoredSubscription | undefined,
  ): void;
  /** The store failed; the work goes on later. */
  onError(error: unknown): void;
}

/** Takes due work from the store and runs it, within the bounds of the lanes. */
export interface Dispatcher {
  /** There may be new work, or new room for it. */
  wake(...subscriptionIds: readonly string[]): void;
  /** There will be new work when a transaction of the caller's commits. */
  expectWork(): void;
  inFlight(): number;
  /** Resolves when nothing is in flight and nothing due is left. */
  idle(): Promise<void>;
  forget(subscriptionId: string): void;
  /** Starts nothing more; attempts in flight go on. */
  stop(): void;
  /** Stops, ends the attempts in flight at once and gives their deliveries back; resolves when that is on record. */
  abort(): Promise<void>;
}

interface Flight {
  readonly claimed: Claimed;
  readonly startedAt: number;
  /** The newest claim's. */
  token: number;
  subscription: StoredSubscription | undefined;
  /** The attempt is over; the store has yet to confirm what came of it. */
  hasEnded: boolean;
}

/** So long does a delivery wait whose attempt could not be made because the store failed. */
const STORE_PAUSE_MS = 5000;

/** The clock may be set back and forward again: what is due then waits no longer than this. */
const MAX_SLEEP_MS = 60_000;

/** Puts a delivery back without using up an attempt. */
function release({ delivery, token }: Claimed, at: number, dueAt: number): Settlement {
  return { deliveryId: delivery.id, token, at, result: "release", dueAt };
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { store, clock } = options;
  const lanes = createLanes(options.rules);
  const flights = new Map<string, Flight>();
  const aborter = new AbortController();
  const onError = (error: unknown): void => options.onError(error);
  const mostWaiting = options.rules.concurrency;
  const recorder = createRecorder({ store, clock, mostWaiting, onError });
  let stopped = false;
  let claiming = false;
  let again = false;
  let storeFailures = 0;
  let idleWaiters: (() => void)[] = [];
  let cancelTimer: (() => void) | undefined;
  let timerAt = Number.POSITIVE_INFINITY;
  let cancelSweep: (() => void) | undefined;
  let onAllLanded: (() => void) | undefined;

  const arm = (at: number | undefined): void => {
    if (at === undefined || stopped || at >= timerAt) return;
    cancelTimer?.();
    timerAt = at;
    const delayMs = Math.min(Math.max(0, at - clock.now()), MAX_SLEEP_MS);
    cancelTimer = clock.after(delayMs, () => {
      timerAt = Number.POSITIVE_INFINITY;
      cancelTimer = undefined;
      pump();
    });
  };

  /** Finds the attempts that hang. They stand in the order of their start. */
  const sweep = (): void => {
    cancelSweep = undefined;
    const now = clock.now();
    for (const { claimed, startedAt } of flights.values()) {
      if (now - startedAt < options.rules.slowAfterMs) break;
      lanes.slow(claimed.delivery.subscriptionId);
    }
    if (flights.size > 0 && !stopped) cancelSweep = clock.after(options.rules.slowAfterMs, sweep);
    pump();
  };

  /** Frees the slot. */
  const end = (flight: Flight, settlement: Settlement): void => {
    flight.hasEnded = true;
    const isSuccess = settlement.result === "sent";
    const endpoint = settlement.endpoint ?? flight.subscription?.endpoint;
    lanes.finish(flight.claimed.delivery.subscriptionId, {
      tookMs: clock.now() - flight.startedAt,
      isSuccess,
      isFailing: !isSuccess && (endpoint?.failures ?? 0) >= FAILING_AFTER,
    });
  };

  const land = (flight: Flight, settlement: Settlement, result: SettleResult): void => {
    const { claimed, subscription } = flight;
    const { id } = claimed.delivery;
    // Claimed again since, it has another.
    if (flights.get(id) === flight) flights.delete(id);
    options.onEnd(claimed, settlement, result, subscription);
    if (flights.size === 0) onAllLanded?.();
  };

  const fly = async (flight: Flight): Promise<void> => {
    const { claimed, startedAt } = flight;
    const { delivery } = claimed;
    let settlement: Settlement | undefined;
    try {
      const found = store.subscriptions.get(delivery.subscriptionId);
      flight.subscription = isPromise(found) ? await found : found;
      if (flight.subscription) {
        const result = await options.attempt(delivery, flight.subscription, aborter.signal);
        // Read again: it may have been paused or have failed elsewhere meanwhile.
        const latest = store.subscriptions.get(delivery.subscriptionId);
        flight.subscription = (isPromise(latest) ? await latest : latest) ?? flight.subscription;
        settlement =
          result === "aborted"
            ? release(claimed, startedAt, delivery.dueAt ?? startedAt)
            : options.settle(claimed, flight.subscription, result);
      } else {
        const error = "the subscription was removed";
        settlement = { ...release(claimed, startedAt, startedAt), result: "dead", error };
      }
    } catch (error) {
      // Nothing of an attempt rejects but the store: then wait, and use up no attempt.
      options.onError(error);
      const now = clock.now();
      settlement = release(claimed, now, now + STORE_PAUSE_MS);
    }
    const recorded = recorder.record(
      flight.token === settlement.token ? settlement : { ...settlement, token: flight.token },
    );
    end(flight, settlement);
    if (isPromise(recorded)) {
      // At once, so that a store can put the next claim into the same transaction as the result.
      pump();
      land(flight, settlement, await recorded);
    } else {
      land(flight, settlement, recorded);
    }
    pump();
  };

  const start = (claimed: Claimed): void => {
    const { delivery, token } = claimed;
    const flying = flights.get(delivery.id);
    if (flying && !flying.hasEnded) {
      // In flight here: the clock has jumped past the lease. The attempt goes on under the newer claim.
      flying.token = token;
      return;
    }
    const startedAt = clock.now();
    lanes.start(delivery.subscriptionId, startedAt);
    cancelSweep ??= clock.after(options.rules.slowAfterMs, sweep);
    const flight: Flight = {
      claimed,
      startedAt,
      token,
      subscription: undefined,
      hasEnded: false,
    };
    // The newest stand at the end.
    flights.delete(delivery.id);
    flights.set(delivery.id, flight);
    void fly(flight);
  };

  const finishClaim = (claimed: readonly Claimed[], limit: number): boolean => {
    storeFailures = 0;
    for (const each of claimed) start(each);
    return lanes.endClaim() || claimed.length === limit;
  };

  const failClaim = (error: unknown): void => {
    options.onError(error);
    arm(clock.now() + storeRetryMs(storeFailures));
    storeFailures += 1;
  };

  /** What a subscription says of itself, where the store can tell at once. */
  const settingsNow = (id: string): StoredSubscription | undefined => {
    const found = store.subscriptions.get(id);
    return isPromise(found) ? undefined : found;
  };

  const claim = (limit: number): MaybePromise<readonly Claimed[]> => {
    const now = clock.now();
    lanes.refill(now);
    return store.claim({
      now,
      limit,
      leaseMs: options.leaseMs,
      worker: options.worker,
      slots: (id, subscription) => lanes.slots(id, subscription ?? settingsNow(id), now),
      freed: lanes.takeFreed(),
    });
  };

  const rest = (nextDueAt: number | undefined): void => {
    arm(nextDueAt);
    const refillAt = lanes.nextRefillAt();
    arm(refillAt);
    if (flights.size > 0 || refillAt !== undefined) return;
    if (nextDueAt !== undefined && nextDueAt <= clock.now()) return;
    const waiters = idleWaiters;
    idleWaiters = [];
    for (const resolve of waiters) resolve();
  };

  /** One pass after another until nothing more fits. Synchronous as long as the store is. */
  const pass = (): MaybePromise<void> => {
    for (;;) {
      const limit = lanes.capacity();
      if (limit <= 0 || stopped) return undefined;
      const claimed = claim(limit);
      if (isPromise(claimed)) {
        return claimed.then((list) => (finishClaim(list, limit) ? pass() : restLater()));
      }
      if (!finishClaim(claimed, limit)) return restLater();
    }
  };

  const restLater = (): MaybePromise<void> => {
    const next = store.nextDueAt();
    return isPromise(next) ? next.then(rest) : rest(next);
  };

  function pump(): void {
    if (stopped || recorder.isBehind()) return;
    if (claiming) {
      again = true;
      return;
    }
    claiming = true;
    const done = (): void => {
      claiming = false;
      if (!again) return;
      again = false;
      pump();
    };
    try {
      const passed = pass();
      if (isPromise(passed)) void passed.catch(failClaim).finally(done);
      else done();
    } catch (error) {
      claiming = false;
      again = false;
      failClaim(error);
    }
  }

  const watch = createStoreWatch({ store, clock, onChange: pump, onError });

  const stop = (): void => {
    stopped = true;
    watch.stop();
    recorder.stop();
    cancelTimer?.();
    cancelSweep?.();
    for (const resolve of idleWaiters) resolve();
    idleWaiters = [];
  };

  return {
    wake(...ids) {
      for (const id of ids) lanes.free(id);
      pump();
    },
    expectWork: () => watch.hurry(),
    inFlight: () => flights.size,
    idle: () =>
      new Promise((resolve) => {
        if (stopped) return resolve();
        idleWaiters.push(resolve);
        pump();
      }),
    forget: (id) => lanes.forget(id),
    stop,
    async abort() {
      stop();
      aborter.abort();
      if (flights.size === 0) return;
      await new Promise<void>((resolve) => {
        onAllLanded = resolve;
      });
    },
  };
}
