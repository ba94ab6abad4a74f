import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import { WebhookError } from "../errors.ts";
import type { WebhookEvent } from "../event.ts";
import type { HmacHash } from "../signing/hmac.ts";
import { isHmacHash } from "../signing/hmac.ts";
import type { DeliveryStore, StoreMode } from "../store/delivery-store.ts";
import type { NetworkOptions } from "../transport/network-policy.ts";
import type { FetchLike } from "../transport/fetch-transport.ts";
import type { Transport } from "../transport/transport.ts";
import type { HealthOptions } from "./endpoint-health.ts";
import type { OutboundHooks } from "./hooks.ts";
import { createOrderedIds } from "./ordered-id.ts";
import { checkHeaderName } from "../header-name.ts";
import type { RetryOptions } from "./retry-policy.ts";
import { checkInteger } from "./retry-policy.ts";
import type { WebhookSubscription } from "./views.ts";

/** How long finished deliveries are kept. */
export interface RetentionOptions {
  /**
   * Milliseconds since the last change. Deliveries that are held for longer are given up. Default 86,400,000 (1 day)
   * in memory, 30 days in a durable store.
   */
  readonly maxAgeMs?: number;
  /** Number of finished deliveries. Default 10,000 in memory, no bound in a durable store. */
  readonly maxDeliveries?: number;
}

/** When `send` resolves. */
export type SendWait = "accepted" | "attempted";

export interface OutboundWebhookManagerOptions<
  Mode extends StoreMode = "sync",
> extends RetryOptions {
  /** Longest time of one attempt in ms, from name resolution to the last byte. 1 or more, default 10,000. */
  readonly deliveryTimeout?: number;
  /** The hash of the signature header's HMAC. Default `sha256`. */
  readonly signatureAlgorithm?: Exclude<HmacHash, "sha1">;
  /** Name of the header with `<algorithm>=<hex HMAC of the body>`. Default `X-Webhook-Signature`. */
  readonly signatureHeader?: string;
  /** What is sent: the payload, or the whole event, so that its type and time are signed too. Default `payload`. */
  readonly body?: "payload" | "event";
  /** The `source` of events made by `send`. Default `app`. */
  readonly source?: string;
  /** Default `ventostack-webhook`. */
  readonly userAgent?: string;
  /**
   * When `send` resolves: `accepted`, when the event is stored; `attempted`, when each endpoint's first attempt has
   * settled. Default: `accepted` with a durable store, `attempted` without.
   */
  readonly wait?: SendWait;
  /** Largest payload in bytes. 1 or more, default 262,144 (256 KiB). */
  readonly maxPayloadBytes?: number;
  /** How much of a response body is put on record, in bytes. 0 or more, default 16,384. */
  readonly maxResponseBytes?: number;
  /** Attempts in flight in all. 1 or more, default 128. */
  readonly concurrency?: number;
  /** Attempts in flight per subscription; 1 also keeps the order. 1 or more, default 4. */
  readonly concurrencyPerEndpoint?: number;
  /** An attempt that takes longer makes its endpoint a slow one, which shares a quarter of the slots. Default 250 ms. */
  readonly slowAfterMs?: number;
  readonly endpointHealth?: HealthOptions;
  readonly retention?: RetentionOptions;
  /** Which addresses may be called. Inner networks are refused by default. */
  readonly network?: NetworkOptions;
  /**
   * Changes what one subscription gets; called once per delivery, at `send`. `undefined` sends nothing to it.
   * Only the payload of what it returns is used.
   */
  readonly transform?: (
    event: WebhookEvent,
    subscription: WebhookSubscription,
  ) => WebhookEvent | undefined;
  readonly hooks?: OutboundHooks;
  /** Where events, deliveries and subscriptions are kept. Default: this process's memory. */
  readonly store?: DeliveryStore<Mode>;
  /** Replaces the transport. Only the URL can be checked before the call then, not the address it resolves to. */
  readonly fetch?: FetchLike;
  /**
   * Carries the requests. Default `createSocketTransport`: pinned and pooled, over sockets; `createHttpTransport` does the
   * same over `node:http`, at a fraction of the rate.
   */
  readonly transport?: Transport;
  readonly clock?: Clock;
  /** From 0 up to 1, for the jitter. Default `Math.random`. */
  readonly random?: () => number;
  /**
   * Ids of deliveries, subscriptions and of events made by `send`. Default: UUIDs that grow with time (version 7), which
   * a durable store writes at a third less cost than random ones.
   */
  readonly newId?: () => string;
}

