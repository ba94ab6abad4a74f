import type {
  EmulatedCustomer,
  EmulatedEvent,
  EmulatedObject,
  EmulatedPaymentIntent,
  EmulatedRefund,
} from "./stripe-emulator-objects.ts";

/** What the emulator remembers. Objects are replaced, so that an event holds the object as it was. */
export interface StripeState {
  readonly customers: Map<string, EmulatedCustomer>;
  readonly intents: Map<string, EmulatedPaymentIntent>;
  readonly refunds: Map<string, EmulatedRefund>;
  readonly events: EmulatedEvent[];
  /** Whom the events of the request under way are attributed to. */
  cause: { readonly id: string | null; readonly idempotency_key: string | null };
  /** Seconds since the epoch. */
  readonly seconds: () => number;
  /** An id with Stripe's prefix. Counts up, so that a failed test says the same each time. */
  readonly newId: (prefix: string) => string;
  /** Keeps an object and tells about it. */
  readonly put: (object: EmulatedObject, ...eventTypes: readonly string[]) => void;
}

const API_VERSION = "2026-10-28.endive";

export function createStripeState(now: () => number): StripeState {
  let ids = 0;
  const seconds = (): number => Math.floor(now() / 1000);
  const newId = (prefix: string): string => {
    ids += 1;
    return `${prefix}_emulated${String(ids).padStart(8, "0")}`;
  };
  const state: StripeState = {
    customers: new Map(),
    intents: new Map(),
    refunds: new Map(),
    events: [],
    cause: { id: null, idempotency_key: null },
    seconds,
    newId,
    put(object, ...eventTypes) {
      if (object.object === "customer") state.customers.set(object.id, object);
      else if (object.object === "refund") state.refunds.set(object.id, object);
      else state.intents.set(object.id, object);
      for (const type of eventTypes) {
        state.events.push({
          id: newId("evt"),
          object: "event",
          api_version: API_VERSION,
          created: seconds(),
          data: { object },
          livemode: false,
          pending_webhooks: 1,
          request: state.cause,
          type,
        });
      }
    },
  };
  return state;
}
