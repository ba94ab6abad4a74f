/**
 * What was wrong: the event or its name, the handler, an option, or a stream whose reader fell behind. The first three
 * are mistakes in the calling code; only `BUFFER_OVERFLOW` depends on what happens at run time.
 */
export type EventBusErrorCode =
  "INVALID_EVENT" | "INVALID_HANDLER" | "INVALID_OPTION" | "BUFFER_OVERFLOW";

/** Every error of this package's own; a handler's errors come in an `AggregateError`. The message never holds a payload. */
export class EventBusError extends Error {
  override readonly name = "EventBusError";
  readonly code: EventBusErrorCode;

  constructor(code: EventBusErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
