/** What was wrong: a mistake in the calling code or its settings. What a vendor or a card did is a result, never this. */
export type PaymentUsageCode =
  | "INVALID_OPTION"
  | "INVALID_MONEY"
  | "UNKNOWN_CURRENCY"
  | "UNSUPPORTED_MONEY"
  | "LIVE_KEY_REFUSED"
  | "SDK_MISSING"
  | "SDK_TOO_OLD"
  | "STORE_CONFLICT"
  | "STORE_UNUSABLE";

/** Every error that the payment modules throw. The message never holds a key, a card or a body. */
export class PaymentUsageError extends Error {
  override readonly name = "PaymentUsageError";
  readonly code: PaymentUsageCode;

  constructor(code: PaymentUsageCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
