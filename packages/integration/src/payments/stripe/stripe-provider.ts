import type Stripe from "stripe";
import type { EngineOptions } from "../../client/engine.ts";
import { createRetryFetch } from "../../client/retry-fetch.ts";
import { PaymentUsageError } from "../errors.ts";
import { refusal } from "../failure.ts";
import type { ProviderAnswer, ProviderPayment } from "../provider.ts";
import type { StripeMode } from "./api-key.ts";
import { checkApiKey } from "./api-key.ts";
import { METADATA, readPaymentIntent, readRefund } from "./objects.ts";
import type { StripeModule } from "./sdk.ts";
import { loadStripe } from "./sdk.ts";
import { answerOf, failureOf, subjectOf } from "./stripe-answer.ts";
import { readStripeEvent } from "./stripe-event.ts";
import type { StripePaymentProvider, StripeTypes } from "./types.ts";
import { toStripeAmount } from "./wire-amount.ts";

export interface StripePaymentProviderOptions {
  /** A secret or restricted key, from the environment. */
  readonly apiKey: string;
  /** Default `sandbox`, which refuses live keys; `live` refuses test keys. */
  readonly mode?: StripeMode;
  /** The connected account that the calls are for. */
  readonly stripeAccount?: string;
  /**
   * Time-outs, retries, circuit breaker, throttle, quota, log and hooks of the calls, with the defaults of
   * `createIntegrationClient`; 409 is among the retried statuses.
   */
  readonly client?: Omit<EngineOptions, "name">;
  /** Another place than Stripe's API, such as an emulator. http is taken for loopback only. */
  readonly baseUrl?: string | URL;
  /** Loads the SDK; default `() => import("stripe")`. For bundlers that want to see the import in your code. */
  readonly sdk?: () => Promise<StripeModule>;
}

/**
 * Source: https://docs.stripe.com/api/idempotent_requests
 * Keys live for at least 24 hours.
 */
const KEY_LIFETIME_MS = 24 * 3_600_000;

/** 409: a request with the same key is being executed. */
const RETRIED = [408, 409, 425, 429, 500, 502, 503, 504];

/** The list is by time, and a machine's clock may be off by some minutes. */
const CLOCK_SLACK_S = 3600;
const PAGE = 100;
/** Of one customer since a payment was announced, or of one payment's refunds. */
const MOST_LISTED = 1000;

/**
 * Payments by Stripe, through its SDK (an optional peer, loaded at the first use) over our own connections: the SDK's
 * retries are off, ours are on.
 * @throws PaymentUsageError `LIVE_KEY_REFUSED` or `INVALID_OPTION`; IntegrationError `CONFIG_ERROR` for `client`
 */
