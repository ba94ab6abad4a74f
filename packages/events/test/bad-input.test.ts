import { describe, expect, test } from "vitest";
import { createEventBus, defineEvent, EventBusError } from "../src/index.ts";

const Ping = defineEvent("ping");
const noop = (): void => undefined;

// What callers without types may pass.
const untyped = (value: unknown): never => value as never;

function codeThrownBy(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof EventBusError) return error.code;
    throw error;
  }
  return "nothing thrown";
}

describe("defineEvent", () => {
  test("returns a frozen value that holds the name and nothing else", () => {
    expect(Ping).toEqual({ name: "ping" });
    expect(Object.isFrozen(Ping)).toBe(true);
  });

  test.each([[""], [undefined], [null], [7], [{ name: "ping" }], [Symbol("ping")]])(
    "refuses the name %o",
    (name) => {
      expect(codeThrownBy(() => defineEvent(untyped(name)))).toBe("INVALID_EVENT");
    },
  );
});

describe("every function of the bus", () => {
  const bus = createEventBus();
  const bad: [unknown][] = [["ping"], [null], [{}], [{ name: "" }], [{ name: 7 }], [noop]];

  test.each([...bad, [undefined]])("refuses %o as an event", async (event) => {
    expect(codeThrownBy(() => bus.on(untyped(event), noop))).toBe("INVALID_EVENT");
    expect(codeThrownBy(() => bus.once(untyped(event), noop))).toBe("INVALID_EVENT");
    expect(codeThrownBy(() => bus.off(untyped(event), noop))).toBe("INVALID_EVENT");
    expect(codeThrownBy(() => bus.stream(untyped(event)))).toBe("INVALID_EVENT");
    await expect(bus.emit(untyped(event))).rejects.toMatchObject({ code: "INVALID_EVENT" });
    expect(bus.listenerCount()).toBe(0);
  });

  // No event at all stands for the whole bus here.
  test.each(bad)("refuses %o as the event to remove or to count", (event) => {
    expect(codeThrownBy(() => bus.removeAll(untyped(event)))).toBe("INVALID_EVENT");
    expect(codeThrownBy(() => bus.listenerCount(untyped(event)))).toBe("INVALID_EVENT");
  });

  test.each([[undefined], [null], ["handler"], [{ handleEvent: noop }]])(
    "refuses %o as a handler",
    (handler) => {
      expect(codeThrownBy(() => bus.on(Ping, untyped(handler)))).toBe("INVALID_HANDLER");
      expect(codeThrownBy(() => bus.once(Ping, untyped(handler)))).toBe("INVALID_HANDLER");
      expect(codeThrownBy(() => bus.onAny(untyped(handler)))).toBe("INVALID_HANDLER");
      expect(codeThrownBy(() => bus.off(Ping, untyped(handler)))).toBe("INVALID_HANDLER");
      expect(bus.listenerCount()).toBe(0);
    },
  );

  test.each([[null], ["signal"], [{}], [new AbortController()]])(
    "refuses %o as a signal",
    (signal) => {
      const options = untyped({ signal });
      expect(codeThrownBy(() => bus.on(Ping, noop, options))).toBe("INVALID_OPTION");
      expect(codeThrownBy(() => bus.once(Ping, noop, options))).toBe("INVALID_OPTION");
      expect(codeThrownBy(() => bus.onAny(noop, options))).toBe("INVALID_OPTION");
      expect(codeThrownBy(() => bus.stream(Ping, options))).toBe("INVALID_OPTION");
      expect(bus.listenerCount()).toBe(0);
    },
  );

  test.each([[0], [-1], [1.5], [Number.NaN], [Number.POSITIVE_INFINITY], ["10"]])(
    "refuses %o as a bound",
    (maxBuffered) => {
      const options = untyped({ maxBuffered });
      expect(codeThrownBy(() => createEventBus(options))).toBe("INVALID_OPTION");
      expect(codeThrownBy(() => bus.stream(Ping, options))).toBe("INVALID_OPTION");
      expect(bus.listenerCount()).toBe(0);
    },
  );

  test("throws errors that carry their name and code", () => {
    expect(() => defineEvent("")).toThrow(
      expect.objectContaining({ name: "EventBusError", code: "INVALID_EVENT" }),
    );
  });
});
