import type { DeclineReason } from "../failure.ts";

/** Source: https://docs.stripe.com/declines/codes and https://docs.stripe.com/error-codes */
const BY_REASON: Readonly<Partial<Record<DeclineReason, string>>> = {
  insufficient_funds: "insufficient_funds",
  expired_card: "expired_card",
  incorrect_details: `incorrect_address incorrect_cvc incorrect_number incorrect_pin incorrect_zip invalid_account
    invalid_cvc invalid_expiry_month invalid_expiry_year invalid_number invalid_pin`,
  authentication_required: `authentication_not_handled authentication_required online_or_offline_pin_required
    offline_pin_required payment_intent_authentication_failure mobile_device_authentication_required`,
  card_not_supported: "card_not_supported currency_not_supported not_permitted",
  limit_exceeded: "card_velocity_exceeded pin_try_exceeded withdrawal_count_limit_exceeded",
  processing_error:
    "approve_with_id issuer_not_available processing_error reenter_transaction try_again_later",
};

const REASONS: ReadonlyMap<string, DeclineReason> = new Map(
  Object.entries(BY_REASON).flatMap(([reason, codes]) =>
    // The keys are those of the record above.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    codes.split(/\s+/).map((code): [string, DeclineReason] => [code, reason as DeclineReason]),
  ),
);

/**
 * The neutral reason of a decline.
 * @param codes the decline code first, then the error code
 */
export function declineReason(...codes: readonly (string | undefined)[]): DeclineReason {
  for (const code of codes) {
    const reason = code === undefined ? undefined : REASONS.get(code);
    if (reason) return reason;
  }
  return "declined";
}
