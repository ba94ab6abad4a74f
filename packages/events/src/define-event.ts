import { EventBusError } from "./errors.ts";

// Exists for the compiler only, so that no object but a definition has it.
declare const payloadType: unique symbol;

/** An event of whatever payload, where only the name matters. */
export interface AnyEventDefinition {
  /** Names the event on the bus: two definitions with one name are the same event. */
  readonly name: string;
  readonly [payloadType]: unknown;
}

/** An event's name together with the type of its payload. Made by {@link defineEvent}. */
export interface EventDefinition<T> extends AnyEventDefinition {
  // Both taken and given: a handler may not ask for more than the payload has, nor an emitter bring less.
  readonly [payloadType]: (payload: T) => T;
}

/**
 * Names an event and ties a payload type to the name. The value is frozen and knows no bus: export it, share it.
 * Without a type argument, or with `void`, the event carries no payload.
 * @param name not empty; dots such as `order.created` are a custom, not a rule
 * @throws EventBusError `INVALID_EVENT` for a name that is empty or no string
 */
export function defineEvent<T = void>(name: string): EventDefinition<T> {
  if (typeof name !== "string" || name === "") {
    throw new EventBusError(
      "INVALID_EVENT",
      'defineEvent needs a name that is a non-empty string, such as "order.created"',
    );
  }
  // The payload's type is a promise to the compiler: there is nothing at run time that could hold it.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.freeze({ name }) as EventDefinition<T>;
}

/**
 * The name of a definition, which untyped code may have got wrong.
 * @throws EventBusError `INVALID_EVENT`
 */
export function nameOf(event: AnyEventDefinition): string {
  // A function has a name too: a handler in the event's place must not pass for an event.
  const name: unknown = typeof event === "object" ? event?.name : undefined;
  if (typeof name !== "string" || name === "") {
    throw new EventBusError(
      "INVALID_EVENT",
      `The event has to be what defineEvent returned, not ${event === null ? "null" : typeof event}`,
    );
  }
  return name;
}
