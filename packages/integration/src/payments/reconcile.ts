import type { Charging } from "./charge.ts";
import type { Desk } from "./desk.ts";
import { PaymentUsageError } from "./errors.ts";
import type { ProviderTypes } from "./provider.ts";
import type { Refunding } from "./refund.ts";
import type { ReconciledItem, ReconcileOptions, ReconcileReport } from "./service-types.ts";
import type { Settling } from "./settle.ts";
import type { OpenCall, OpenQuery, StoredPayment, StoredRefund } from "./store.ts";

const DEFAULT_OLDER_THAN_MS = 120_000;
const PAGE = 100;

/** See `PaymentService.reconcile`. */
export function createReconciler<T extends ProviderTypes>(
  desk: Desk<T>,
  {
    charging,
    settling,
    refunding,
    eventRetentionMs,
  }: {
    readonly charging: Charging<T>;
    readonly settling: Settling<T>;
    readonly refunding: Refunding<T>;
    readonly eventRetentionMs: number;
  },
): (options?: ReconcileOptions) => Promise<ReconcileReport> {
  const { store } = desk;

  const reconcilePayment = async (payment: StoredPayment): Promise<ReconciledItem> => {
    const isCharge = payment.openCall?.kind === "charge";
    const result = await (isCharge ? charging : settling).resume(payment);
    const now = (await store.payment({ id: payment.id })) ?? payment;
    return itemOf("payment", now, result.success ? undefined : result.error);
  };

  const reconcileRefund = async (refund: StoredRefund): Promise<ReconciledItem> => {
    const result = await refunding.resume(refund);
    const now = (await store.refund({ id: refund.id })) ?? refund;
    return itemOf("refund", now, result.success ? undefined : result.error);
  };

  return async ({ olderThanMs = DEFAULT_OLDER_THAN_MS } = {}) => {
    if (!Number.isSafeInteger(olderThanMs) || olderThanMs < 0) {
      throw new PaymentUsageError("INVALID_OPTION", "olderThanMs has to be an integer from 0");
    }
    await desk.provider.prepare();
    const startedBefore = desk.now() - olderThanMs;
    const items: ReconciledItem[] = [];
    // One after the other: after an outage of the vendor there may be many, and it has just recovered.
    for await (const payment of pages(startedBefore, (query) => store.openPayments(query))) {
      items.push(await reconcilePayment(payment));
    }
    for await (const refund of pages(startedBefore, (query) => store.openRefunds(query))) {
      items.push(await reconcileRefund(refund));
    }
    await store.pruneEvents(desk.now() - eventRetentionMs);
    const resolved = items.filter((item) => item.resolved).length;
    return { resolved, unresolved: items.length - resolved, items };
  };
}

function itemOf(
  kind: "payment" | "refund",
  stored: StoredPayment | StoredRefund,
  error: ReconciledItem["error"],
): ReconciledItem {
  return {
    kind,
    id: stored.id,
    operationId: stored.operationId,
    status: stored.status,
    resolved: stored.openCall === undefined,
    ...(error && { error }),
  };
}

/** What stays open is passed by, so that it does not keep the rest from its turn. */
async function* pages<R extends { readonly id: string; readonly openCall?: OpenCall }>(
  startedBefore: number,
  read: (query: OpenQuery) => readonly R[] | Promise<readonly R[]>,
): AsyncGenerator<R> {
  let after: OpenQuery["after"];
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- a page begins where the one before has ended
    const page = await read({ startedBefore, limit: PAGE, ...(after && { after }) });
    yield* page;
    const last = page.at(-1);
    if (page.length < PAGE || last?.openCall === undefined) return;
    after = { startedAt: last.openCall.startedAt, id: last.id };
  }
}
