import type { Desk } from "./desk.ts";
import { decide } from "./desk.ts";
import type { Repeat } from "./execute.ts";
import { execute } from "./execute.ts";
import type { PaymentFailure } from "./failure.ts";
import { refusal } from "./failure.ts";
import { checkAmount, checkOptions, refuseIds, sameOptions } from "./input.ts";
import { announce, applyPayment, failPayment, mayRunAgain } from "./payment-rules.ts";
import { failed, resultOf, unknown, updatePayment } from "./payment-results.ts";
import type { CreatePayment, ProviderTypes } from "./provider.ts";
import type { ChargeInput, ChargeResult, CustomerResult } from "./service-types.ts";
import type { OpenCall, StoredPayment } from "./store.ts";

export interface Charging<T extends ProviderTypes> {
  /** See `PaymentService.charge`. */
  readonly charge: (input: ChargeInput<T>) => Promise<ChargeResult<T>>;
  /** Finds out what became of a charge whose call is open. */
  readonly resume: (payment: StoredPayment) => Promise<ChargeResult<T>>;
}

/** What a charge asks for, as it is stored. */
type Wanted = Pick<
  StoredPayment,
  "operationId" | "userId" | "paymentMethodId" | "amount" | "currency" | "capture"
> & { readonly providerOptions?: string };

type Announced =
  | { readonly stored: StoredPayment; readonly isFresh: boolean }
  | { readonly refused: PaymentFailure };

