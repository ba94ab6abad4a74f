import type Stripe from "stripe";
import { PaymentUsageError } from "../errors.ts";

/** What `import("stripe")` resolves to. */
export interface StripeModule {
  readonly default: typeof Stripe;
}

const OLDEST_MAJOR = 23;

/**
 * Loads Stripe's SDK, which is an optional peer: whoever does not pay by Stripe does not install it.
 * @throws PaymentUsageError `SDK_MISSING` or `SDK_TOO_OLD`
 */
export async function loadStripe(
  load: () => Promise<StripeModule> = () => import("stripe"),
): Promise<typeof Stripe> {
  let loaded: StripeModule;
  try {
    loaded = await load();
  } catch (cause) {
    throw new PaymentUsageError(
      "SDK_MISSING",
      'Payments by Stripe need its SDK, which could not be loaded: add the package "stripe", version 23 or later ' +
        "(bun add stripe, npm install stripe)",
      { cause },
    );
  }
  const { PACKAGE_VERSION: version } = loaded.default;
  if (!(Number.parseInt(version, 10) >= OLDEST_MAJOR)) {
    throw new PaymentUsageError(
      "SDK_TOO_OLD",
      `The package "stripe" has to be version ${OLDEST_MAJOR} or later, not ${version}`,
    );
  }
  return loaded.default;
}
