import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Money } from "../payments/money.ts";
import { fromStripeAmount } from "../payments/stripe/wire-amount.ts";
import { withoutAbsent } from "./absent.ts";
import {
  count,
  derive,
  exactly,
  flag,
  id,
  idOrObject,
  object,
  oneOf,
  optional,
  text,
  textsByName,
  unixSeconds,
} from "./fields.ts";
import type { Mapper } from "./mapper.ts";
import { createMapper } from "./mapper.ts";

/**
 * How far a transaction is. `authorized`: the money is held and waits to be captured. `requires_action`: the customer has
 * something to do, such as 3-D Secure. `unknown`: the platform says something that we do not know; see `rawStatus`.
 */
export type TransactionStatus =
  | "pending"
  | "requires_action"
  | "processing"
  | "authorized"
  | "succeeded"
  | "partially_refunded"
  | "refunded"
  | "failed"
  | "canceled"
  | "unknown";

/** Why a payment did not go through. For operators and logs, not for the customer's eyes. */
export interface TransactionFailure {
  readonly code?: string;
  /** What the card's issuer said. */
  readonly declineCode?: string;
  readonly message?: string;
}

/** A payment, whoever processed it. */
export interface Transaction {
  readonly id: string;
  readonly provider: "stripe";
  /** `payment`: what the customer is asked for, over all attempts. `charge`: one attempt to take the money. */
  readonly kind: "payment" | "charge";
  readonly status: TransactionStatus;
  /** As the platform calls it. */
  readonly rawStatus: string;
  readonly amount: Money;
  /** What has been taken of it. */
  readonly captured: Money;
  /** What has been given back of that; absent where the object does not say so. */
  readonly refunded?: Money;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly live: boolean;
  readonly disputed?: boolean;
  readonly customerId?: string;
  readonly paymentMethodId?: string;
  /** Of a charge: the payment that it belongs to. */
  readonly paymentId?: string;
  /** Of a payment: its latest charge. */
  readonly chargeId?: string;
  readonly description?: string;
  readonly failure?: TransactionFailure;
  readonly metadata: Readonly<Record<string, string>>;
}

const shared = {
  id,
  amount: count,
  currency: id,
  created: unixSeconds,
  livemode: flag,
  customer: optional(idOrObject),
  payment_method: optional(idOrObject),
  description: optional(text),
  metadata: optional(textsByName),
};

/** What `shared` reads. */
interface SharedFields {
  readonly id: string;
  readonly amount: number;
  readonly currency: string;
  readonly created: number;
  readonly livemode: boolean;
  readonly customer: string | undefined;
  readonly payment_method: string | undefined;
  readonly description: string | undefined;
  readonly metadata: Readonly<Record<string, string>> | undefined;
}

/**
 * Reads wire amounts by their currency. One whose digits are not known for certain is refused: a transaction that is off
 * by a factor of 100 is worse than none.
 */
function withMoney<Fields extends SharedFields, Name extends string>(
  fields: Fields,
  amounts: Readonly<Record<Name, number>>,
): StandardSchemaV1.Result<Fields & { readonly money: Readonly<Record<Name, Money>> }> {
  const money: Partial<Record<Name, Money>> = {};
  for (const name of namesOf(amounts)) {
    const sum = fromStripeAmount({ amount: amounts[name], currency: fields.currency });
    if (!sum) {
      const message =
        "must be a currency whose minor unit at Stripe is known, with a whole number of it";
      return { issues: [{ message, path: ["currency"] }] };
    }
    money[name] = sum;
  }
  // The loop has filled every name.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { value: { ...fields, money: money as Readonly<Record<Name, Money>> } };
}

function namesOf<Name extends string>(record: Readonly<Record<Name, unknown>>): readonly Name[] {
  // The record comes from a literal, so it has these names and no others.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.keys(record) as Name[];
}

