import type { MaybePromise } from "@ventostack/webhook";
import type {
  CommitResult,
  OpenCall,
  PaymentChange,
  PaymentStore,
  StoredCustomer,
  StoredPayment,
  StoredRefund,
} from "../payments/store.ts";

/** What a driver's test hands to every case. */
export interface PaymentStoreCaseContext {
  /** Opens an empty store that shares nothing with the ones before. The case closes it. */
  readonly open: () => MaybePromise<PaymentStore>;
  /** Durable drivers: opens again what a store wrote that has been closed. */
  readonly reopen?: (closed: PaymentStore) => MaybePromise<PaymentStore>;
  /** Shared drivers: opens what another store works on as well, as a second process would. The case closes it. */
  readonly connect?: (other: PaymentStore) => MaybePromise<PaymentStore>;
}

/** One thing that every payment store does. */
export interface PaymentStoreCase {
  /** A sentence whose subject is the store. */
  readonly name: string;
  /** What the context must be able to do. */
  readonly needs?: "reopen" | "connect";
  /** Rejects with what was expected and what came instead. */
  readonly run: (context: PaymentStoreCaseContext) => Promise<void>;
}

const T0 = 1_700_000_000_000;

function paymentOf(id: string, changes: Partial<StoredPayment> = {}): StoredPayment {
  return {
    id,
    operationId: `operation-${id}`,
    userId: "user-1",
    provider: "stripe",
    providerCustomerId: "cus_1",
    paymentMethodId: "pm_1",
    amount: 1250,
    currency: "EUR",
    capture: "automatic",
    status: "pending",
    capturedAmount: 0,
    refundReserved: 0,
    refundedAmount: 0,
    version: 1,
    createdAt: T0,
    updatedAt: T0,
    ...changes,
  };
}

function refundOf(id: string, changes: Partial<StoredRefund> = {}): StoredRefund {
  return {
    id,
    operationId: `operation-${id}`,
    paymentId: "p1",
    provider: "stripe",
    amount: 100,
    full: false,
    status: "pending",
    version: 1,
    createdAt: T0,
    updatedAt: T0,
    ...changes,
  };
}

function customerOf(userId: string, changes: Partial<StoredCustomer> = {}): StoredCustomer {
  return { provider: "stripe", userId, version: 1, createdAt: T0, updatedAt: T0, ...changes };
}

function eventAt(id: string, at: number): PaymentChange {
  return { event: { provider: "stripe", id, at } };
}

function openCall(kind: "charge" | "refund", startedAt: number): OpenCall {
  return { kind, operationId: "o", idempotencyKey: `${kind}:o`, startedAt };
}

function same(actual: unknown, expected: unknown, what: string): void {
  const [is, wanted] = [plain(actual), plain(expected)];
  if (is !== wanted) throw new Error(`${what}: expected ${wanted}, but got ${is}`);
}

/** With the keys sorted: a driver's records may have them in another order. */
function plain(value: unknown): string {
  return (
    JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? "undefined"
  );
}

async function commits(
  store: PaymentStore,
  change: PaymentChange,
  expected: CommitResult = "committed",
): Promise<void> {
  same(await store.commit(change), expected, "the result of the commit");
}

function storeCase(
  name: string,
  run: (store: PaymentStore, context: PaymentStoreCaseContext) => Promise<void>,
  needs?: PaymentStoreCase["needs"],
): PaymentStoreCase {
  return {
    name,
    ...(needs && { needs }),
    async run(context) {
      const store = await context.open();
      try {
        await run(store, context);
      } finally {
        await store.close();
      }
    },
  };
}

function required<V>(value: V | undefined, what: string): V {
  if (value === undefined) throw new Error(`The context cannot ${what}`);
  return value;
}

