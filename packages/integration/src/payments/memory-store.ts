import type {
  OpenCall,
  OpenQuery,
  PaymentChange,
  PaymentStore,
  RecordKey,
  StoredCustomer,
  StoredPayment,
  StoredRefund,
} from "./store.ts";

interface Table<T extends Row> {
  find(key: RecordKey): T | undefined;
  accepts(row: T): boolean;
  put(row: T): void;
  open(query: OpenQuery): readonly T[];
  rows(): Iterable<T>;
}

interface Row {
  readonly id: string;
  readonly version: number;
  readonly operationId: string;
  readonly provider: string;
  readonly openCall?: OpenCall;
}

/**
 * Keeps payments in memory, for tests and demonstrations: what a crash leaves behind is lost, so an unknown outcome can
 * never be resolved. Use a durable store for money.
 */
export function createMemoryPaymentStore(): PaymentStore {
  const payments = createTable<StoredPayment>((row) => row.providerPaymentId);
  const refunds = createTable<StoredRefund>((row) => row.providerRefundId);
  const customers = new Map<string, StoredCustomer>();
  const events = new Map<string, number>();

  const accepts = ({ payment, refund, customer }: PaymentChange): boolean =>
    (!payment || payments.accepts(payment)) &&
    (!refund || refunds.accepts(refund)) &&
    (!customer || follows(customers.get(customerKey(customer)), customer));

  return {
    payment: (key) => payments.find(key),
    refund: (key) => refunds.find(key),
    refundsOf: (paymentId) =>
      [...refunds.rows()]
        .filter((refund) => refund.paymentId === paymentId)
        .toSorted((a, b) => a.createdAt - b.createdAt),
    customer: (provider, userId) => customers.get(customerKey({ provider, userId })),
    openPayments: (query) => payments.open(query),
    openRefunds: (query) => refunds.open(query),
    commit(change) {
      const { payment, refund, customer, event } = change;
      const eventKey = event && JSON.stringify([event.provider, event.id]);
      if (eventKey !== undefined && events.has(eventKey)) return "duplicate";
      if (!accepts(change)) return "conflict";
      if (payment) payments.put(payment);
      if (refund) refunds.put(refund);
      if (customer) customers.set(customerKey(customer), customer);
      if (event && eventKey !== undefined) events.set(eventKey, event.at);
      return "committed";
    },
    pruneEvents(before) {
      const old = [...events].filter(([, at]) => at < before);
      for (const [key] of old) events.delete(key);
      return old.length;
    },
    close() {},
  };
}

function customerKey({ provider, userId }: Pick<StoredCustomer, "provider" | "userId">): string {
  return JSON.stringify([provider, userId]);
}

function follows(stored: { version: number } | undefined, next: { version: number }): boolean {
  return next.version === (stored?.version ?? 0) + 1;
}

function createTable<T extends Row>(providerIdOf: (row: T) => string | undefined): Table<T> {
  const byId = new Map<string, T>();
  const byOperation = new Map<string, string>();
  const byProviderId = new Map<string, string>();

  const providerKey = (row: T): string | undefined => {
    const providerId = providerIdOf(row);
    return providerId === undefined ? undefined : JSON.stringify([row.provider, providerId]);
  };
  const idOf = (key: RecordKey): string | undefined => {
    if ("id" in key) return key.id;
    if ("operationId" in key) return byOperation.get(key.operationId);
    return byProviderId.get(JSON.stringify([key.provider, key.providerId]));
  };
  const isFree = (owner: string | undefined, row: T): boolean =>
    owner === undefined || owner === row.id;

  return {
    find: (key) => byId.get(idOf(key) ?? ""),
    accepts(row) {
      const key = providerKey(row);
      return (
        follows(byId.get(row.id), row) &&
        isFree(byOperation.get(row.operationId), row) &&
        (key === undefined || isFree(byProviderId.get(key), row))
      );
    },
    put(row) {
      byId.set(row.id, row);
      byOperation.set(row.operationId, row.id);
      const key = providerKey(row);
      if (key !== undefined) byProviderId.set(key, row.id);
    },
    open({ startedBefore, after, limit }) {
      return [...byId.values()]
        .flatMap((row) => (row.openCall ? [{ row, startedAt: row.openCall.startedAt }] : []))
        .filter(({ startedAt }) => startedAt <= startedBefore)
        .filter(({ row, startedAt }) => !after || compare({ startedAt, id: row.id }, after) > 0)
        .toSorted((a, b) =>
          compare(
            { startedAt: a.startedAt, id: a.row.id },
            { startedAt: b.startedAt, id: b.row.id },
          ),
        )
        .slice(0, limit)
        .map(({ row }) => row);
    },
    rows: () => byId.values(),
  };
}

interface Position {
  readonly startedAt: number;
  readonly id: string;
}

function compare(a: Position, b: Position): number {
  if (a.startedAt !== b.startedAt) return a.startedAt - b.startedAt;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}