const paymentIntent = derive(
  object({
    ...shared,
    object: exactly("payment_intent"),
    amount_received: count,
    status: oneOf(
      "requires_payment_method",
      "requires_confirmation",
      "requires_action",
      "processing",
      "requires_capture",
      "canceled",
      "succeeded",
    ),
    latest_charge: optional(idOrObject),
    last_payment_error: optional(
      object({ code: optional(text), decline_code: optional(text), message: optional(text) }).read,
    ),
  }),
  (from) => withMoney(from, { amount: from.amount, captured: from.amount_received }),
);

const PAYMENT_STATUS = {
  requires_payment_method: "pending",
  requires_confirmation: "pending",
  requires_action: "requires_action",
  processing: "processing",
  requires_capture: "authorized",
  canceled: "canceled",
  succeeded: "succeeded",
  unknown: "unknown",
} as const satisfies Record<string, TransactionStatus>;

/**
 * Maps a PaymentIntent of Stripe, from its API or from a webhook's `data.object`.
 *
 * One that asks for another payment method after an attempt failed is `failed`: nothing happens until somebody tries again.
 * Refunds and disputes stand on the charge, not here.
 * @see https://docs.stripe.com/api/payment_intents/object
 */
export const stripePaymentToTransaction: Mapper<Transaction> = createMapper(
  paymentIntent,
  (payment) => {
    const error = payment.last_payment_error;
    const retriable = payment.status.value === "requires_payment_method";
    return {
      ...common(payment),
      ...payment.money,
      kind: "payment",
      status: retriable && error ? "failed" : PAYMENT_STATUS[payment.status.value],
      rawStatus: payment.status.raw,
      ...withoutAbsent({
        chargeId: payment.latest_charge,
        failure: error && failureOf(error.code, error.decline_code, error.message),
      }),
    };
  },
);

const charge = derive(
  object({
    ...shared,
    object: exactly("charge"),
    amount_captured: count,
    amount_refunded: count,
    captured: flag,
    refunded: flag,
    disputed: optional(flag),
    status: oneOf("succeeded", "pending", "failed"),
    payment_intent: optional(idOrObject),
    failure_code: optional(text),
    failure_message: optional(text),
    outcome: optional(object({ reason: optional(text) }).read),
  }),
  (from) =>
    withMoney(from, {
      amount: from.amount,
      captured: from.amount_captured,
      // A hold that was let go counts as refunded at Stripe.
      refunded: from.captured ? from.amount_refunded : 0,
    }),
);

/**
 * Maps a Charge of Stripe, from its API or from a webhook's `data.object`.
 *
 * A hold that was let go is `canceled`: Stripe calls it refunded, though no money had moved.
 * @see https://docs.stripe.com/api/charges/object
 */
export const stripeChargeToTransaction: Mapper<Transaction> = createMapper(charge, (from) => {
  const failed = from.status.value === "failed";
  return {
    ...common(from),
    ...from.money,
    kind: "charge",
    status: chargeStatus(from),
    rawStatus: from.status.raw,
    ...withoutAbsent({
      disputed: from.disputed,
      paymentId: from.payment_intent,
      failure: failed
        ? failureOf(from.failure_code, from.outcome?.reason, from.failure_message)
        : undefined,
    }),
  };
});

type CommonParts = Omit<Transaction, "kind" | "status" | "rawStatus" | "amount" | "captured">;

function common(from: SharedFields): CommonParts {
  return {
    id: from.id,
    provider: "stripe",
    createdAt: from.created,
    live: from.livemode,
    metadata: from.metadata ?? {},
    ...withoutAbsent({
      customerId: from.customer,
      paymentMethodId: from.payment_method,
      description: from.description,
    }),
  };
}

function failureOf(
  code: string | undefined,
  declineCode: string | undefined,
  message: string | undefined,
): TransactionFailure {
  return withoutAbsent({ code, declineCode, message });
}

function chargeStatus(from: {
  readonly status: { readonly value: "succeeded" | "pending" | "failed" | "unknown" };
  readonly captured: boolean;
  readonly refunded: boolean;
  readonly amount_refunded: number;
}): TransactionStatus {
  if (from.status.value !== "succeeded") return from.status.value;
  if (!from.captured) return from.refunded ? "canceled" : "authorized";
  if (from.refunded) return "refunded";
  return from.amount_refunded > 0 ? "partially_refunded" : "succeeded";
}
