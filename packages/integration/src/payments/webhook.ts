import type { WebhookEvent } from "@ventostack/webhook";
import type { Decision, Desk } from "./desk.ts";
import { decide } from "./desk.ts";
import { applyPayment } from "./payment-rules.ts";
import type { ProviderPayment, ProviderRefund, ProviderTypes } from "./provider.ts";
import { applyRefund, foreignRefund } from "./refund-rules.ts";
import type { WebhookOutcome } from "./service-types.ts";
import type { PaymentChange, StoredPayment } from "./store.ts";

/** See `PaymentService.handleWebhook`. */
export function createWebhookHandler<T extends ProviderTypes>(
  desk: Desk<T>,
): (event: WebhookEvent) => Promise<WebhookOutcome> {
  const { provider, store } = desk;

  /** The event's mark is written with its effect, so that neither is ever there alone. */
  const decideOn = (
    event: WebhookEvent,
    payment: StoredPayment,
    read: () => Promise<{ change?: PaymentChange; refundId?: string }>,
  ): Promise<WebhookOutcome> =>
    decide(desk, `payment:${payment.id}`, async (): Promise<Decision<WebhookOutcome>> => {
      const { change, refundId } = await read();
      const about = { paymentId: payment.id, ...(refundId !== undefined && { refundId }) };
      return {
        write: { ...change, event: { provider: provider.id, id: event.id, at: desk.now() } },
        value: { status: change ? "applied" : "unchanged", ...about },
        duplicate: { status: "duplicate", ...about },
      };
    });

  const paymentOf = async (
    paymentId: string | undefined,
    providerId: string | undefined,
  ): Promise<StoredPayment | undefined> => {
    const byOurs = paymentId === undefined ? undefined : await store.payment({ id: paymentId });
    if (byOurs || providerId === undefined) return byOurs;
    return store.payment({ provider: provider.id, providerId });
  };

  const onPayment = async (
    event: WebhookEvent,
    said: ProviderPayment<T>,
  ): Promise<WebhookOutcome> => {
    const payment = await paymentOf(said.reference?.paymentId, said.id);
    if (payment?.provider !== provider.id) return ignored("no such payment is known here");
    return decideOn(event, payment, async () => {
      const stored = (await store.payment({ id: payment.id })) ?? payment;
      const next = applyPayment(stored, said, desk.now());
      return next === stored ? {} : { change: { payment: next } };
    });
  };

  const onRefund = async (event: WebhookEvent, said: ProviderRefund): Promise<WebhookOutcome> => {
    const known =
      said.refundId === undefined ? undefined : await store.refund({ id: said.refundId });
    const found = await paymentOf(known?.paymentId, said.providerPaymentId);
    if (found?.provider !== provider.id) return ignored("no such payment is known here");
    return decideOn(event, found, async () => {
      const payment = (await store.payment({ id: found.id })) ?? found;
      const refund =
        (known && (await store.refund({ id: known.id }))) ??
        (await store.refund({ provider: provider.id, providerId: said.id }));
      const now = desk.now();
      const change = refund
        ? applyRefund({ payment, refund }, said, now)
        : foreignRefund(payment, said, { id: desk.newId(), now });
      const refundId = refund?.id ?? change?.refund.id;
      return { ...(change && { change }), ...(refundId !== undefined && { refundId }) };
    });
  };

  return async (event) => {
    if (event.source !== provider.id) {
      return ignored(`the event is from another source than ${provider.id}`);
    }
    const said = await provider.readEvent(event);
    if (said.kind === "payment") return onPayment(event, said.payment);
    if (said.kind === "refund") return onRefund(event, said.refund);
    return ignored(said.reason);
  };
}

function ignored(reason: string): WebhookOutcome {
  return { status: "ignored", reason };
}
