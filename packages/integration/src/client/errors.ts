/** What went wrong with a call to a vendor, or with the options of a client. */
export type IntegrationErrorCode =
  /** No answer came: the connection was refused, reset or cut, or the name was not found. */
  | "NETWORK_ERROR"
  /** An attempt, or the call as a whole, took longer than it may. */
  | "TIMEOUT"
  /** The caller's signal, or `close`, ended the call. */
  | "ABORTED"
  /** The vendor said 429, or asked for a wait that is longer than the call may last. */
  | "RATE_LIMITED"
  /** The vendor's last answer left no calls; nothing was sent. Only with `quota.pause`. */
  | "QUOTA_EXHAUSTED"
  /** Too many calls failed lately; nothing was sent. */
  | "CIRCUIT_OPEN"
  /** Any other status that is no success. */
  | "HTTP_ERROR"
  /** 401 or 403, or the auth function failed. */
  | "AUTH_ERROR"
  /** The vendor's success could not be read: no valid JSON, or pages that never end. */
  | "PARSE_ERROR"
  /** The vendor's success did not have the shape of the schema. */
  | "VALIDATION_ERROR"
  /** The body, or the number of pages, passed its limit. */
  | "RESPONSE_TOO_LARGE"
  /** The vendor answered with a redirect that is not followed. */
  | "REDIRECT_BLOCKED"
  /** The operator's mistake: an option, a path, a header or a body that cannot be sent. */
  | "CONFIG_ERROR";

/**
 * Whether the vendor may have acted, over all attempts of a call.
 * - `not_sent`: no attempt reached the vendor.
 * - `rejected`: the vendor answered that it did not do it.
 * - `unknown`: it may have. Do not start the operation anew before you have asked the vendor.
 */
export type Outcome = "not_sent" | "rejected" | "unknown";

export interface IntegrationErrorParts {
  readonly code: IntegrationErrorCode;
  /** Must hold nothing that came from the vendor or from the caller. */
  readonly message: string;
  readonly outcome: Outcome;
  readonly integration?: string | undefined;
  readonly status?: number | undefined;
  readonly data?: unknown;
  readonly vendorCode?: string | undefined;
  readonly requestId?: string | undefined;
  /** Default 0. */
  readonly attempts?: number | undefined;
  /** Default false. */
  readonly retryable?: boolean | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly reason?: string | undefined;
}

/**
 * The one error of this package: the `error` of a failed result, what an attempt fetch rejects with, and (as
 * CONFIG_ERROR) what a factory throws. Neither its message nor its enumerable properties hold what the vendor or the
 * caller sent, so it can be logged whole.
 */
export class IntegrationError extends Error {
  override readonly name = "IntegrationError";
  readonly code: IntegrationErrorCode;
  /** Whether the vendor may have acted. */
  readonly outcome: Outcome;
  /** How many requests were made; 0 where nothing was sent. */
  readonly attempts: number;
  /** Whether the same call may succeed later. It does not say that a repeat is harmless: see `outcome`. */
  readonly retryable: boolean;
  /** The name of the integration. */
  declare readonly integration?: string;
  /** The HTTP status of the last answer. */
  declare readonly status?: number;
  /** The vendor's own code for the error, where its body names one. */
  declare readonly vendorCode?: string;
  /** The vendor's id of the request, for its support. */
  declare readonly requestId?: string;
  /** Milliseconds that the vendor, or the open circuit, asks to wait. */
  declare readonly retryAfterMs?: number;
  /** The runtime's code of a network error, such as ECONNRESET. */
  declare readonly reason?: string;
  /**
   * The body of the vendor's answer, parsed where it is JSON. It may hold anything, so it is not enumerable: neither
   * `JSON.stringify` nor `util.inspect` shows it.
   */
  declare readonly data?: unknown;

  constructor(parts: IntegrationErrorParts) {
    super(parts.message);
    this.code = parts.code;
    this.outcome = parts.outcome;
    this.attempts = parts.attempts ?? 0;
    this.retryable = parts.retryable ?? false;
    if (parts.integration !== undefined) this.integration = parts.integration;
    if (parts.status !== undefined) this.status = parts.status;
    if (parts.vendorCode !== undefined) this.vendorCode = parts.vendorCode;
    if (parts.requestId !== undefined) this.requestId = parts.requestId;
    if (parts.retryAfterMs !== undefined) this.retryAfterMs = parts.retryAfterMs;
    if (parts.reason !== undefined) this.reason = parts.reason;
    Object.defineProperty(this, "data", { value: parts.data, enumerable: false });
  }

  /** With the message, which `JSON.stringify` leaves out of other errors, and without `data`. */
  toJSON(): Record<string, unknown> {
    // Its enumerable properties, to which the message does not belong.
    return { ...Object.fromEntries(Object.entries(this)), message: this.message };
  }
}

/** The same error with some of its parts replaced. */
export function withParts(
  error: IntegrationError,
  parts: Partial<IntegrationErrorParts>,
): IntegrationError {
  const { code, message, outcome, integration, status, data, vendorCode, requestId } = error;
  const { attempts, retryable, retryAfterMs, reason } = error;
  return new IntegrationError({
    code,
    message,
    outcome,
    integration,
    status,
    data,
    vendorCode,
    requestId,
    attempts,
    retryable,
    retryAfterMs,
    reason,
    ...parts,
  });
}

/** The operator's mistake. The text names what was wrong and what to do, never the value of a secret. */
export function configError(message: string, integration?: string): IntegrationError {
  return new IntegrationError({ code: "CONFIG_ERROR", message, outcome: "not_sent", integration });
}
