export type { AnyEventDefinition, EventDefinition } from "./define-event.ts";
export { defineEvent } from "./define-event.ts";
export type { EventBusErrorCode } from "./errors.ts";
export { EventBusError } from "./errors.ts";
export type {
  AnyEventHandler,
  Emit,
  EventBus,
  EventBusOptions,
  EventHandler,
  StreamOptions,
  SubscribeOptions,
  Unsubscribe,
} from "./event-bus.ts";
export { createEventBus } from "./event-bus.ts";
export type { EventStream } from "./stream.ts";
