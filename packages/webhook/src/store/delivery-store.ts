import type { MaybePromise } from "../maybe-promise.ts";
import type { TlsSettings, TransportErrorClass, TransportTimings } from "../transport/transport.ts";

/**
 * - `pending`: not tried yet
 * - `failed`: tried, and will be tried again
 * - `sent`: the endpoint answered 2xx
 * - `dead`: given up; a dead letter, which `retry({ status: "dead" })` revives
 */
export type DeliveryStatus = "pending" | "sent" | "failed" | "dead";

/** An event as it is stored: once, however many subscriptions it goes to. */
export interface StoredMessage {
  /** The event's id. */
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly timestamp: number;
  /** The payload in UTF-8, as it is sent; written once, never changed. */
  readonly payload: Uint8Array;
  /** The payload is a text that is not JSON. */
  readonly isText?: true;
  /** The event's metadata as JSON. */
  readonly metadata?: string;
  readonly tenant?: string;
  /** The same key again within the retention sends nothing. */
  readonly idempotencyKey?: string;
  readonly createdAt: number;
}

/** A delivery that `enqueue` is to create. */
export interface NewDelivery {
  readonly id: string;
  readonly subscriptionId: string;
  readonly maxAttempts: number;
  readonly dueAt: number;
  /** A payload of its own, as JSON in UTF-8, where a transform made one; else the message's is sent. */
  readonly payload?: Uint8Array;
}

/** One event to one subscription. */
export interface StoredDelivery {
  /** Grows in the order of creation. */
  readonly seq: number;
  readonly id: string;
  readonly subscriptionId: string;
  readonly message: StoredMessage;
  readonly payload?: Uint8Array | undefined;
  readonly status: DeliveryStatus;
  /** Attempts made so far. */
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** When the next attempt is due; absent once sent or dead. */
  readonly dueAt?: number | undefined;
  /** HTTP status of the last attempt, where there was an answer. */
  readonly lastStatus?: number | undefined;
  /** What went wrong in the last attempt. */
  readonly lastError?: string | undefined;
}

/** One HTTP try of a delivery. */
export interface AttemptRecord {
  /** 1 for the first. */
  readonly number: number;
  /** When it began. */
  readonly at: number;
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  /** What kind of failure it was; absent for a success. */
  readonly errorClass?: TransportErrorClass;
  readonly error?: string;
  /** The response headers that explain an answer, such as `retry-after` and request ids. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The beginning of the response body, read as UTF-8. */
  readonly body?: string;
  readonly timings: TransportTimings;
}

/** A delivery that a worker holds until it settles it or the lease runs out. */
export interface Claimed {
  readonly delivery: StoredDelivery;
  /** Fences: a settlement with an older token than the newest claim's is refused. */
  readonly token: number;
}

/** What becomes of a claimed delivery. */
export interface Settlement {
  readonly deliveryId: string;
  readonly token: number;
  readonly at: number;
  /** `release` puts it back without using up an attempt. */
  readonly result: "sent" | "failed" | "dead" | "release";
  /** When it is due again; for `failed` and `release`. */
  readonly dueAt?: number;
  readonly error?: string;
  readonly attempt?: AttemptRecord;
  /** The endpoint's state after the attempt, where it changed. */
  readonly endpoint?: EndpointState;
}

/** `fenced`: the lease had gone to somebody else, and nothing was changed. */
export type SettleResult = "settled" | "fenced";

/** How an endpoint has been doing. */
export interface EndpointState {
  /** `paused` and `disabled` endpoints' deliveries are held, and new events are still recorded for them. */
  readonly status: "ok" | "failing" | "paused" | "disabled";
  /** Why it is paused or disabled. */
  readonly reason?: string;
  /** Failed attempts since the last success. */
  readonly failures: number;
  /** When the first of these failures was. */
  readonly failingSince?: number;
  /** The endpoint asked for peace until then (`Retry-After` with 429 or 503). */
  readonly quietUntil?: number;
}

