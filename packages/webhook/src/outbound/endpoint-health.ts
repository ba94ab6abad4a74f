import type { EndpointState } from "../store/delivery-store.ts";
import { checkInteger } from "./retry-policy.ts";

export interface HealthOptions {
  /**
   * Disables an endpoint after so long without a success, in ms; `false` never does. Default 432,000,000 (5 days).
   */
  readonly disableAfterMs?: number | false;
  /** And after so many failed attempts at least. 1 or more, default 10. */
  readonly minFailures?: number;
}

export interface HealthPolicy {
  readonly disableAfterMs: number;
  readonly minFailures: number;
}

const DAY_MS = 86_400_000;

export const HEALTHY: EndpointState = Object.freeze({ status: "ok", failures: 0 });

/** Checks the options and fills in the defaults. */
export function createHealthPolicy(options: HealthOptions): HealthPolicy {
  const { disableAfterMs = 5 * DAY_MS } = options;
  return {
    disableAfterMs:
      disableAfterMs === false
        ? Number.POSITIVE_INFINITY
        : checkInteger("endpointHealth.disableAfterMs", disableAfterMs, 0),
    minFailures: checkInteger("endpointHealth.minFailures", options.minFailures ?? 10, 1),
  };
}

/** Any success ends the streak. An endpoint that was paused or disabled meanwhile stays so. */
export function afterSuccess(state: EndpointState): EndpointState {
  if (state.status === "paused" || state.status === "disabled") return state;
  return state.status === "ok" && state.failures === 0 && state.quietUntil === undefined
    ? state
    : HEALTHY;
}

/** The streak grows; sustained failure, or the endpoint's own word that it is gone, disables it. */
export function afterFailure(
  state: EndpointState,
  policy: HealthPolicy,
  now: number,
  failure: { readonly isGone: boolean; readonly quietUntil?: number },
): EndpointState {
  const failures = state.failures + 1;
  const failingSince = state.failingSince ?? now;
  const quietUntil = failure.quietUntil ?? state.quietUntil;
  const streak = {
    failures,
    failingSince,
    ...(quietUntil !== undefined && quietUntil > now ? { quietUntil } : {}),
  };
  if (state.status === "paused" || state.status === "disabled") {
    return {
      ...streak,
      status: state.status,
      ...(state.reason === undefined ? {} : { reason: state.reason }),
    };
  }
  if (failure.isGone) {
    return { ...streak, status: "disabled", reason: "the endpoint answered 410 Gone" };
  }
  if (failures >= policy.minFailures && now - failingSince >= policy.disableAfterMs) {
    return {
      ...streak,
      status: "disabled",
      reason: `no success since ${new Date(failingSince).toISOString()} in ${failures} attempts`,
    };
  }
  return { ...streak, status: "failing" };
}
