import type Stripe from "stripe";
import { describe, expectTypeOf, it } from "vitest";
import type {
  ChargeInput,
  ChargeResult,
  Money,
  PaymentFailure,
  PaymentProvider,
  PaymentService,
  StripePaymentProvider,
  StripeTypes,
} from "../../src/payments/index.ts";
import { createMemoryPaymentStore, createPaymentService } from "../../src/payments/index.ts";

declare const provider: StripePaymentProvider;
const payments = createPaymentService({ provider, store: createMemoryPaymentStore() });

describe("the types of the service", () => {
  it("come from the provider", () => {
    expectTypeOf(payments).toEqualTypeOf<PaymentService<StripeTypes>>();
    expectTypeOf<Awaited<ReturnType<StripePaymentProvider["native"]>>>().toEqualTypeOf<Stripe>();
    expectTypeOf<ChargeInput<StripeTypes>["providerOptions"]>().toEqualTypeOf<
      StripeTypes["chargeOptions"] | undefined
    >();
    expectTypeOf(provider).toExtend<PaymentProvider>();
  });

  it("narrow by success", () => {
    const result = {} as ChargeResult<StripeTypes>;
    if (result.success) {
      expectTypeOf(result.payment.money).toEqualTypeOf<Money>();
      expectTypeOf(result.native).toEqualTypeOf<Stripe.PaymentIntent | undefined>();
    } else {
      expectTypeOf(result.error).toEqualTypeOf<PaymentFailure>();
      expectTypeOf(result.error.outcome).toEqualTypeOf<"not_sent" | "rejected" | "unknown">();
    }
    // @ts-expect-error -- a failure has no native payment
    void result.native;
  });

  it("refuse what is ours to say, and what Stripe does not know", () => {
    const input = {
      userId: "u",
      money: { amount: 1, currency: "EUR" },
      paymentMethodId: "pm",
      operationId: "o",
    };
    void (() => payments.charge({ ...input, providerOptions: { description: "d" } }));
    // @ts-expect-error -- the amount is ours
    void (() => payments.charge({ ...input, providerOptions: { amount: 1 } }));
    // @ts-expect-error -- no such parameter
    void (() => payments.charge({ ...input, providerOptions: { desription: "d" } }));
    // @ts-expect-error -- an operation id is not optional
    void (() => payments.charge({ ...input, operationId: undefined }));
    // @ts-expect-error -- "all" is no amount
    void (() => payments.refund({ paymentId: "p", operationId: "o", amount: "all" }));
    // @ts-expect-error -- a number has no currency
    void (() => payments.refund({ paymentId: "p", operationId: "o", amount: 100 }));
  });
});
