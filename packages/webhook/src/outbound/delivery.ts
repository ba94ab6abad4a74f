import type { AttemptRecord, EndpointState, Settlement } from "../store/delivery-store.ts";
import type { StoredDelivery } from "../store/delivery-store.ts";
import { afterFailure, afterSuccess } from "./endpoint-health.ts";
import type { HealthPolicy } from "./endpoint-health.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import { retryDelay } from "./retry-policy.ts";

/** What an attempt came to, as far as the delivery's fate depends on it. */
export interface AttemptResult {
  readonly record: AttemptRecord;
  /** `Retry-After` of the answer, in ms from its arrival. */
  readonly retryAfterMs?: number;
}

export interface DeliveryRules {
  readonly retry: RetryPolicy;
  readonly health: HealthPolicy;
}

const GONE = 410;
/** Answers that speak of the whole endpoint, not of this delivery. */
const BUSY: ReadonlySet<number> = new Set([429, 503]);

/**
 * What becomes of a delivery after an attempt; the whole of its state machine.
 * `pending`/`failed` → `sent` on 2xx, `failed` while attempts are left, else `dead`. A 410 disables the endpoint, which
 * holds the delivery with its remaining attempts.
 * @param now when the attempt ended
 * @param random from 0 up to 1
 */
export function settlementOf(
  claimed: { readonly delivery: StoredDelivery; readonly token: number },
  endpoint: EndpointState,
  result: AttemptResult,
  rules: DeliveryRules,
  now: number,
  random: number,
): Settlement {
  const { delivery, token } = claimed;
  const { record } = result;
  if (record.errorClass === undefined) {
    const healthy = afterSuccess(endpoint);
    const sent = {
      deliveryId: delivery.id,
      token,
      at: now,
      attempt: record,
      result: "sent",
    } as const;
    return healthy === endpoint ? sent : { ...sent, endpoint: healthy };
  }

  const base = { deliveryId: delivery.id, token, at: now, attempt: record };
  const { status, error = "the attempt failed" } = record;
  const retryAfterMs =
    result.retryAfterMs === undefined
      ? undefined
      : Math.min(result.retryAfterMs, rules.retry.maxRetryAfter);
  const next = afterFailure(endpoint, rules.health, now, {
    isGone: status === GONE,
    ...(retryAfterMs !== undefined && status !== undefined && BUSY.has(status)
      ? { quietUntil: now + retryAfterMs }
      : {}),
  });
  const attempts = delivery.attempts + 1;
  const canRetry =
    attempts < delivery.maxAttempts &&
    rules.retry.retryIf({
      ...(status === undefined ? {} : { status }),
      errorClass: record.errorClass,
      attempts,
      event: delivery.message.type,
      subscriptionId: delivery.subscriptionId,
    });
  if (!canRetry) return { ...base, result: "dead", error, endpoint: next };
  return {
    ...base,
    result: "failed",
    error,
    dueAt: now + retryDelay(rules.retry, attempts - 1, random, retryAfterMs),
    endpoint: next,
  };
}