/** A secret that signs, for good or until it has been rotated out. */
export interface StoredSecret {
  readonly value: string;
  readonly expiresAt?: number;
}

/** Token bucket: at most `limit` attempts per `intervalMs`. */
export interface RateLimit {
  readonly limit: number;
  readonly intervalMs: number;
}

/** Who receives what. */
export interface StoredSubscription {
  readonly id: string;
  readonly url: string;
  /** The newest first. */
  readonly secrets: readonly StoredSecret[];
  /** Exact names, `order.*` or `*`; never empty. */
  readonly events: readonly string[];
  readonly active: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly tenant?: string;
  readonly filter?: unknown;
  readonly body?: "payload" | "event";
  readonly concurrency?: number;
  /** Deliveries go in the order of creation, each only when the one before is sent or dead. */
  readonly ordered: boolean;
  readonly rateLimit?: RateLimit;
  readonly tls?: TlsSettings;
  readonly proxy?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly endpoint: EndpointState;
}

/** Which deliveries; the conditions are joined with "and". */
export interface StoreFilter {
  readonly ids?: readonly string[];
  readonly status?: readonly DeliveryStatus[];
  /** The event's type. */
  readonly event?: string;
  /** The event's id. */
  readonly eventId?: string;
  readonly subscriptionId?: string;
  /** Created at or after. */
  readonly since?: number;
  /** Created before. */
  readonly until?: number;
  /** With an endpoint that is paused or disabled. */
  readonly held?: true;
}

/** Order of creation; `after` is the `seq` of the last one of the page before. */
export interface Page {
  readonly after?: number;
  readonly limit: number;
}

/** How much there is of everything; equal to a recount at any time. */
export interface Counters {
  readonly subscriptions: number;
  readonly pending: number;
  readonly failed: number;
  readonly sent: number;
  readonly dead: number;
  /** Pending or failed, with an endpoint that is paused or disabled; counted in those as well. */
  readonly held: number;
  /** When the earliest attempt that is not held was or will be due. */
  readonly oldestDueAt: number | undefined;
}

/** What one `claim` asks for. */
export interface ClaimRequest {
  readonly now: number;
  readonly limit: number;
  readonly leaseMs: number;
  readonly worker: string;
  /**
   * How many deliveries of this subscription the worker takes now; 0 hides it, and must hide nobody else's work.
   * @param subscription to be given by a driver whose `subscriptions.get` promises: what the subscription itself says of
   * its concurrency and rate is not known otherwise
   */
  slots(subscriptionId: string, subscription?: StoredSubscription): number;
  /**
   * Subscriptions whose `slots` may have grown since this worker's last claim. A driver may remember a zero and ask
   * again only for these and for subscriptions with new work.
   */
  readonly freed: readonly string[];
}

/** What became of an event that was handed over. */
export interface Enqueued {
  readonly deliveryIds: readonly string[];
  /** The idempotency key was known: these are the ids of then, and nothing was added. */
  readonly duplicate: boolean;
}

/** How a driver answers reads: with values or with promises. */
export type StoreMode = "sync" | "async";

/** A read's result in either mode. */
export type Read<Mode extends StoreMode, T> = Mode extends "sync" ? T : Promise<T>;

/**
 * Where events, deliveries and subscriptions are kept: the port that drivers implement. All times are passed in.
 * What a driver returns is read-only to the caller.
 */
