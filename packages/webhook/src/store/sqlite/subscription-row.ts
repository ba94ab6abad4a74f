import type { EndpointState, StoredSubscription } from "../delivery-store.ts";
import type { Sealer } from "./sealing.ts";
import type { SqlValue } from "./database.ts";

/** A row of `webhook_subscription`, with the id from its lane. */
export interface SubscriptionRow {
  readonly sub: number;
  readonly id: string;
  readonly endpoint: string;
  readonly config: string;
  readonly sealed: Uint8Array | string;
  readonly sealed_key: string | null;
}

export const SUBSCRIPTION_COLUMNS =
  "s.sub, l.id, s.endpoint, s.config, s.sealed, s.sealed_key" as const;

type Sealed = Pick<StoredSubscription, "secrets" | "headers" | "tls" | "proxy">;
type Config = Omit<StoredSubscription, keyof Sealed | "id" | "endpoint">;

/** `paused` and `disabled` endpoints' deliveries are held. */
export function isHeld({ endpoint: { status } }: Pick<StoredSubscription, "endpoint">): boolean {
  return status === "paused" || status === "disabled";
}

/** What may be known of a subscription, and what is sealed: credentials, all of them. */
function partsOf(subscription: StoredSubscription): { config: Config; sealed: Sealed } {
  const { id: _, endpoint: __, secrets, headers, tls, proxy, ...config } = subscription;
  return {
    config,
    sealed: {
      secrets,
      headers,
      ...(tls === undefined ? {} : { tls }),
      ...(proxy === undefined ? {} : { proxy }),
    },
  };
}

/** The columns after `sub` and `version`: active, ordered, held, endpoint, config, sealed, sealed_key. */
export function subscriptionValues(subscription: StoredSubscription, sealer: Sealer): SqlValue[] {
  const { config, sealed } = partsOf(subscription);
  return [
    Number(subscription.active),
    Number(subscription.ordered),
    Number(isHeld(subscription)),
    JSON.stringify(subscription.endpoint),
    JSON.stringify(config),
    sealer.seal(JSON.stringify(sealed), subscription.id),
    sealer.keyId,
  ];
}

/** @throws WebhookError STORE_FAILED when it cannot be decrypted */
export function storedSubscription(row: SubscriptionRow, sealer: Sealer): StoredSubscription {
  // The three texts were written from these types, above.
  /* oxlint-disable typescript/no-unsafe-type-assertion */
  const config = JSON.parse(row.config) as Config;
  const sealed = JSON.parse(sealer.open(row.sealed, row.sealed_key, row.id)) as Sealed;
  const endpoint = JSON.parse(row.endpoint) as EndpointState;
  /* oxlint-enable typescript/no-unsafe-type-assertion */
  return { id: row.id, ...config, ...sealed, endpoint };
}

/** Whether a change of a subscription decides who receives what. */
export function isMatchedOtherwise(before: StoredSubscription, after: StoredSubscription): boolean {
  return (
    before.active !== after.active ||
    before.tenant !== after.tenant ||
    before.events.length !== after.events.length ||
    before.events.some((event, index) => event !== after.events[index])
  );
}
