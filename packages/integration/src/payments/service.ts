import { createCharging } from "./charge.ts";
import { createCustomers } from "./customers.ts";
import type { Desk } from "./desk.ts";
import { createExclusive, createShared } from "./desk.ts";
import { PaymentUsageError } from "./errors.ts";
import type { ProviderTypes } from "./provider.ts";
import { createReconciler } from "./reconcile.ts";
import { createRefunding } from "./refund.ts";
import type { PaymentService, PaymentServiceOptions } from "./service-types.ts";
import { createSettling } from "./settle.ts";
import { paymentView, refundView } from "./views.ts";
import { createWebhookHandler } from "./webhook.ts";

/** What a request may take from its announcement to the vendor, with all its attempts and a clock that is a bit off. */
const KEY_MARGIN_MS = 3_600_000;
const DEFAULT_EVENT_RETENTION_MS = 30 * 24 * 3_600_000;

/**
 * Payments over one provider and one store. Each call to the provider is written to the store with its idempotency key
 * before it is made, so that a crash at any moment leaves a trace that `reconcile` follows to the end.
 * @throws PaymentUsageError `INVALID_OPTION`
 */
export function createPaymentService<T extends ProviderTypes>(
  options: PaymentServiceOptions<T>,
): PaymentService<T> {
  const { provider, store, clock, newId = () => crypto.randomUUID() } = options;
  if (typeof provider?.createPayment !== "function") {
    throw new PaymentUsageError("INVALID_OPTION", "provider has to be a payment provider");
  }
  if (typeof store?.commit !== "function") {
    throw new PaymentUsageError("INVALID_OPTION", "store has to be a payment store");
  }
  const mostReissueMs = Math.max(0, provider.idempotencyKeyLifetimeMs - KEY_MARGIN_MS);
  const reissueForMs = options.reissueForMs ?? mostReissueMs;
  if (!Number.isSafeInteger(reissueForMs) || reissueForMs < 0 || reissueForMs > mostReissueMs) {
    throw new PaymentUsageError(
      "INVALID_OPTION",
      `reissueForMs has to be an integer from 0 to ${mostReissueMs}: after that ${provider.id} may have forgotten the key`,
    );
  }
  const eventRetentionMs = options.eventRetentionMs ?? DEFAULT_EVENT_RETENTION_MS;
  if (!Number.isSafeInteger(eventRetentionMs) || eventRetentionMs < 1) {
    throw new PaymentUsageError("INVALID_OPTION", "eventRetentionMs has to be an integer from 1");
  }

  const desk: Desk<T> = {
    provider,
    store,
    now: clock ? () => clock.now() : () => Date.now(),
    newId,
    keyTrustedForMs: mostReissueMs,
    reissueForMs,
    exclusive: createExclusive(),
    shared: createShared(),
  };
  const getOrCreateCustomer = createCustomers(desk);
  const charging = createCharging(desk, getOrCreateCustomer);
  const settling = createSettling(desk);
  const refunding = createRefunding(desk);

  return {
    charge: charging.charge,
    capture: settling.capture,
    cancel: settling.cancel,
    refresh: settling.refresh,
    refund: refunding.refund,
    getOrCreateCustomer,
    handleWebhook: createWebhookHandler(desk),
    reconcile: createReconciler(desk, { charging, settling, refunding, eventRetentionMs }),
    async getPayment(paymentId) {
      const stored = await store.payment({ id: paymentId });
      return stored && paymentView(stored);
    },
    async listRefunds(paymentId) {
      const payment = await store.payment({ id: paymentId });
      const refunds = payment ? await store.refundsOf(paymentId) : [];
      return refunds.map((refund) => refundView(refund, payment?.currency ?? ""));
    },
  };
}
