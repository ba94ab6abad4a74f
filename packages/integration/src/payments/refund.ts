import type { Desk } from "./desk.ts";
import { decide } from "./desk.ts";
import { PaymentUsageError } from "./errors.ts";
import type { Repeat } from "./execute.ts";
import { execute } from "./execute.ts";
import type { PaymentFailure } from "./failure.ts";
import { refusal } from "./failure.ts";
import { checkAmount, checkOptions, refuseIds, sameOptions } from "./input.ts";
import { unknown } from "./payment-results.ts";
import type { CreateRefund, ProviderTypes } from "./provider.ts";
import type { RefundChange } from "./refund-rules.ts";
import {
  announceRefund,
  applyRefund,
  failRefund,
  isVoid,
  mayRefundAgain,
  refundable,
  reserve,
} from "./refund-rules.ts";
import type { RefundInput, RefundResult } from "./service-types.ts";
import type { OpenCall, StoredPayment, StoredRefund } from "./store.ts";
import { paymentView, refundView } from "./views.ts";

export interface Refunding<T extends ProviderTypes> {
  /** See `PaymentService.refund`. */
  readonly refund: (input: RefundInput<T>) => Promise<RefundResult>;
  /** Finds out what became of a refund whose call is open. */
  readonly resume: (refund: StoredRefund) => Promise<RefundResult>;
}

interface Wanted {
  readonly paymentId: string;
  readonly operationId: string;
  readonly amount: number | "full";
  /** Absent with `full`. */
  readonly currency?: string;
  readonly providerOptions?: string;
}

type Announced =
  | (RefundChange & { readonly isFresh: boolean })
  | { readonly refused: PaymentFailure; readonly payment?: StoredPayment };

export function createRefunding<T extends ProviderTypes>(desk: Desk<T>): Refunding<T> {
  const { provider, store } = desk;

  function check(input: RefundInput<T>): Wanted | PaymentFailure {
    const { paymentId, operationId } = input;
    const refused = refuseIds({ paymentId, operationId });
    if (refused) return refused;
    const options = checkOptions(input.providerOptions);
    if ("refused" in options) return options.refused;
    const wanted = {
      paymentId,
      operationId,
      ...(options.json !== undefined && { providerOptions: options.json }),
    };
    if (input.amount === "full") return { ...wanted, amount: "full" };
    const amount = checkAmount(provider, input.amount);
    return "refused" in amount ? amount.refused : { ...wanted, ...amount.money };
  }

  /** Reserves the amount on the payment and writes what is about to be done, or finds that it was. */
  const announce = (wanted: Wanted): Promise<Announced> =>
    decide<T, Announced>(desk, `payment:${wanted.paymentId}`, async () => {
      const payment = await store.payment({ id: wanted.paymentId });
      if (!payment) return { value: { refused: refusal("NOT_FOUND", "There is no such payment") } };
      const before = await store.refund({ operationId: wanted.operationId });
      const refused = before
        ? refuseRepeat(before, payment, wanted)
        : refuseNew(provider.capabilities.partialRefund, payment, wanted);
      if (refused) return { value: { refused, payment } };
      if (before && !mayRefundAgain(before)) {
        return { value: { payment, refund: before, isFresh: false } };
      }
      // A repeat keeps the amount that was fixed for it: the key stands for that amount.
      const bound = refundable(payment, before ? before.amount : wanted.amount);
      if ("refused" in bound) return { value: { refused: bound.refused, payment } };
      const now = desk.now();
      const openCall: OpenCall = {
        kind: "refund",
        operationId: wanted.operationId,
        idempotencyKey: `refund:${wanted.operationId}`,
        startedAt: now,
      };
      const refund: StoredRefund = before
        ? announceRefund(before, openCall, now)
        : {
            id: desk.newId(),
            operationId: wanted.operationId,
            paymentId: payment.id,
            provider: provider.id,
            amount: bound.amount,
            full: wanted.amount === "full",
            ...(wanted.providerOptions !== undefined && {
              providerOptions: wanted.providerOptions,
            }),
            status: "pending",
            openCall,
            version: 1,
            createdAt: now,
            updatedAt: now,
          };
      const write = reserve(payment, refund, before, now);
      return { write, value: { ...write, isFresh: true } };
    });

  const read = async (refund: StoredRefund): Promise<RefundChange> => {
    const payment = await store.payment({ id: refund.paymentId });
    const current = await store.refund({ id: refund.id });
    if (!payment || !current) {
      throw new PaymentUsageError("STORE_UNUSABLE", "A payment or refund is gone from the store");
    }
    return { payment, refund: current };
  };

  const write = (
    refund: StoredRefund,
    rule: (before: RefundChange) => RefundChange | undefined,
  ): Promise<RefundChange> =>
    decide<T, RefundChange>(desk, `payment:${refund.paymentId}`, async () => {
      const before = await read(refund);
      const change = rule(before);
      return change ? { write: change, value: change } : { value: before };
    });

  const run = (
    { payment, refund }: RefundChange,
    { isFresh, repeatForMs }: Repeat,
  ): Promise<RefundResult> => {
    const { openCall } = refund;
    const { providerPaymentId } = payment;
    if (openCall === undefined || providerPaymentId === undefined) {
      return Promise.resolve(resultOf({ payment, refund }));
    }
    return desk.shared(`run:${refund.id}`, () =>
      execute({
        isFresh,
        isExpired: desk.now() - openCall.startedAt > repeatForMs,
        call: () =>
          provider.createRefund(
            requestOf<T>({ payment, refund }, providerPaymentId, openCall.idempotencyKey),
          ),
        find: () => provider.findRefund({ providerPaymentId, refundId: refund.id }),
        async apply(said) {
          return resultOf(await write(refund, (before) => applyRefund(before, said, desk.now())));
        },
        async fail(failure) {
          const next = await write(refund, (before) => failRefund(before, failure, desk.now()));
          return next.refund.status === "failed" ? failed(failure, next) : resultOf(next);
        },
        async leave(failure) {
          const next = await read(refund);
          return next.refund.openCall ? failed(unknown(failure), next) : resultOf(next);
        },
      }),
    );
  };

  return {
    async refund(input) {
      const wanted = check(input);
      if ("code" in wanted) return { success: false, error: wanted };
      await provider.prepare();
      const announced = await announce(wanted);
      if ("refused" in announced) {
        const { refused, payment } = announced;
        return {
          success: false,
          error: refused,
          ...(payment && { payment: paymentView(payment) }),
        };
      }
      return run(announced, { isFresh: announced.isFresh, repeatForMs: desk.keyTrustedForMs });
    },
    async resume(refund) {
      return run(await read(refund), { isFresh: false, repeatForMs: desk.reissueForMs });
    },
  };
}

