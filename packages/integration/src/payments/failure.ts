import type { IntegrationErrorCode, Outcome } from "../client/errors.ts";

/** Why a payment, refund or customer was not made. Those of the client say what the network or the vendor did. */
export type PaymentFailureCode =
  /** The card, or its bank, said no: see `declineReason`. A new attempt is a new operation. */
  | "CARD_DECLINED"
  /** The amount is not a positive sum that the provider takes exactly, or its currency is another than the payment's. */
  | "INVALID_AMOUNT"
  /** An id is empty, too long or has characters that a header does not take. */
  | "INVALID_ARGUMENT"
  /** The provider cannot do what was asked. */
  | "NOT_SUPPORTED"
  /** The operation id was used before, for something else. */
  | "OPERATION_MISMATCH"
  /** There is no such payment. */
  | "NOT_FOUND"
  /** More than what is left of the captured money. Refunds under way count. */
  | "REFUND_EXCEEDS_PAYMENT"
  /** The payment's status does not allow it. */
  | "INVALID_STATE"
  /** The payment was canceled, so it will not be paid. */
  | "CANCELED"
  /** The provider took the refund and failed later. */
  | "REFUND_FAILED"
  /** The provider knows the idempotency key with other parameters: two systems share an account and operation ids. */
  | "IDEMPOTENCY_CONFLICT"
  /** The call was lost before it was executed, as the provider's records show. */
  | "NOT_EXECUTED"
  /** Not known yet; `reconcile`, a webhook, or the same call again will tell. */
  | "OUTCOME_UNKNOWN"
  | IntegrationErrorCode;

/**
 * Why a card was declined, in words that hold for every provider. Lost and stolen cards are `declined`: their holder is
 * not to be warned. The vendor's own word is `vendorCode`, for the operator and not for the customer.
 */
export type DeclineReason =
  | "insufficient_funds"
  | "expired_card"
  | "incorrect_details"
  | "authentication_required"
  | "card_not_supported"
  | "limit_exceeded"
  | "processing_error"
  | "declined";

/** Why something was not done. Holds nothing secret: it can be stored and logged whole. */
export interface PaymentFailure {
  readonly code: PaymentFailureCode;
  /** In our own words, for the operator. */
  readonly message: string;
  /** Whether the provider may have acted; `unknown` asks for the same call again, never for a new operation. */
  readonly outcome: Outcome;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** With CARD_DECLINED. */
  readonly declineReason?: DeclineReason;
  /** The HTTP status of the last answer. */
  readonly status?: number;
  /** The vendor's own code. */
  readonly vendorCode?: string;
  /** The vendor's id of the request, for its support. */
  readonly requestId?: string;
  /** Milliseconds that the vendor, or an open circuit, asks to wait. */
  readonly retryAfterMs?: number;
}

/** A failure that was decided here, before the provider was asked. */
export function refusal(code: PaymentFailureCode, message: string): PaymentFailure {
  return { code, message, outcome: "not_sent", retryable: false };
}