export function createCharging<T extends ProviderTypes>(
  desk: Desk<T>,
  getOrCreateCustomer: (userId: string) => Promise<CustomerResult>,
): Charging<T> {
  const { provider, store } = desk;

  function check(input: ChargeInput<T>): Wanted | PaymentFailure {
    const { operationId, userId, paymentMethodId, capture = "automatic" } = input;
    const refused = refuseIds({ operationId, userId, paymentMethodId });
    if (refused) return refused;
    if (capture === "manual" && !provider.capabilities.manualCapture) {
      return refusal("NOT_SUPPORTED", `${provider.id} cannot authorise without capturing`);
    }
    const amount = checkAmount(provider, input.money);
    if ("refused" in amount) return amount.refused;
    const options = checkOptions(input.providerOptions);
    if ("refused" in options) return options.refused;
    return {
      operationId,
      userId,
      paymentMethodId,
      capture,
      ...amount.money,
      ...(options.json !== undefined && { providerOptions: options.json }),
    };
  }

  /** Writes what is about to be done before it is done, or finds that it was. */
  const announceCharge = (wanted: Wanted, customerId: string | undefined): Promise<Announced> =>
    decide<T, Announced>(desk, `charge:${wanted.operationId}`, async () => {
      const now = desk.now();
      const openCall: OpenCall = {
        kind: "charge",
        operationId: wanted.operationId,
        idempotencyKey: `charge:${wanted.operationId}`,
        startedAt: now,
      };
      const stored = await store.payment({ operationId: wanted.operationId });
      if (stored) {
        if (!isSame(stored, wanted)) return { value: { refused: mismatch() } };
        if (!mayRunAgain(stored)) return { value: { stored, isFresh: false } };
        const payment = announce(stored, openCall, now);
        return { write: { payment }, value: { stored: payment, isFresh: true } };
      }
      if (customerId === undefined) throw new TypeError("A new payment needs its customer");
      const payment: StoredPayment = {
        ...wanted,
        id: desk.newId(),
        provider: provider.id,
        providerCustomerId: customerId,
        status: "pending",
        capturedAmount: 0,
        refundReserved: 0,
        refundedAmount: 0,
        openCall,
        version: 1,
        createdAt: now,
        updatedAt: now,
      };
      return { write: { payment }, value: { stored: payment, isFresh: true } };
    });

  const run = (stored: StoredPayment, { isFresh, repeatForMs }: Repeat): Promise<ChargeResult<T>> =>
    desk.shared(`run:${stored.id}`, () =>
      execute({
        isFresh,
        isExpired: desk.now() - (stored.openCall?.startedAt ?? 0) > repeatForMs,
        call: () => provider.createPayment(requestOf<T>(stored)),
        async find() {
          const answer = await provider.findPayment({
            paymentId: stored.id,
            operationId: stored.operationId,
            customerId: stored.providerCustomerId,
            since: stored.openCall?.startedAt ?? stored.createdAt,
          });
          // What has only been prepared moves no money.
          const isPrepared = answer.success && answer.data?.status === "pending";
          return isPrepared ? { success: true, data: undefined } : answer;
        },
        async apply(said) {
          const next = await updatePayment(desk, stored.id, (now) =>
            applyPayment(now, said, desk.now()),
          );
          return resultOf(next, said);
        },
        async fail(failure) {
          const next = await updatePayment(desk, stored.id, (now) =>
            failPayment(now, failure, desk.now()),
          );
          // A webhook may have known better in the meantime.
          return next.status === "failed" ? failed(failure, next) : resultOf(next);
        },
        async leave(failure) {
          const next = (await store.payment({ id: stored.id })) ?? stored;
          return next.openCall ? failed(unknown(failure), next) : resultOf(next);
        },
      }),
    );

  return {
    async charge(input) {
      const wanted = check(input);
      if ("code" in wanted) return failed(wanted);
      await provider.prepare();
      const { operationId } = wanted;
      let customerId = (await store.payment({ operationId }))?.providerCustomerId;
      if (customerId === undefined) {
        const result = await getOrCreateCustomer(wanted.userId);
        // The payment was not even announced, whatever became of the customer.
        if (!result.success) return failed({ ...result.error, outcome: "not_sent" });
        customerId = result.customer.providerCustomerId;
      }
      const announced = await announceCharge(wanted, customerId);
      if ("refused" in announced) return failed(announced.refused);
      const { stored, isFresh } = announced;
      if (stored.openCall?.kind === "charge")
        return run(stored, { isFresh, repeatForMs: desk.keyTrustedForMs });
      if (stored.status !== "requires_action" || stored.providerPaymentId === undefined) {
        return resultOf(stored);
      }
      // The secret that the customer's browser needs is not stored.
      const answer = await provider.getPayment(stored.providerPaymentId);
      if (!answer.success) return resultOf(stored);
      const next = await updatePayment(desk, stored.id, (now) =>
        applyPayment(now, answer.data, desk.now()),
      );
      return resultOf(next, answer.data);
    },
    resume: (payment) => run(payment, { isFresh: false, repeatForMs: desk.reissueForMs }),
  };
}

function requestOf<T extends ProviderTypes>(stored: StoredPayment): CreatePayment<T> {
  return {
    paymentId: stored.id,
    operationId: stored.operationId,
    idempotencyKey: stored.openCall?.idempotencyKey ?? `charge:${stored.operationId}`,
    money: { amount: stored.amount, currency: stored.currency },
    customerId: stored.providerCustomerId,
    paymentMethodId: stored.paymentMethodId,
    capture: stored.capture,
    ...(stored.providerOptions !== undefined && {
      // The JSON of what `charge` was given: its type is that of the input.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      providerOptions: JSON.parse(stored.providerOptions) as T["chargeOptions"],
    }),
  };
}

function isSame(stored: StoredPayment, wanted: Wanted): boolean {
  return (
    stored.userId === wanted.userId &&
    stored.amount === wanted.amount &&
    stored.currency === wanted.currency &&
    stored.paymentMethodId === wanted.paymentMethodId &&
    stored.capture === wanted.capture &&
    sameOptions(stored.providerOptions, wanted.providerOptions)
  );
}

function mismatch(): PaymentFailure {
  return refusal(
    "OPERATION_MISMATCH",
    "This operation id was used for another charge: another user, sum, payment method or option",
  );
}
