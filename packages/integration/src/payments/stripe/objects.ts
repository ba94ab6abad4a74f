import type { PaymentFailure } from "../failure.ts";
import type {
  CustomerAction,
  PaymentReference,
  PaymentStatus,
  ProviderPayment,
  ProviderRefund,
  RefundStatus,
} from "../provider.ts";
import { declineReason } from "./decline.ts";
import type { StripeTypes } from "./types.ts";
import { fromStripeAmount } from "./wire-amount.ts";

/** Under which names our ids stand in the metadata of Stripe's objects. */
export const METADATA = {
  payment: "ventostack_payment_id",
  operation: "ventostack_operation_id",
  refund: "ventostack_refund_id",
  user: "ventostack_user_id",
} as const;

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads a PaymentIntent, from an answer of the API or a webhook.
 * @returns nothing for what is none, or has a currency that we do not charge
 */
export function readPaymentIntent(value: unknown): ProviderPayment<StripeTypes> | undefined {
  if (!isObject(value) || value["object"] !== "payment_intent") return undefined;
  const id = text(value["id"]);
  const currency = text(value["currency"]);
  const amount = value["amount"];
  if (id === undefined || currency === undefined || typeof amount !== "number") return undefined;
  const money = fromStripeAmount({ amount, currency });
  const captured = fromStripeAmount({ amount: numberOr(value["amount_received"], 0), currency });
  if (!money || !captured) return undefined;
  const failure = failureOf(value["last_payment_error"]);
  const status = statusOf(text(value["status"]), failure !== undefined);
  const action = actionOf(value);
  const reference = referenceOf(value["metadata"]);
  return {
    id,
    status,
    money,
    capturedAmount: captured.amount,
    ...(status === "failed" && failure && { failure }),
    ...(status === "requires_action" && { action }),
    ...(reference && { reference }),
    // It says that it is one, and the rest of its fields are Stripe's affair.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    native: value as unknown as StripeTypes["payment"],
  };
}

/**
 * Reads a Refund, from an answer of the API or a webhook.
 * @returns nothing for what is none, or has a currency that we do not charge
 */
export function readRefund(value: unknown): ProviderRefund | undefined {
  if (!isObject(value) || value["object"] !== "refund") return undefined;
  const id = text(value["id"]);
  const currency = text(value["currency"]);
  const amount = value["amount"];
  if (id === undefined || currency === undefined || typeof amount !== "number") return undefined;
  const money = fromStripeAmount({ amount, currency });
  if (!money) return undefined;
  const intent = value["payment_intent"];
  const providerPaymentId = text(isObject(intent) ? intent["id"] : intent);
  const metadata = value["metadata"];
  const refundId = isObject(metadata) ? text(metadata[METADATA.refund]) : undefined;
  const status = refundStatusOf(text(value["status"]));
  const vendorCode = codeOf(value["failure_reason"]);
  return {
    id,
    status,
    money,
    ...(status === "failed" && {
      failure: {
        code: "REFUND_FAILED",
        message: "The customer's bank did not take the refund",
        outcome: "rejected",
        retryable: false,
        ...(vendorCode !== undefined && { vendorCode }),
      },
    }),
    ...(providerPaymentId !== undefined && { providerPaymentId }),
    ...(refundId !== undefined && { refundId }),
  };
}

/** The failure of a declined card, from `last_payment_error` or the error of an answer. */
export function declineOf(error: {
  readonly code: string | undefined;
  readonly declineCode: string | undefined;
}): PaymentFailure {
  const { code, declineCode } = error;
  const vendorCode = declineCode ?? code;
  return {
    code: "CARD_DECLINED",
    message: "The payment method was declined",
    outcome: "rejected",
    retryable: false,
    declineReason: declineReason(declineCode, code),
    ...(vendorCode !== undefined && { vendorCode }),
  };
}

/** A code as Stripe writes them; anything else in its place is not to be stored or logged. */
export function codeOf(value: unknown): string | undefined {
  return typeof value === "string" && /^[\w.-]{1,100}$/.test(value) ? value : undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function failureOf(error: unknown): PaymentFailure | undefined {
  if (!isObject(error)) return undefined;
  return declineOf({ code: codeOf(error["code"]), declineCode: codeOf(error["decline_code"]) });
}

/** Source: https://docs.stripe.com/payments/paymentintents/lifecycle */
function statusOf(status: string | undefined, hasFailed: boolean): PaymentStatus {
  switch (status) {
    case "requires_payment_method":
      // Also what it is before the first attempt.
      return hasFailed ? "failed" : "pending";
    case "requires_confirmation":
      return "pending";
    case "requires_action":
    case "requires_capture":
    case "succeeded":
    case "canceled":
      return status;
    default:
      // `processing`, and whatever Stripe will think of: neither paid nor failed.
      return "processing";
  }
}

function refundStatusOf(status: string | undefined): RefundStatus {
  switch (status) {
    case "requires_action":
    case "succeeded":
    case "failed":
    case "canceled":
      return status;
    default:
      return "pending";
  }
}

function actionOf(intent: JsonObject): CustomerAction {
  const clientSecret = text(intent["client_secret"]);
  const next = intent["next_action"];
  const redirect = isObject(next) ? next["redirect_to_url"] : undefined;
  const redirectUrl = isObject(redirect) ? text(redirect["url"]) : undefined;
  return {
    ...(clientSecret !== undefined && { clientSecret }),
    ...(redirectUrl !== undefined && { redirectUrl }),
  };
}

function referenceOf(metadata: unknown): PaymentReference | undefined {
  if (!isObject(metadata)) return undefined;
  const paymentId = text(metadata[METADATA.payment]);
  const operationId = text(metadata[METADATA.operation]);
  return paymentId !== undefined && operationId !== undefined
    ? { paymentId, operationId }
    : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}
