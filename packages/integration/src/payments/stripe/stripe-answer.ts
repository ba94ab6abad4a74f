import { IntegrationError } from "../../client/errors.ts";
import type { PaymentFailure, PaymentFailureCode } from "../failure.ts";
import type { ProviderAnswer } from "../provider.ts";
import { codeOf, declineOf, isObject } from "./objects.ts";

/**
 * Runs a call of the SDK and turns what it throws into an answer.
 * @throws whatever is neither Stripe's nor the network's doing
 */
export async function answerOf<D>(call: () => Promise<D>): Promise<ProviderAnswer<D>> {
  try {
    return { success: true, data: await call() };
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    return { success: false, error: failure };
  }
}

/** The object that an error is about, such as the PaymentIntent that a card was declined for. */
export function subjectOf(error: unknown, name: "payment_intent"): unknown {
  const raw = isObject(error) ? error["raw"] : undefined;
  return isObject(raw) ? raw[name] : undefined;
}

/** What one of the SDK's errors means; nothing for any other error. */
export function failureOf(error: unknown): PaymentFailure | undefined {
  if (error instanceof IntegrationError) return ofClient(error);
  if (!isObject(error) || !(error instanceof Error)) return undefined;
  // Our fetch rejects with an IntegrationError, which the SDK keeps as the detail of its own.
  const { detail, type } = error;
  if (detail instanceof IntegrationError) return ofClient(detail);
  if (typeof type !== "string" || !type.startsWith("Stripe")) return undefined;
  const status = typeof error["statusCode"] === "number" ? error["statusCode"] : undefined;
  // A success that is no JSON, for one: Stripe has acted, and its answer is lost.
  if (status === undefined) {
    return {
      code: type === "StripeConnectionError" ? "NETWORK_ERROR" : "PARSE_ERROR",
      message: "The answer of Stripe was lost",
      outcome: "unknown",
      retryable: true,
      ...requestIdOf(error),
    };
  }
  return ofStatus(status, error);
}

function ofClient(error: IntegrationError): PaymentFailure {
  const { code, message, outcome, retryable, status, vendorCode, requestId, retryAfterMs } = error;
  return {
    code,
    message,
    outcome,
    retryable,
    ...(status !== undefined && { status }),
    ...(vendorCode !== undefined && { vendorCode }),
    ...(requestId !== undefined && { requestId }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

function ofStatus(status: number, error: Readonly<Record<string, unknown>>): PaymentFailure {
  const code = codeOf(error["code"]);
  const about = { status, ...requestIdOf(error) };
  if (status === 402) {
    return { ...declineOf({ code, declineCode: codeOf(error["decline_code"]) }), ...about };
  }
  const vendorCode = code ?? codeOf(error["rawType"]);
  const param = codeOf(error["param"]);
  const [failureCode, message] = meaningOf(status, error["rawType"]);
  return {
    code: failureCode,
    message: param === undefined ? message : `${message} (parameter ${param})`,
    // 409: another request with the key is being executed at this moment.
    outcome: status >= 500 || status === 409 ? "unknown" : "rejected",
    retryable: status >= 500 || status === 409 || status === 429,
    ...about,
    ...(vendorCode !== undefined && { vendorCode }),
  };
}

function meaningOf(status: number, type: unknown): readonly [PaymentFailureCode, string] {
  if (type === "idempotency_error" && status !== 409) {
    return [
      "IDEMPOTENCY_CONFLICT",
      "Stripe knows the idempotency key with other parameters: another system uses the same operation ids",
    ];
  }
  if (status === 429) return ["RATE_LIMITED", "Stripe takes no more requests for now"];
  if (status === 401 || status === 403) {
    return ["AUTH_ERROR", "Stripe does not accept the API key for this call"];
  }
  return ["HTTP_ERROR", `Stripe answered with status ${status}`];
}

function requestIdOf(error: Readonly<Record<string, unknown>>): { requestId?: string } {
  const requestId = codeOf(error["requestId"]);
  return requestId === undefined ? {} : { requestId };
}
