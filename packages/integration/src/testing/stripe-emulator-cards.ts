/** What a test payment method does when it is charged. */
export interface TestMethod {
  /** Asks the customer to authenticate, unless the payment is off-session: then it is declined. */
  readonly authenticates?: true;
  /** Declines, after the authentication if there is one. */
  readonly decline?: { readonly code: string; readonly declineCode?: string };
  /** Takes its time, as bank debits do. */
  readonly processes?: true;
  /** What becomes of its refunds, at first. */
  readonly refund?: "pending" | "fails";
}

const declined = (declineCode: string): TestMethod => ({
  decline: { code: "card_declined", declineCode },
});
const refused = (code: string): TestMethod => ({ decline: { code, declineCode: code } });

/** Source: https://docs.stripe.com/testing */
const METHODS: ReadonlyMap<string, TestMethod> = new Map(
  Object.entries<TestMethod>({
    pm_card_visa: {},
    pm_card_mastercard: {},
    pm_card_amex: {},
    pm_card_visa_chargeDeclined: declined("generic_decline"),
    pm_card_visa_chargeDeclinedInsufficientFunds: declined("insufficient_funds"),
    pm_card_visa_chargeDeclinedLostCard: declined("lost_card"),
    pm_card_visa_chargeDeclinedStolenCard: declined("stolen_card"),
    pm_card_chargeDeclinedExpiredCard: refused("expired_card"),
    pm_card_chargeDeclinedIncorrectCvc: refused("incorrect_cvc"),
    pm_card_chargeDeclinedProcessingError: refused("processing_error"),
    pm_card_threeDSecure2Required: { authenticates: true },
    pm_card_authenticationRequired: { authenticates: true },
    pm_card_authenticationRequiredChargeDeclinedInsufficientFunds: {
      authenticates: true,
      ...declined("insufficient_funds"),
    },
    pm_card_pendingRefund: { refund: "pending" },
    pm_card_refundFail: { refund: "fails" },
    pm_usBankAccount_success: { processes: true },
  }),
);

/** The behaviour behind an id; nothing for an id that Stripe does not have in test mode. */
export function testMethod(id: string): TestMethod | undefined {
  return METHODS.get(id);
}

/** The test payment methods that the emulator knows. */
export const stripeTestMethods: readonly string[] = [...METHODS.keys()];
