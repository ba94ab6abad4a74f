import { PaymentUsageError } from "../errors.ts";

/** Whether money is real. */
export type StripeMode = "sandbox" | "live";

/** Secret, restricted and organisation keys. The rest of a key is not looked at, and never shown. */
const KEY = /^(?:sk|rk|sk_org)_(test|live)_[\w-]+$/;

/**
 * Refuses a key that does not fit the mode: real money in a test, or toy money in production.
 * Source: https://docs.stripe.com/keys
 * @param nodeEnv `NODE_ENV`: under `test` no live key is taken, whatever the mode
 * @throws PaymentUsageError `LIVE_KEY_REFUSED` or `INVALID_OPTION`; the text does not repeat the key
 */
export function checkApiKey(apiKey: string, mode: StripeMode, nodeEnv: string | undefined): void {
  if (mode !== "sandbox" && mode !== "live") {
    throw new PaymentUsageError("INVALID_OPTION", 'mode has to be "sandbox" or "live"');
  }
  const kind = typeof apiKey === "string" ? KEY.exec(apiKey)?.[1] : undefined;
  if (kind === undefined) {
    throw new PaymentUsageError(
      "INVALID_OPTION",
      "apiKey has to be a secret or restricted key of Stripe's (sk_test_…, rk_test_…), without spaces or line ends",
    );
  }
  if (kind === "live" && nodeEnv === "test") {
    throw new PaymentUsageError(
      "LIVE_KEY_REFUSED",
      "A live key is not taken while NODE_ENV is test",
    );
  }
  if (kind === "live" && mode === "sandbox") {
    throw new PaymentUsageError(
      "LIVE_KEY_REFUSED",
      'A live key moves real money: it is taken with mode "live" only, and the mode is "sandbox"',
    );
  }
  if (kind === "test" && mode === "live") {
    throw new PaymentUsageError(
      "INVALID_OPTION",
      'A test key moves no money: with mode "live" a live key is needed',
    );
  }
}
