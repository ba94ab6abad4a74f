import type { AnyEventDefinition, EventDefinition } from "./define-event.ts";
import { nameOf } from "./define-event.ts";
import { EventBusError } from "./errors.ts";
import type { EventStream } from "./stream.ts";
import { createStream } from "./stream.ts";

/** Takes an event's payload. What it returns is awaited, then dropped. */
export type EventHandler<T> = (payload: T) => unknown;

/** Takes every event that is emitted. What it returns is awaited, then dropped. */
export type AnyEventHandler = (event: AnyEventDefinition, payload: unknown) => unknown;

/** Ends one registration; a second call does nothing. Fits a `using` declaration. */
export interface Unsubscribe {
  (): void;
  readonly [Symbol.dispose]: () => void;
}

export interface SubscribeOptions {
  /** Ends the registration when it aborts. If it has aborted already, nothing is registered. */
  readonly signal?: AbortSignal | undefined;
}

export interface StreamOptions extends SubscribeOptions {
  /** How many payloads may wait for the reader: an integer from 1; default the bus's `maxBuffered`. */
  readonly maxBuffered?: number | undefined;
}

export interface EventBusOptions {
  /** How many payloads may wait for the reader of a stream: an integer from 1; default 1000. */
  readonly maxBuffered?: number | undefined;
}

/** See {@link EventBus.emit}. */
export interface Emit {
  (event: EventDefinition<void>): Promise<void>;
  <T>(event: EventDefinition<T>, payload: T): Promise<void>;
}

/**
 * A typed in-process event bus. Every function stands alone and may be destructured.
 *
 * Wrong arguments throw an `EventBusError`: `INVALID_EVENT`, `INVALID_HANDLER` or `INVALID_OPTION`.
 */
export interface EventBus {
  // NoInfer, so that the compiler complains about a handler that does not fit and not about its event.
  /** Calls the handler at each `emit` that begins from now on. Registered twice, a handler is called twice. */
  readonly on: <T>(
    event: EventDefinition<T>,
    handler: EventHandler<NoInfer<T>>,
    options?: SubscribeOptions,
  ) => Unsubscribe;
  /** Like `on`, for one call: the handler is removed before it is called, even if it then fails. */
  readonly once: <T>(
    event: EventDefinition<T>,
    handler: EventHandler<NoInfer<T>>,
    options?: SubscribeOptions,
  ) => Unsubscribe;
  /** Calls the handler with the definition and the payload of every event, in its place among the event's own handlers. */
  readonly onAny: (handler: AnyEventHandler, options?: SubscribeOptions) => Unsubscribe;
  /**
   * Calls the handlers in the order in which they were registered, each after the one before has settled. A failure does
   * not keep the others from running. A handler added meanwhile waits for the next `emit`; one removed before its turn is
   * not called. The payload is handed on as it is, not copied.
   * @throws AggregateError after all have run, with what the handlers threw, in their order; a rejection, like every error of `emit`
   */
  readonly emit: Emit;
  /**
   * The payloads of each `emit` from this call on, for `for await`. `emit` does not wait for the reader. The stream ends
   * when the signal aborts, with `return()` or `break`, and with `removeAll`; payloads not read by then are dropped.
   * If `maxBuffered` payloads wait and one more comes, the stream unsubscribes, hands out those that wait and then throws
   * `BUFFER_OVERFLOW`.
   */
  readonly stream: <T>(event: EventDefinition<T>, options?: StreamOptions) => EventStream<T>;
  /** Removes every registration of this handler for this event, those of `once` too. */
  readonly off: <T>(event: EventDefinition<T>, handler: EventHandler<NoInfer<T>>) => void;
  /** Removes the handlers and ends the streams of one event, or everything on the bus including `onAny`. */
  readonly removeAll: (event?: AnyEventDefinition) => void;
  /** How many handlers and streams one event has, or the whole bus; those of `onAny` count for the bus only. */
  readonly listenerCount: (event?: AnyEventDefinition) => number;
}

interface Registration {
  /** Counts up over the whole bus. */
  readonly order: number;
  /** What `off` looks for. */
  readonly handler: unknown;
  readonly run: (payload: never, event: AnyEventDefinition) => unknown;
  readonly remove: () => void;
}

const ANY = Symbol("any event");

/**
 * Makes an event bus with no handlers. Two buses share nothing.
 * @throws EventBusError `INVALID_OPTION`
 */
