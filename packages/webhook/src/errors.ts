/** Why an inbound request was refused. */
export type VerificationCode =
  | "CONFIG"
  | "MISSING_HEADER"
  | "MISSING_SIGNATURE"
  | "MALFORMED_SIGNATURE"
  | "MALFORMED_PAYLOAD"
  | "SIGNATURE_MISMATCH"
  | "TIMESTAMP_EXPIRED"
  | "TIMESTAMP_IN_FUTURE"
  | "UNKNOWN_KEY"
  | "UNSUPPORTED_ALGORITHM"
  | "SIGNATURE_PROBE"
  | "DECRYPT_FAILED"
  | "ACCOUNT_MISMATCH"
  | "UNTRUSTED_KEY_URL"
  | "REPLAYED";

/** What was wrong with a call to this library. */
export type UsageCode =
  | "INVALID_OPTION"
  | "INVALID_URL"
  | "INVALID_SECRET"
  | "INVALID_HEADER"
  | "INVALID_EVENT"
  | "INVALID_PAYLOAD"
  | "PAYLOAD_TOO_LARGE"
  | "BLOCKED_ADDRESS"
  | "UNSUPPORTED_ALGORITHM"
  | "INVALID_KEY"
  | "NOT_FOUND"
  | "STORE_FAILED"
  | "CLOSED";

export type WebhookErrorCode = UsageCode | VerificationCode;

/** Every error that this package throws. The message never holds a secret, a signature or a body. */
export class WebhookError extends Error {
  override readonly name: string = "WebhookError";
  readonly code: WebhookErrorCode;

  constructor(code: WebhookErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/**
 * The HTTP status that answers each refusal: 401 for what could be a forgery, 400 for what is no webhook at all,
 * 5xx for what the receiver's own operator has to mend, so that the platform tries again.
 */
const STATUS: Readonly<Record<VerificationCode, number>> = {
  CONFIG: 500,
  MISSING_HEADER: 401,
  MISSING_SIGNATURE: 401,
  MALFORMED_SIGNATURE: 401,
  MALFORMED_PAYLOAD: 400,
  SIGNATURE_MISMATCH: 401,
  TIMESTAMP_EXPIRED: 401,
  TIMESTAMP_IN_FUTURE: 401,
  UNKNOWN_KEY: 401,
  UNSUPPORTED_ALGORITHM: 401,
  SIGNATURE_PROBE: 401,
  DECRYPT_FAILED: 500,
  ACCOUNT_MISMATCH: 403,
  UNTRUSTED_KEY_URL: 401,
  REPLAYED: 409,
};

/** Whether a value, such as one from a custom provider, is one of the codes. */
export function isVerificationCode(value: unknown): value is VerificationCode {
  return typeof value === "string" && Object.hasOwn(STATUS, value);
}

/** The HTTP status that answers a request which was refused with this code. */
export function statusOfVerificationCode(code: VerificationCode): number {
  return STATUS[code];
}

/** Thrown by `verifyAndConvert` and `verifyRequest` for a request that is not to be believed. */
export class WebhookVerificationError extends WebhookError {
  override readonly name = "WebhookVerificationError";
  declare readonly code: VerificationCode;
  readonly provider: string;
  readonly reason: string;
  /** The HTTP status to answer with. */
  readonly status: number;

  constructor(
    refusal: { code: VerificationCode; provider: string; reason: string },
    options?: { cause?: unknown },
  ) {
    super(refusal.code, `Webhook verification failed: ${refusal.reason}`, options);
    this.provider = refusal.provider;
    this.reason = refusal.reason;
    this.status = STATUS[refusal.code];
  }
}