export interface DeliveryStore<Mode extends StoreMode = StoreMode> {
  readonly capabilities: {
    /** What was enqueued survives the process. */
    readonly durable: boolean;
    /** Reads return values rather than promises. */
    readonly sync: Mode extends "sync" ? true : boolean;
    /** Several processes may work on it. */
    readonly shared: boolean;
    /** `enqueue` can join a transaction of the caller's. */
    readonly transactional: boolean;
  };
  /**
   * Stores the event and all its deliveries, or nothing at all. Deliveries to subscriptions that are gone are left out;
   * an event that is left with none is not kept, nor is its idempotency key.
   */
  enqueue(
    message: StoredMessage,
    deliveries: readonly NewDelivery[],
    options?: { readonly tx?: unknown },
  ): MaybePromise<Enqueued>;
  /**
   * Takes due work under a lease: per subscription in due order, and fairly between subscriptions. First ends the leases
   * that have run out by `now`, whoever held them: what they held is work like any other. Fewer than `limit` means that
   * there is no more that is due and has slots.
   */
  claim(request: ClaimRequest): MaybePromise<readonly Claimed[]>;
  /** Each by itself and in order. A lease that has run out is still good as long as no claim has ended it. */
  settle(settlements: readonly Settlement[]): MaybePromise<readonly SettleResult[]>;
  /**
   * When work that is not held and not under a lease is next due; for the worker's timer. Knows no time but that of the
   * claims: for what a claim has left behind, or what has been due for long, it is in the past.
   */
  nextDueAt(): MaybePromise<number | undefined>;
  /** For a driver through which work may come that this process did not bring: of other processes, or of a `tx`. */
  readonly changes?: {
    /** How often to ask, in ms. */
    readonly pollMs: number;
    /** Whether a claim may find more than at the last call: work that others stored, or whose lease has run out. */
    poll(now: number): MaybePromise<boolean>;
  };
  readonly subscriptions: {
    put(subscription: StoredSubscription): Read<Mode, void>;
    get(id: string): Read<Mode, StoredSubscription | undefined>;
    list(): Read<Mode, readonly StoredSubscription[]>;
    /** The active subscriptions of a tenant that have one of these patterns. */
    match(
      patterns: readonly string[],
      tenant: string | undefined,
    ): MaybePromise<readonly StoredSubscription[]>;
    /** Also gives up its unfinished deliveries. */
    delete(id: string, at: number): Read<Mode, boolean>;
  };
  readonly deliveries: {
    get(id: string): Read<Mode, StoredDelivery | undefined>;
    list(filter: StoreFilter, page: Page): Read<Mode, readonly StoredDelivery[]>;
  };
  readonly attempts: {
    /** In order; the newest 50 of a delivery are kept. */
    list(deliveryId: string): Read<Mode, readonly AttemptRecord[]>;
  };
  readonly messages: {
    /** Stored events in the order of creation, for a replay. */
    list(filter: {
      readonly since?: number;
      readonly until?: number;
      readonly after?: number;
      readonly limit: number;
    }): MaybePromise<readonly { readonly seq: number; readonly message: StoredMessage }[]>;
  };
  /**
   * Makes deliveries due at a time, whatever their status; finished ones get `moreAttempts` more attempts.
   * Deliveries under a lease are left alone, and so are those whose subscription is gone.
   * @returns their ids
   */
  requeue(filter: StoreFilter, at: number, moreAttempts: number): MaybePromise<readonly string[]>;
  /** Gives up unfinished deliveries that are not under a lease. Returns how many. */
  cancel(filter: StoreFilter, at: number, reason: string): MaybePromise<number>;
  /**
   * Adds deliveries of an event that is stored already, for a replay to a newer subscription; `createdAt` is their
   * `dueAt`. Nothing is added for an event that is gone, or to a subscription that is.
   */
  redeliver(messageSeq: number, deliveries: readonly NewDelivery[]): MaybePromise<void>;
  /** O(1). */
  stats(): Read<Mode, Counters>;
  /**
   * Removes finished deliveries that were last touched before a time, and the oldest ones beyond a number.
   * Unfinished work is never removed. An event goes with the last of its deliveries, and its idempotency key with it.
   * @param bounds `before`: finished before that time; `keep`: so many finished ones are kept, the newest; with both, what
   * either says goes, and with neither nothing does; `limit`: at most so many in one call
   * @returns how many were removed
   */
  prune(bounds: {
    readonly before?: number;
    readonly keep?: number;
    readonly limit: number;
  }): MaybePromise<number>;
  /** Closing it a second time changes nothing. `drop`: a store that is not durable forgets everything. */
  close(options?: { readonly drop?: boolean }): MaybePromise<void>;
}