export function createEventBus(options?: EventBusOptions): EventBus {
  const defaultMaxBuffered = checkedBound(options?.maxBuffered ?? 1000);

  // What is not in here is never called: an emit under way looks before each turn.
  const live = new Set<Registration>();
  const byEvent = new Map<string | typeof ANY, Set<Registration>>();
  let registered = 0;

  function register(
    key: string | typeof ANY,
    { handler, run, removed }: Pick<Registration, "handler" | "run"> & { removed?: () => void },
    signal: AbortSignal | undefined,
  ): Unsubscribe {
    checkHandler(handler);
    checkSignal(signal);
    const siblings = byEvent.get(key) ?? new Set();
    const remove = (): void => {
      if (!live.delete(registration)) return;
      siblings.delete(registration);
      if (siblings.size === 0) byEvent.delete(key);
      signal?.removeEventListener("abort", remove);
      removed?.();
    };
    const registration: Registration = { order: registered++, handler, run, remove };
    if (signal?.aborted !== true) {
      live.add(registration);
      byEvent.set(key, siblings.add(registration));
      signal?.addEventListener("abort", remove, { once: true });
    }
    return Object.assign(remove, { [Symbol.dispose]: remove });
  }

  /** The handlers of an emit that begins now. Copies, because the sets change while handlers run. */
  function turnsOf(name: string): readonly Registration[] {
    const own = byEvent.get(name);
    const any = byEvent.get(ANY);
    if (own === undefined || any === undefined) return [...(own ?? any ?? [])];
    return [...own, ...any].toSorted((a, b) => a.order - b.order);
  }

  async function emit(event: AnyEventDefinition, payload?: unknown): Promise<void> {
    const name = nameOf(event);
    let errors: unknown[] | undefined;
    for (const registration of turnsOf(name)) {
      if (!live.has(registration)) continue;
      try {
        // The name is what ties a payload to its handlers' type: a map of all events cannot say so.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        const result = registration.run(payload as never, event);
        // Awaiting what is no promise would put a needless turn of the queue between two synchronous handlers.
        if (isPromiseLike(result)) await result;
      } catch (error) {
        (errors ??= []).push(error);
      }
    }
    if (errors === undefined) return;
    const handlers = errors.length === 1 ? "1 handler" : `${errors.length} handlers`;
    throw new AggregateError(errors, `${handlers} of the event ${JSON.stringify(name)} failed`);
  }

  return {
    on: (event, handler, { signal } = {}) =>
      register(nameOf(event), { handler, run: (payload) => handler(payload) }, signal),
    once: (event, handler, { signal } = {}) => {
      const run = (payload: never): unknown => {
        unsubscribe();
        return handler(payload);
      };
      const unsubscribe = register(nameOf(event), { handler, run }, signal);
      return unsubscribe;
    },
    onAny: (handler, { signal } = {}) =>
      register(ANY, { handler, run: (payload, event) => handler(event, payload) }, signal),
    emit,
    stream: (event, { signal, maxBuffered = defaultMaxBuffered } = {}) => {
      const name = nameOf(event);
      return createStream({
        name,
        maxBuffered: checkedBound(maxBuffered),
        signal,
        subscribe: (push, removed) => register(name, { handler: push, run: push, removed }, signal),
      });
    },
    off: (event, handler) => {
      checkHandler(handler);
      for (const registration of byEvent.get(nameOf(event)) ?? []) {
        if (registration.handler === handler) registration.remove();
      }
    },
    removeAll: (event) => {
      const removed = event === undefined ? live : (byEvent.get(nameOf(event)) ?? []);
      for (const registration of removed) registration.remove();
    },
    listenerCount: (event) =>
      event === undefined ? live.size : (byEvent.get(nameOf(event))?.size ?? 0),
  };
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}

function checkHandler(handler: unknown): void {
  if (typeof handler === "function") return;
  throw new EventBusError(
    "INVALID_HANDLER",
    `The handler has to be a function, not ${typeof handler}`,
  );
}

function checkSignal(signal: AbortSignal | undefined): void {
  // Not instanceof: a signal from another realm, such as a test environment's, works as well.
  if (signal === undefined || typeof signal?.addEventListener === "function") return;
  throw new EventBusError("INVALID_OPTION", "The option signal has to be an AbortSignal");
}

function checkedBound(maxBuffered: number): number {
  if (Number.isSafeInteger(maxBuffered) && maxBuffered >= 1) return maxBuffered;
  throw new EventBusError("INVALID_OPTION", "The option maxBuffered has to be an integer from 1");
}