const DAY_MS = 86_400_000;
const DURABLE_DAYS = 30;
/** What is left of a lease when the longest attempt has ended: time to write that down. */
const LEASE_MARGIN_MS = 10_000;

/** A manager's options with all defaults in place. */
export interface ResolvedOptions {
  readonly signatureAlgorithm: HmacHash;
  readonly body: "payload" | "event";
  readonly wait: SendWait;
  readonly signatureHeader: string;
  readonly source: string;
  readonly userAgent: string;
  readonly timeoutMs: number;
  readonly leaseMs: number;
  readonly maxPayloadBytes: number;
  readonly maxResponseBytes: number;
  readonly concurrency: number;
  readonly concurrencyPerEndpoint: number;
  readonly slowAfterMs: number;
  readonly maxAgeMs: number;
  /** Finished deliveries to keep; no bound where it is absent. */
  readonly keep: number | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly newId: () => string;
}

/** Checks the options that are numbers or names, and fills in the defaults. */
export function resolveOptions(
  options: OutboundWebhookManagerOptions<StoreMode>,
  isDurable: boolean,
): ResolvedOptions {
  const { signatureAlgorithm = "sha256", body = "payload", wait } = options;
  if (!isHmacHash(signatureAlgorithm) || (signatureAlgorithm as string) === "sha1") {
    throw new WebhookError(
      "UNSUPPORTED_ALGORITHM",
      `signatureAlgorithm must be sha256, sha384 or sha512, not ${JSON.stringify(signatureAlgorithm)}`,
    );
  }
  if (body !== "payload" && body !== "event") {
    throw new WebhookError("INVALID_OPTION", 'body must be "payload" or "event"');
  }
  if (wait !== undefined && wait !== "accepted" && wait !== "attempted") {
    throw new WebhookError("INVALID_OPTION", 'wait must be "accepted" or "attempted"');
  }
  const timeoutMs = checkInteger("deliveryTimeout", options.deliveryTimeout ?? 10_000, 1);
  const retention = options.retention ?? {};
  const clock = options.clock ?? systemClock;
  return {
    signatureAlgorithm,
    body,
    wait: wait ?? (isDurable ? "accepted" : "attempted"),
    signatureHeader: checkHeaderName(options.signatureHeader ?? "X-Webhook-Signature"),
    source: options.source ?? "app",
    userAgent: options.userAgent ?? "ventostack-webhook",
    timeoutMs,
    leaseMs: timeoutMs + LEASE_MARGIN_MS,
    maxPayloadBytes: checkInteger("maxPayloadBytes", options.maxPayloadBytes ?? 262_144, 1),
    maxResponseBytes: checkInteger("maxResponseBytes", options.maxResponseBytes ?? 16_384, 0),
    concurrency: checkInteger("concurrency", options.concurrency ?? 128, 1),
    concurrencyPerEndpoint: checkInteger(
      "concurrencyPerEndpoint",
      options.concurrencyPerEndpoint ?? 4,
      1,
    ),
    slowAfterMs: checkInteger("slowAfterMs", options.slowAfterMs ?? 250, 1),
    maxAgeMs: checkInteger(
      "retention.maxAgeMs",
      retention.maxAgeMs ?? (isDurable ? DURABLE_DAYS * DAY_MS : DAY_MS),
      0,
    ),
    keep:
      retention.maxDeliveries === undefined
        ? isDurable
          ? undefined
          : 10_000
        : checkInteger("retention.maxDeliveries", retention.maxDeliveries, 0),
    clock,
    random: options.random ?? Math.random,
    newId: options.newId ?? createOrderedIds(() => clock.now()),
  };
}
