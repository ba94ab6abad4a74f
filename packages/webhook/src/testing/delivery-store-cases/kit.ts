import type {
  Claimed,
  ClaimRequest,
  Counters,
  DeliveryStore,
  EndpointState,
  NewDelivery,
  Settlement,
  SettleResult,
  StoredMessage,
  StoredSubscription,
  StoreFilter,
} from "../../store/delivery-store.ts";
import { check } from "./check.ts";
import type { DeliveryFacts } from "./fixtures.ts";
import {
  attemptOf,
  factsOf,
  LEASE_MS,
  MAX_ATTEMPTS,
  messageOf,
  PLENTY,
  subscriptionOf,
  T0,
} from "./fixtures.ts";

/** How a case enqueues: an event of its own, unless it says otherwise. */
interface EnqueueChanges {
  /** When it is created, and due unless `dueAt` says otherwise. */
  readonly at?: number;
  readonly dueAt?: number;
  readonly maxAttempts?: number;
  readonly message?: Partial<StoredMessage>;
  readonly tx?: unknown;
}

/** A store and the few things that most cases do with it. */
export interface Kit {
  readonly store: DeliveryStore;
  /** The same for another store, with ids that go on. */
  on(store: DeliveryStore): Kit;
  /** Closes this store and the ones of `on`. */
  close(): Promise<void>;
  subscribe(id: string, changes?: Partial<StoredSubscription>): Promise<void>;
  /** Changes some of a subscription that is there. */
  change(id: string, changes: Partial<StoredSubscription>): Promise<void>;
  endpoint(id: string, state: Partial<EndpointState>): Promise<void>;
  newDelivery(subscriptionId: string, changes?: Partial<NewDelivery>): NewDelivery;
  /** Enqueues one event. Returns the ids of its deliveries. */
  enqueue(to: readonly string[], changes?: EnqueueChanges): Promise<readonly string[]>;
  /** Enqueues one event for one subscription. */
  enqueueOne(to: string, changes?: EnqueueChanges): Promise<string>;
  /** Takes whatever is due, unless it says otherwise. */
  claim(now: number, changes?: Partial<ClaimRequest>): Promise<readonly Claimed[]>;
  /** Takes what is due and expects that to be one delivery. */
  claimOne(now: number, changes?: Partial<ClaimRequest>): Promise<Claimed>;
  /** Takes what is due. Returns the ids of the deliveries. */
  claimIds(now: number, changes?: Partial<ClaimRequest>): Promise<readonly string[]>;
  settle(
    claimed: Claimed,
    settlement: Omit<Settlement, "deliveryId" | "token">,
  ): Promise<SettleResult>;
  sent(claimed: Claimed, at: number): Promise<SettleResult>;
  failed(claimed: Claimed, at: number, dueAt: number): Promise<SettleResult>;
  dead(claimed: Claimed, at: number): Promise<SettleResult>;
  release(claimed: Claimed, at: number, dueAt: number): Promise<SettleResult>;
  facts(id: string): Promise<DeliveryFacts | undefined>;
  ids(filter?: StoreFilter): Promise<readonly string[]>;
  stats(): Promise<Counters>;
}

export function idsOf(claimed: readonly Claimed[]): readonly string[] {
  return claimed.map(({ delivery }) => delivery.id);
}

export function createKit(store: DeliveryStore, counters = { ids: 0 }): Kit {
  const others: Kit[] = [];
  const nextId = (): number => (counters.ids += 1);

  const attempted = (
    claimed: Claimed,
    settlement: Omit<Settlement, "deliveryId" | "token" | "attempt">,
    status: number,
  ): Promise<SettleResult> => {
    const attempt = attemptOf(claimed.delivery.attempts + 1, { at: settlement.at, status });
    return kit.settle(claimed, { ...settlement, attempt });
  };

  const kit: Kit = {
    store,
    on(other) {
      const otherKit = createKit(other, counters);
      others.push(otherKit);
      return otherKit;
    },
    async close() {
      for (const other of others) await other.close();
      await store.close();
    },
    async subscribe(id, changes) {
      await store.subscriptions.put(subscriptionOf(id, changes));
    },
    async change(id, changes) {
      const current = await store.subscriptions.get(id);
      check(current !== undefined, `subscriptions.get does not find ${id}, which was put`);
      await store.subscriptions.put({ ...current, ...changes });
    },
    endpoint: (id, state) => kit.change(id, { endpoint: { status: "ok", failures: 0, ...state } }),
    newDelivery: (subscriptionId, changes) => ({
      id: `delivery-${nextId()}`,
      subscriptionId,
      maxAttempts: MAX_ATTEMPTS,
      dueAt: T0,
      ...changes,
    }),
    async enqueue(to, { at = T0, dueAt = at, maxAttempts = MAX_ATTEMPTS, message, tx } = {}) {
      const { deliveryIds } = await store.enqueue(
        messageOf(`event-${nextId()}`, { createdAt: at, ...message }),
        to.map((id) => kit.newDelivery(id, { dueAt, maxAttempts })),
        tx === undefined ? {} : { tx },
      );
      return deliveryIds;
    },
    async enqueueOne(to, changes) {
      const [id] = await kit.enqueue([to], changes);
      check(id !== undefined, `enqueue made no delivery for the subscription ${to}`);
      return id;
    },
    claim: async (now, changes) =>
      store.claim({
        now,
        limit: PLENTY,
        leaseMs: LEASE_MS,
        worker: "worker",
        slots: () => PLENTY,
        freed: [],
        ...changes,
      }),
    async claimOne(now, changes) {
      const [claimed, ...more] = await kit.claim(now, changes);
      check(
        claimed !== undefined && more.length === 0,
        `claim was to take one delivery, but took ${claimed ? more.length + 1 : "none"}`,
      );
      return claimed;
    },
    claimIds: async (now, changes) => idsOf(await kit.claim(now, changes)),
    async settle({ delivery, token }, settlement) {
      const [result, ...more] = await store.settle([
        { deliveryId: delivery.id, token, ...settlement },
      ]);
      check(result !== undefined && more.length === 0, "settle was to answer one settlement");
      return result;
    },
    sent: (claimed, at) => attempted(claimed, { at, result: "sent" }, 200),
    failed: (claimed, at, dueAt) =>
      attempted(claimed, { at, result: "failed", dueAt, error: "HTTP 500" }, 500),
    dead: (claimed, at) => attempted(claimed, { at, result: "dead", error: "HTTP 400" }, 400),
    release: (claimed, at, dueAt) => kit.settle(claimed, { at, result: "release", dueAt }),
    async facts(id) {
      const delivery = await store.deliveries.get(id);
      return delivery && factsOf(delivery);
    },
    async ids(filter = {}) {
      const page = await store.deliveries.list(filter, { limit: PLENTY });
      return page.map((delivery) => delivery.id);
    },
    stats: async () => store.stats(),
  };
  return kit;
}
