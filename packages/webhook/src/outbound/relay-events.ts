import type { WebhookEvent } from "../event.ts";

/** As much of an event's definition as is needed: `defineEvent` of `@ventostack/events` makes one. */
export interface RelayedEvent {
  readonly name: string;
}

/** As much of an event bus as is needed: `createEventBus` of `@ventostack/events` makes one. */
export interface RelayBus {
  // `never` takes any bus, whatever it calls its definitions and handlers.
  readonly on: (event: never, handler: never) => () => void;
}

/** As much of a manager as is needed. */
export interface RelayTarget {
  sendEvent(event: WebhookEvent): Promise<unknown>;
}

export interface RelayOptions {
  /** The `source` of the webhook events. */
  readonly source: string;
  /** Default `crypto.randomUUID`. */
  readonly newId?: () => string;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * Sends every event of these definitions that is published on the bus to the subscriptions that want it. Any bus with
 * such an `on` will do, as long as it can be called on its own. The bus's `emit` waits as `sendEvent` waits, and fails with it.
 * @returns ends the relaying
 */
export function relayEvents(
  bus: RelayBus,
  outbound: RelayTarget,
  events: readonly RelayedEvent[],
  options: RelayOptions,
): () => void {
  const { source, newId = () => crypto.randomUUID(), now = () => Date.now() } = options;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the bus's owner sees it
  const on = bus.on as (event: RelayedEvent, handler: (payload: unknown) => unknown) => () => void;
  const stops = events.map((event) =>
    on(event, (payload) =>
      outbound.sendEvent({ id: newId(), type: event.name, source, payload, timestamp: now() }),
    ),
  );
  return () => {
    for (const stop of stops) stop();
  };
}