/** What a driver has to do, as data: run each case in a test of your own. */
export const paymentStoreCases: readonly PaymentStoreCase[] = [
  storeCase("finds a payment by each of its ids, with every field as it was", async (store) => {
    const payment = paymentOf("p1", {
      providerPaymentId: "pi_1",
      providerOptions: '{"description":"ünï"}',
      openCall: openCall("charge", T0),
      failure: { code: "CARD_DECLINED", message: "no", outcome: "rejected", retryable: false },
      amount: Number.MAX_SAFE_INTEGER,
    });
    await commits(store, { payment });
    same(await store.payment({ id: "p1" }), payment, "by id");
    same(await store.payment({ operationId: "operation-p1" }), payment, "by operation id");
    const byProvider = await store.payment({ provider: "stripe", providerId: "pi_1" });
    same(byProvider, payment, "by the provider's id");
  }),
  storeCase("finds nothing under ids that it does not have", async (store) => {
    await commits(store, { payment: paymentOf("p1", { providerPaymentId: "pi_1" }) });
    same(await store.payment({ id: "p2" }), undefined, "by id");
    same(await store.payment({ operationId: "p1" }), undefined, "by operation id");
    const elsewhere = await store.payment({ provider: "other", providerId: "pi_1" });
    same(elsewhere, undefined, "by another provider's id");
    same(await store.refund({ id: "p1" }), undefined, "a refund");
    same(await store.refundsOf("p1"), [], "refunds");
    same(await store.customer("stripe", "user-1"), undefined, "a customer");
  }),
  storeCase("replaces a record by its next version only", async (store) => {
    const payment = paymentOf("p1");
    await commits(store, { payment });
    const next = paymentOf("p1", { version: 2, status: "succeeded", capturedAmount: 1250 });
    await commits(store, { payment: next });
    await commits(store, { payment: { ...next, status: "failed" } }, "conflict");
    await commits(store, { payment: { ...next, version: 4, status: "failed" } }, "conflict");
    await commits(store, { payment: { ...payment, status: "failed" } }, "conflict");
    same(await store.payment({ id: "p1" }), next, "the payment");
  }),
  storeCase("drops the fields that the next version does not have", async (store) => {
    const call = openCall("charge", T0);
    await commits(store, { payment: paymentOf("p1", { openCall: call }) });
    await commits(store, { payment: paymentOf("p1", { version: 2 }) });
    same((await store.payment({ id: "p1" }))?.openCall, undefined, "the open call");
    same(await store.openPayments({ startedBefore: T0, limit: 9 }), [], "open payments");
  }),
  storeCase("refuses a change of what it does not have", async (store) => {
    await commits(store, { payment: paymentOf("p1", { version: 2 }) }, "conflict");
    await commits(store, { refund: refundOf("r1", { version: 2 }) }, "conflict");
    await commits(store, { customer: customerOf("u", { version: 2 }) }, "conflict");
    same(await store.payment({ id: "p1" }), undefined, "the payment");
  }),
  storeCase("keeps operation ids unique, those of payments and of refunds apart", async (store) => {
    await commits(store, { payment: paymentOf("p1", { operationId: "o" }) });
    await commits(store, { payment: paymentOf("p2", { operationId: "o" }) }, "conflict");
    await commits(store, { refund: refundOf("r1", { operationId: "o" }) });
    await commits(store, { refund: refundOf("r2", { operationId: "o" }) }, "conflict");
    same((await store.payment({ operationId: "o" }))?.id, "p1", "the payment");
  }),
  storeCase("keeps the provider's ids unique once they are known", async (store) => {
    await commits(store, { payment: paymentOf("p1") });
    await commits(store, { payment: paymentOf("p2", { providerPaymentId: "pi_1" }) });
    const taken = paymentOf("p1", { version: 2, providerPaymentId: "pi_1" });
    await commits(store, { payment: taken }, "conflict");
    await commits(store, { payment: { ...taken, provider: "other" } });
    const found = await store.payment({ provider: "stripe", providerId: "pi_1" });
    same(found?.id, "p2", "the payment of the id");
  }),
  storeCase("writes a change as a whole or not at all", async (store) => {
    await commits(store, { payment: paymentOf("p1") });
    const event = { provider: "stripe", id: "evt_1", at: T0 };
    const customer = customerOf("user-1");
    const change = { payment: paymentOf("p1", { version: 2, refundReserved: 100 }), customer };
    await commits(store, { ...change, refund: refundOf("r1", { version: 7 }), event }, "conflict");
    same((await store.payment({ id: "p1" }))?.version, 1, "the payment's version");
    same(await store.customer("stripe", "user-1"), undefined, "the customer");
    await commits(store, { ...change, refund: refundOf("r1"), event });
    same((await store.payment({ id: "p1" }))?.refundReserved, 100, "the reserved amount");
    same((await store.refund({ id: "r1" }))?.amount, 100, "the refund");
  }),
  storeCase("writes an event once, and nothing that comes with it again", async (store) => {
    const event = { provider: "stripe", id: "evt_1", at: T0 };
    await commits(store, { payment: paymentOf("p1"), event });
    const again = { payment: paymentOf("p1", { version: 2, status: "failed" }), event };
    await commits(store, again, "duplicate");
    await commits(store, { event }, "duplicate");
    same((await store.payment({ id: "p1" }))?.status, "pending", "the status");
    await commits(store, { event: { ...event, provider: "other" } });
  }),
  storeCase("does not remember an event whose change was refused", async (store) => {
    const event = { provider: "stripe", id: "evt_1", at: T0 };
    await commits(store, { payment: paymentOf("p1", { version: 5 }), event }, "conflict");
    await commits(store, { payment: paymentOf("p1"), event });
  }),
  storeCase("forgets events by their age", async (store) => {
    await commits(store, eventAt("old", T0));
    await commits(store, eventAt("new", T0 + 1));
    same(await store.pruneEvents(T0 + 1), 1, "how many were forgotten");
    await commits(store, eventAt("old", T0 + 2));
    await commits(store, eventAt("new", T0 + 2), "duplicate");
  }),
  storeCase("lists a payment's refunds, oldest first", async (store) => {
    await commits(store, { refund: refundOf("a", { createdAt: T0 + 2 }) });
    await commits(store, { refund: refundOf("b", { createdAt: T0 + 1 }) });
    await commits(store, { refund: refundOf("c", { paymentId: "p2" }) });
    const ids = (await store.refundsOf("p1")).map(({ id }) => id);
    same(ids, ["b", "a"], "the refunds");
  }),
  storeCase("lists open calls by their age, page by page", async (store) => {
    const ages = { d: 3, a: 1, c: 2, b: 1, later: 9 };
    for (const [id, age] of Object.entries(ages)) {
      const call = openCall("charge", T0 + age);
      // oxlint-disable-next-line no-await-in-loop -- in the order in which they came
      await commits(store, { payment: paymentOf(id, { openCall: call }) });
      // oxlint-disable-next-line no-await-in-loop
      await commits(store, { refund: refundOf(id, { openCall: { ...call, kind: "refund" } }) });
    }
    await commits(store, { payment: paymentOf("closed"), refund: refundOf("closed") });
    for (const list of ["openPayments", "openRefunds"] as const) {
      const query = { startedBefore: T0 + 3, limit: 3 };
      // oxlint-disable-next-line no-await-in-loop
      const first = await store[list](query);
      same(first.map(({ id }) => id).join(), "a,b,c", `the first page of ${list}`);
      const after = { startedAt: T0 + 2, id: "c" };
      // oxlint-disable-next-line no-await-in-loop
      const second = await store[list]({ ...query, after });
      same(second.map(({ id }) => id).join(), "d", `the second page of ${list}`);
    }
  }),
  storeCase("has one customer for each provider and user", async (store) => {
    await commits(store, { customer: customerOf("u") });
    await commits(store, { customer: customerOf("u") }, "conflict");
    await commits(store, { customer: customerOf("u", { provider: "other" }) });
    const next = customerOf("u", { version: 2, providerCustomerId: "cus_9" });
    await commits(store, { customer: next });
    await commits(store, { customer: next }, "conflict");
    same(await store.customer("stripe", "u"), next, "the customer");
  }),
  storeCase("takes hostile ids as they are", async (store) => {
    const id = `'; DROP TABLE x; -- "\u2028 __proto__`;
    await commits(store, { payment: paymentOf(id), customer: customerOf(id) });
    same((await store.payment({ id }))?.id, id, "the payment");
    same((await store.customer("stripe", id))?.userId, id, "the customer");
    same(await store.payment({ id: "__proto__" }), undefined, "an id of the language");
  }),
  storeCase(
    "has everything after it was closed and opened again",
    async (store, context) => {
      const reopen = required(context.reopen, "reopen");
      const call = openCall("charge", T0);
      const payment = paymentOf("p1", { openCall: call });
      const event = { provider: "stripe", id: "evt_1", at: T0 };
      await commits(store, { payment, refund: refundOf("r1"), customer: customerOf("u"), event });
      await store.close();
      const again = await reopen(store);
      try {
        same(await again.openPayments({ startedBefore: T0, limit: 9 }), [payment], "open payments");
        same((await again.refund({ id: "r1" }))?.id, "r1", "the refund");
        same((await again.customer("stripe", "u"))?.userId, "u", "the customer");
        await commits(again, { event }, "duplicate");
      } finally {
        await again.close();
      }
    },
    "reopen",
  ),
  storeCase(
    "lets one of two processes win, and shows each what the other wrote",
    async (store, context) => {
      const connect = required(context.connect, "connect");
      const other = await connect(store);
      try {
        await commits(store, { payment: paymentOf("p1") });
        await commits(other, { payment: paymentOf("p1", { version: 2, status: "succeeded" }) });
        await commits(store, { payment: paymentOf("p1", { version: 2 }) }, "conflict");
        same((await store.payment({ id: "p1" }))?.status, "succeeded", "the status");
      } finally {
        await other.close();
      }
    },
    "connect",
  ),
];
