import type { Desk } from "./desk.ts";
import { decide } from "./desk.ts";
import type { Repeat } from "./execute.ts";
import { execute } from "./execute.ts";
import type { PaymentFailure } from "./failure.ts";
import { refusal } from "./failure.ts";
import { checkAmount, refuseIds } from "./input.ts";
import { announce, applyPayment, failPayment, isFinal, refuseSettling } from "./payment-rules.ts";
import { failed, resultOf, unknown, updatePayment } from "./payment-results.ts";
import type { ProviderAnswer, ProviderPayment, ProviderTypes } from "./provider.ts";
import type { CancelInput, CaptureInput, ChargeResult } from "./service-types.ts";
import type { OpenCall, StoredPayment } from "./store.ts";

export interface Settling<T extends ProviderTypes> {
  /** See `PaymentService.capture`. */
  readonly capture: (input: CaptureInput) => Promise<ChargeResult<T>>;
  /** See `PaymentService.cancel`. */
  readonly cancel: (input: CancelInput) => Promise<ChargeResult<T>>;
  /** See `PaymentService.refresh`. */
  readonly refresh: (paymentId: string) => Promise<ChargeResult<T>>;
  /** Finds out what became of a capture or cancellation whose call is open. */
  readonly resume: (payment: StoredPayment) => Promise<ChargeResult<T>>;
}

type Kind = "capture" | "cancel";

type Announced =
  | { readonly stored: StoredPayment; readonly isFresh: boolean }
  | { readonly refused: PaymentFailure; readonly stored?: StoredPayment };

export function createSettling<T extends ProviderTypes>(desk: Desk<T>): Settling<T> {
  const { provider, store } = desk;

  const announceCall = (
    kind: Kind,
    { paymentId, amount, operationId }: CaptureInput,
  ): Promise<Announced> =>
    decide<T, Announced>(desk, `payment:${paymentId}`, async () => {
      const stored = await store.payment({ id: paymentId });
      if (!stored) return { value: { refused: refusal("NOT_FOUND", "There is no such payment") } };
      if (stored.openCall?.kind === kind && stored.openCall.operationId === operationId) {
        return { value: { stored, isFresh: false } };
      }
      const isDone = stored.status === (kind === "capture" ? "succeeded" : "canceled");
      const doneBy = kind === "capture" ? stored.captureOperationId : stored.cancelOperationId;
      if (isDone && doneBy === operationId) return { value: { stored, isFresh: false } };
      if (amount && amount.currency.toUpperCase() !== stored.currency) {
        const message = `The payment is in ${stored.currency}`;
        return { value: { refused: refusal("INVALID_AMOUNT", message), stored } };
      }
      const call = { kind, ...(amount && { amount: amount.amount }) };
      const refused = refuseSettling(stored, call);
      if (refused) return { value: { refused, stored } };
      const now = desk.now();
      const openCall: OpenCall = {
        ...call,
        operationId,
        idempotencyKey: `${kind}:${operationId}`,
        startedAt: now,
      };
      const payment: StoredPayment = {
        ...announce(stored, openCall, now),
        ...(kind === "capture"
          ? { captureOperationId: operationId }
          : { cancelOperationId: operationId }),
      };
      return { write: { payment }, value: { stored: payment, isFresh: true } };
    });

  const ask = async (stored: StoredPayment): Promise<ProviderAnswer<ProviderPayment<T>>> =>
    stored.providerPaymentId === undefined
      ? { success: false, error: refusal("INVALID_STATE", "The provider has no such payment yet") }
      : provider.getPayment(stored.providerPaymentId);

  const write = (
    stored: StoredPayment,
    rule: (payment: StoredPayment) => StoredPayment,
  ): Promise<StoredPayment> => updatePayment(desk, stored.id, rule);

  const run = (
    stored: StoredPayment,
    kind: Kind,
    { isFresh, repeatForMs }: Repeat,
  ): Promise<ChargeResult<T>> => {
    const goal = goalOf(kind);
    const { openCall, providerPaymentId } = stored;
    if (openCall === undefined || providerPaymentId === undefined) {
      return Promise.resolve(resultOf<T>(stored, undefined, goal));
    }
    const { idempotencyKey, amount = stored.amount, startedAt } = openCall;
    const money = { amount, currency: stored.currency };
    return desk.shared(`run:${stored.id}`, () =>
      execute({
        isFresh,
        isExpired: desk.now() - startedAt > repeatForMs,
        call: () =>
          kind === "capture"
            ? provider.capturePayment({ idempotencyKey, providerPaymentId, money })
            : provider.cancelPayment({ idempotencyKey, providerPaymentId }),
        async find() {
          const answer = await ask(stored);
          const isOpen = answer.success && !isFinal(answer.data.status);
          return isOpen ? { success: true, data: undefined } : answer;
        },
        async apply(said) {
          const next = await write(stored, (now) => applyPayment(now, said, desk.now()));
          return resultOf(next, said, goal);
        },
        async fail(failure) {
          let next = await write(stored, (now) => failPayment(now, failure, desk.now()));
          // A refusal often means that the payment is no longer what the record says.
          const answer = await ask(stored);
          if (answer.success) {
            next = await write(next, (now) => applyPayment(now, answer.data, desk.now()));
          }
          return failed(failure, next);
        },
        async leave(failure) {
          const next = (await store.payment({ id: stored.id })) ?? stored;
          return next.openCall ? failed(unknown(failure), next) : resultOf(next, undefined, goal);
        },
      }),
    );
  };

  const settle = async (kind: Kind, input: CaptureInput): Promise<ChargeResult<T>> => {
    const { operationId, paymentId } = input;
    const refused = refuseIds({ operationId, paymentId });
    if (refused) return failed(refused);
    const amount = input.amount && checkAmount(provider, input.amount);
    if (amount && "refused" in amount) return failed(amount.refused);
    await provider.prepare();
    const announced = await announceCall(kind, {
      operationId,
      paymentId,
      ...(amount && { amount: amount.money }),
    });
    if ("refused" in announced) return failed(announced.refused, announced.stored);
    const { stored, isFresh } = announced;
    return run(stored, kind, { isFresh, repeatForMs: desk.keyTrustedForMs });
  };

  return {
    capture: (input) => settle("capture", input),
    cancel: ({ paymentId, operationId }) => settle("cancel", { paymentId, operationId }),
    async refresh(paymentId) {
      const refused = refuseIds({ paymentId });
      if (refused) return failed(refused);
      await provider.prepare();
      const stored = await store.payment({ id: paymentId });
      if (!stored) return failed(refusal("NOT_FOUND", "There is no such payment"));
      const answer = await ask(stored);
      if (!answer.success) return failed(answer.error, stored);
      const next = await write(stored, (now) => applyPayment(now, answer.data, desk.now()));
      return resultOf(next, answer.data);
    },
    resume: (payment) =>
      run(payment, payment.openCall?.kind === "cancel" ? "cancel" : "capture", {
        isFresh: false,
        repeatForMs: desk.reissueForMs,
      }),
  };
}

function goalOf(kind: Kind): "paid" | "canceled" {
  return kind === "capture" ? "paid" : "canceled";
}
