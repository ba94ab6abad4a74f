import type { IntegrationErrorCode, Outcome } from "../client/errors.ts";

/** Why an e-mail was not sent, or may not have been: the codes of the client, and those of this module. */
export type EmailFailureCode =
  | IntegrationErrorCode
  /** The address is not one that we or the provider take. Nothing was sent to it. */
  | "INVALID_RECIPIENT"
  /** Something in the message other than the recipient. Nothing was sent. */
  | "INVALID_MESSAGE"
  /** The same mailbox stands in the list already. */
  | "DUPLICATE_RECIPIENT"
  /** The operation was started before and nobody knows how it ended; it is not started again. */
  | "OUTCOME_UNKNOWN"
  /** The operation is under way, or its process died over it. */
  | "IN_PROGRESS"
  /** The operation id was used for another recipient or template. */
  | "OPERATION_MISMATCH"
  /** An earlier batch failed for a reason that concerns all of them. Go on with the same operation id. */
  | "STOPPED"
  /** The log could not be written, so nothing was sent. */
  | "STORE_FAILED";

/** A failure as data. It never holds an address, a key or a body, so it can be logged whole. */
export interface EmailFailure {
  readonly code: EmailFailureCode;
  readonly message: string;
  /** Whether the e-mail may be on its way all the same. */
  readonly outcome: Outcome;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** Milliseconds that the provider asks to wait. */
  readonly retryAfterMs?: number;
  readonly provider?: string;
  readonly status?: number;
  /** The provider's id of the request, for its support. */
  readonly requestId?: string;
}

/** A failure before anything was sent. */
export function notSent(code: EmailFailureCode, message: string, retryable = false): EmailFailure {
  return { code, message, outcome: "not_sent", retryable };
}
