import { channel } from "node:diagnostics_channel";
import type { AttemptRecord, EndpointState } from "../store/delivery-store.ts";
import type { WebhookDelivery } from "./views.ts";

/** An attempt has been made. */
export interface AttemptMoment {
  readonly delivery: WebhookDelivery;
  readonly attempt: AttemptRecord;
}

/** An endpoint's state has changed. */
export interface EndpointMoment {
  readonly subscriptionId: string;
  readonly endpoint: EndpointState;
}

/** Something failed that no call is there to report to; the work goes on. */
export interface ErrorMoment {
  readonly error: unknown;
}

interface Moments {
  readonly attempt: AttemptMoment;
  readonly delivered: AttemptMoment;
  readonly failed: AttemptMoment;
  readonly dead: AttemptMoment;
  readonly endpointFailing: EndpointMoment;
  readonly endpointDisabled: EndpointMoment;
  readonly endpointRecovered: EndpointMoment;
  readonly error: ErrorMoment;
}

/**
 * Functions that are called at each moment. A hook that throws or rejects changes nothing. The same moments are
 * published on `node:diagnostics_channel` as `ventostack:webhook:attempt`, `…:delivered`, `…:failed`, `…:dead`,
 * `…:endpointFailing`, `…:endpointDisabled`, `…:endpointRecovered` and `…:error`.
 */
export interface OutboundHooks {
  /** After each attempt, before the hook of what came of it. */
  readonly onAttempt?: (moment: AttemptMoment) => unknown;
  /** The endpoint answered 2xx. */
  readonly onDelivered?: (moment: AttemptMoment) => unknown;
  /** The attempt failed and there will be another. */
  readonly onFailed?: (moment: AttemptMoment) => unknown;
  /** The delivery was given up. */
  readonly onDead?: (moment: AttemptMoment) => unknown;
  /** The endpoint's first failure after a success. */
  readonly onEndpointFailing?: (moment: EndpointMoment) => unknown;
  /** The endpoint was disabled: by sustained failure, by its answering 410, or by hand. */
  readonly onEndpointDisabled?: (moment: EndpointMoment) => unknown;
  /** The endpoint's first success after failures, or it was enabled again. */
  readonly onEndpointRecovered?: (moment: EndpointMoment) => unknown;
  /** The store or another part failed; it is tried again. */
  readonly onError?: (moment: ErrorMoment) => unknown;
}

/** Tells hooks and channels of a moment. */
export interface Announce {
  <M extends keyof Moments>(moment: M, data: () => Moments[M]): void;
  /** Whether anybody would hear of it, for callers to whom even the asking costs too much. */
  isHeard(moment: keyof Moments): boolean;
}

const CHANNELS = {
  attempt: channel("ventostack:webhook:attempt"),
  delivered: channel("ventostack:webhook:delivered"),
  failed: channel("ventostack:webhook:failed"),
  dead: channel("ventostack:webhook:dead"),
  endpointFailing: channel("ventostack:webhook:endpointFailing"),
  endpointDisabled: channel("ventostack:webhook:endpointDisabled"),
  endpointRecovered: channel("ventostack:webhook:endpointRecovered"),
  error: channel("ventostack:webhook:error"),
};

export function createAnnounce(hooks: OutboundHooks): Announce {
  const functions = {
    attempt: hooks.onAttempt,
    delivered: hooks.onDelivered,
    failed: hooks.onFailed,
    dead: hooks.onDead,
    endpointFailing: hooks.onEndpointFailing,
    endpointDisabled: hooks.onEndpointDisabled,
    endpointRecovered: hooks.onEndpointRecovered,
    error: hooks.onError,
  };
  const isHeard = (moment: keyof Moments): boolean =>
    functions[moment] !== undefined || CHANNELS[moment].hasSubscribers;
  const announce = <M extends keyof Moments>(moment: M, data: () => Moments[M]): void => {
    // The type of each function follows from its moment, which the compiler cannot see through the union.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as said above
    const hook = functions[moment] as ((data: unknown) => unknown) | undefined;
    const { hasSubscribers } = CHANNELS[moment];
    if (!hook && !hasSubscribers) return;
    const value = data();
    if (hasSubscribers) CHANNELS[moment].publish(value);
    try {
      const returned = hook?.(value);
      if (returned instanceof Promise) returned.catch(() => {});
    } catch {
      // A hook watches; it must not be able to change what is watched.
    }
  };
  return Object.assign(announce, { isHeard });
}