function refuseNew(
  hasPartialRefund: boolean,
  payment: StoredPayment,
  wanted: Wanted,
): PaymentFailure | undefined {
  if (wanted.currency !== undefined && wanted.currency !== payment.currency) {
    return refusal("INVALID_AMOUNT", `The payment is in ${payment.currency}`);
  }
  const isWhole = wanted.amount === "full" || wanted.amount === payment.capturedAmount;
  return isWhole || hasPartialRefund
    ? undefined
    : refusal("NOT_SUPPORTED", `${payment.provider} refunds a payment as a whole`);
}

function refuseRepeat(
  before: StoredRefund,
  payment: StoredPayment,
  wanted: Wanted,
): PaymentFailure | undefined {
  const isSame =
    before.paymentId === payment.id &&
    before.full === (wanted.amount === "full") &&
    (before.full || (before.amount === wanted.amount && payment.currency === wanted.currency)) &&
    sameOptions(before.providerOptions, wanted.providerOptions);
  return isSame
    ? undefined
    : refusal(
        "OPERATION_MISMATCH",
        "This operation id was used for another refund: another payment, amount or option",
      );
}

function requestOf<T extends ProviderTypes>(
  { payment, refund }: RefundChange,
  providerPaymentId: string,
  idempotencyKey: string,
): CreateRefund<T> {
  return {
    paymentId: payment.id,
    refundId: refund.id,
    operationId: refund.operationId,
    idempotencyKey,
    providerPaymentId,
    money: { amount: refund.amount, currency: payment.currency },
    ...(refund.providerOptions !== undefined && {
      // The JSON of what `refund` was given: its type is that of the input.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      providerOptions: JSON.parse(refund.providerOptions) as T["refundOptions"],
    }),
  };
}

function resultOf({ payment, refund }: RefundChange): RefundResult {
  if (refund.openCall) {
    const failure = unknown(refusal("OUTCOME_UNKNOWN", "The refund is not known yet"));
    return failed(failure, { payment, refund });
  }
  if (isVoid(refund.status)) {
    const failure = refund.failure ?? {
      ...refusal("REFUND_FAILED", `The provider says that the refund is ${refund.status}`),
      outcome: "rejected" as const,
    };
    return failed(failure, { payment, refund });
  }
  return {
    success: true,
    refund: refundView(refund, payment.currency),
    payment: paymentView(payment),
  };
}

function failed(error: PaymentFailure, { payment, refund }: RefundChange): RefundResult {
  return {
    success: false,
    error,
    refund: refundView(refund, payment.currency),
    payment: paymentView(payment),
  };
}