export function createStripePaymentProvider(
  options: StripePaymentProviderOptions,
): StripePaymentProvider {
  const { apiKey, mode = "sandbox", stripeAccount, client = {}, sdk } = options;
  checkApiKey(apiKey, mode, process.env["NODE_ENV"]);
  const address = addressOf(options.baseUrl);
  const retry = client.retry === false ? false : { statuses: RETRIED, ...client.retry };
  const fetch = createRetryFetch({ ...client, retry, name: "stripe" });
  // Ours end first; the SDK's would end a call without a word about what became of it.
  const timeout = (client.timeouts?.totalMs ?? 60_000) + 10_000;

  let loading: Promise<Stripe> | undefined;
  const load = async (): Promise<Stripe> => {
    const Sdk = await loadStripe(sdk);
    return new Sdk(apiKey, {
      httpClient: Sdk.createFetchHttpClient(fetch),
      maxNetworkRetries: 0,
      telemetry: false,
      timeout,
      ...(stripeAccount !== undefined && { stripeAccount }),
      ...address,
    });
  };
  const native = (): Promise<Stripe> => {
    loading ??= load().catch((error: unknown) => {
      // The package may be there at the next call.
      loading = undefined;
      throw error;
    });
    return loading;
  };

  type Intent = ProviderPayment<StripeTypes>;

  const intentOf = async (
    call: (stripe: Stripe) => Promise<Stripe.PaymentIntent>,
  ): Promise<ProviderAnswer<Intent>> => {
    const stripe = await native();
    const answer = await answerOf(() => call(stripe).catch(declined));
    return answer.success ? readable(readPaymentIntent(answer.data)) : answer;
  };

  return {
    id: "stripe",
    capabilities: { manualCapture: true, partialRefund: true, customerActions: true },
    idempotencyKeyLifetimeMs: KEY_LIFETIME_MS,
    native,
    async prepare() {
      await native();
    },
    refuseMoney(money) {
      try {
        toStripeAmount(money);
        return undefined;
      } catch (error) {
        if (!(error instanceof PaymentUsageError)) throw error;
        return refusal("INVALID_AMOUNT", error.message);
      }
    },
    async createCustomer({ userId, idempotencyKey }) {
      const stripe = await native();
      return answerOf(() =>
        stripe.customers.create({ metadata: { [METADATA.user]: userId } }, { idempotencyKey }),
      );
    },
    async findCustomer(userId) {
      const stripe = await native();
      return answerOf(async () => {
        const value = userId.replaceAll(/["\\]/g, String.raw`\$&`);
        const query = `metadata["${METADATA.user}"]:"${value}"`;
        const { data } = await stripe.customers.search({ query, limit: PAGE });
        // The search ignores case and knows words; a user is nobody else.
        return data.find(({ metadata }) => metadata[METADATA.user] === userId);
      });
    },
    createPayment(request) {
      const { providerOptions, idempotencyKey } = request;
      const { amount, currency } = toStripeAmount(request.money);
      return intentOf((stripe) =>
        stripe.paymentIntents.create(
          {
            ...methodDefaults(providerOptions),
            ...providerOptions,
            amount,
            currency,
            customer: request.customerId,
            payment_method: request.paymentMethodId,
            confirm: true,
            ...(request.capture === "manual" && { capture_method: "manual" }),
            metadata: {
              ...ownMetadata(providerOptions?.metadata),
              [METADATA.payment]: request.paymentId,
              [METADATA.operation]: request.operationId,
            },
          },
          { idempotencyKey },
        ),
      );
    },
    getPayment: (id) => intentOf((stripe) => stripe.paymentIntents.retrieve(id)),
    async findPayment({ paymentId, customerId, since }) {
      const stripe = await native();
      const created = { gte: Math.max(0, Math.floor(since / 1000) - CLOCK_SLACK_S) };
      const list = stripe.paymentIntents.list({ customer: customerId, created, limit: PAGE });
      const found = await search(list, ({ metadata }) => metadata[METADATA.payment] === paymentId);
      if (!found.success || found.data === undefined) return found.success ? none() : found;
      return readable(readPaymentIntent(found.data));
    },
    capturePayment({ idempotencyKey, providerPaymentId, money }) {
      const { amount } = toStripeAmount(money);
      return intentOf((stripe) =>
        stripe.paymentIntents.capture(
          providerPaymentId,
          { amount_to_capture: amount },
          { idempotencyKey },
        ),
      );
    },
    cancelPayment: ({ idempotencyKey, providerPaymentId }) =>
      intentOf((stripe) => stripe.paymentIntents.cancel(providerPaymentId, {}, { idempotencyKey })),
    async createRefund(request) {
      const { providerOptions, idempotencyKey } = request;
      const { amount } = toStripeAmount(request.money);
      const stripe = await native();
      const answer = await answerOf(() =>
        stripe.refunds.create(
          {
            ...providerOptions,
            payment_intent: request.providerPaymentId,
            amount,
            metadata: {
              ...ownMetadata(providerOptions?.metadata),
              [METADATA.payment]: request.paymentId,
              [METADATA.operation]: request.operationId,
              [METADATA.refund]: request.refundId,
            },
          },
          { idempotencyKey },
        ),
      );
      return answer.success ? readable(readRefund(answer.data)) : answer;
    },
    async findRefund({ providerPaymentId, refundId }) {
      const stripe = await native();
      const list = stripe.refunds.list({ payment_intent: providerPaymentId, limit: PAGE });
      const found = await search(list, ({ metadata }) => metadata?.[METADATA.refund] === refundId);
      if (!found.success || found.data === undefined) return found.success ? none() : found;
      return readable(readRefund(found.data));
    },
    readEvent: (event) => readStripeEvent(event, mode),
  };
}

/** A declined card is thrown with the PaymentIntent that it was declined for, which is an answer like any other. */
function declined(error: unknown): Stripe.PaymentIntent {
  const intent = subjectOf(error, "payment_intent");
  const isDecline = failureOf(error)?.code === "CARD_DECLINED";
  if (!isDecline || readPaymentIntent(intent)?.status !== "failed") throw error;
  // Read as one on the line above.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return intent as Stripe.PaymentIntent;
}

function readable<D>(data: D | undefined): ProviderAnswer<D> {
  if (data !== undefined) return { success: true, data };
  return {
    success: false,
    error: {
      code: "PARSE_ERROR",
      message: "Stripe answered with something else than was asked for",
      outcome: "unknown",
      retryable: false,
    },
  };
}

function none(): { readonly success: true; readonly data: undefined } {
  return { success: true, data: undefined };
}

async function search<D>(
  list: AsyncIterable<D>,
  isWanted: (item: D) => boolean,
): Promise<ProviderAnswer<D | undefined>> {
  const answer = await answerOf(async () => {
    let seen = 0;
    for await (const item of list) {
      seen += 1;
      if (isWanted(item)) return { item };
      if (seen >= MOST_LISTED) return { isCut: true };
    }
    return {};
  });
  if (!answer.success) return answer;
  if (answer.data.isCut !== true) return { success: true, data: answer.data.item };
  const message = `Not among the first ${MOST_LISTED} objects that Stripe lists`;
  return {
    success: false,
    error: { code: "RESPONSE_TOO_LARGE", message, outcome: "unknown", retryable: false },
  };
}

/** Without a page to come back to, methods that lead the customer away cannot be used. */
function methodDefaults(
  options: StripeTypes["chargeOptions"] | undefined,
): Pick<Stripe.PaymentIntentCreateParams, "automatic_payment_methods"> {
  const isChosen =
    options !== undefined &&
    ("return_url" in options ||
      "automatic_payment_methods" in options ||
      "payment_method_types" in options ||
      "payment_method_configuration" in options);
  return isChosen ? {} : { automatic_payment_methods: { enabled: true, allow_redirects: "never" } };
}

function ownMetadata(metadata: Stripe.Emptyable<Stripe.MetadataParam> | undefined): object {
  return typeof metadata === "object" && metadata !== null ? metadata : {};
}

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])$/;

function addressOf(
  baseUrl: string | URL | undefined,
): Pick<Stripe.StripeConfig, "host" | "port" | "protocol"> {
  if (baseUrl === undefined) return {};
  const url = URL.canParse(String(baseUrl)) ? new URL(baseUrl) : undefined;
  const isSafe =
    url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.test(url.hostname));
  if (!url || !isSafe || url.pathname !== "/" || url.search !== "" || url.username !== "") {
    throw new PaymentUsageError(
      "INVALID_OPTION",
      "baseUrl has to be an https origin, or an http one on loopback, without a path",
    );
  }
  return {
    host: url.hostname,
    protocol: url.protocol === "http:" ? "http" : "https",
    port: url.port || (url.protocol === "http:" ? "80" : "443"),
  };
}
