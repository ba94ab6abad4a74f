import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import type { EventBus, SubscribeOptions, Unsubscribe } from "../src/index.ts";
import { createEventBus, defineEvent } from "../src/index.ts";

const Ping = defineEvent("ping");
const Other = defineEvent("other");

type Register = (bus: EventBus, handler: () => unknown, options?: SubscribeOptions) => Unsubscribe;

const KINDS: readonly (readonly [string, Register])[] = [
  ["on", (bus, handler, options) => bus.on(Ping, handler, options)],
  ["once", (bus, handler, options) => bus.once(Ping, handler, options)],
  ["onAny", (bus, handler, options) => bus.onAny(handler, options)],
];

const noop = (): void => undefined;
const abortListeners = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

describe.each(KINDS)("%s", (_, register) => {
  test("returns a function that unsubscribes, and that may be called again", async () => {
    const bus = createEventBus();
    let calls = 0;
    const unsubscribe = register(bus, () => (calls += 1));
    expect(bus.listenerCount()).toBe(1);

    unsubscribe();
    unsubscribe();
    await bus.emit(Ping);

    expect([calls, bus.listenerCount()]).toEqual([0, 0]);
  });

  test("unsubscribes one registration of a handler and not its twin", async () => {
    const bus = createEventBus();
    let calls = 0;
    const handler = (): unknown => (calls += 1);
    const unsubscribe = register(bus, handler);
    register(bus, handler);

    unsubscribe();
    unsubscribe();
    await bus.emit(Ping);

    expect(calls).toBe(1);
  });

  test("unsubscribes nothing that was registered since the first call", async () => {
    const bus = createEventBus();
    let calls = 0;
    const unsubscribe = register(bus, noop);
    unsubscribe();
    register(bus, () => (calls += 1));

    unsubscribe();
    await bus.emit(Ping);

    expect(calls).toBe(1);
  });

  test("unsubscribes at the end of a using block", () => {
    const bus = createEventBus();
    {
      using subscription = register(bus, () => undefined);
      expect(subscription).toBeTypeOf("function");
      expect(bus.listenerCount()).toBe(1);
    }
    expect(bus.listenerCount()).toBe(0);
  });

  test("unsubscribes when its signal aborts", async () => {
    const bus = createEventBus();
    const controller = new AbortController();
    let calls = 0;
    register(bus, () => (calls += 1), { signal: controller.signal });

    controller.abort();
    await bus.emit(Ping);

    expect([calls, bus.listenerCount()]).toEqual([0, 0]);
  });

  test("registers nothing for a signal that has aborted", async () => {
    const bus = createEventBus();
    const signal = AbortSignal.abort();
    let calls = 0;
    const unsubscribe = register(bus, () => (calls += 1), { signal });

    expect([bus.listenerCount(), abortListeners(signal)]).toEqual([0, 0]);
    await bus.emit(Ping);
    expect(calls).toBe(0);
    expect(unsubscribe).not.toThrow();
  });

  test.each<[string, (bus: EventBus, unsubscribe: Unsubscribe) => void]>([
    ["unsubscribe", (_bus, unsubscribe) => unsubscribe()],
    ["removeAll", (bus) => bus.removeAll()],
  ])("leaves no listener on its signal after %s", (_how, remove) => {
    const bus = createEventBus();
    const { signal } = new AbortController();
    const unsubscribe = register(bus, () => undefined, { signal });
    expect(abortListeners(signal)).toBe(1);

    remove(bus, unsubscribe);

    expect(abortListeners(signal)).toBe(0);
  });

  test("takes undefined for no signal", () => {
    const bus = createEventBus();
    register(bus, () => undefined, { signal: undefined });
    expect(bus.listenerCount()).toBe(1);
  });
});

describe("once", () => {
  test("calls the handler at the first emit only", async () => {
    const bus = createEventBus();
    let calls = 0;
    bus.once(Ping, () => (calls += 1));

    await bus.emit(Ping);
    await bus.emit(Ping);

    expect(calls).toBe(1);
  });

  test("has removed the handler and its abort listener before the call", async () => {
    const bus = createEventBus();
    const { signal } = new AbortController();
    const seen: number[] = [];
    bus.once(Ping, () => seen.push(bus.listenerCount(Ping), abortListeners(signal)), { signal });

    await bus.emit(Ping);

    expect(seen).toEqual([0, 0]);
  });

  test("does not call a handler again that emits the same event", async () => {
    const bus = createEventBus();
    let calls = 0;
    bus.once(Ping, async () => {
      calls += 1;
      await bus.emit(Ping);
    });

    await bus.emit(Ping);

    expect(calls).toBe(1);
  });

  test("calls the handler once when two emits overlap", async () => {
    const bus = createEventBus();
    const gate = Promise.withResolvers<undefined>();
    let calls = 0;
    const unsubscribe = bus.on(Ping, () => gate.promise);
    bus.once(Ping, () => (calls += 1));

    const waiting = bus.emit(Ping);
    unsubscribe();
    await bus.emit(Ping);
    gate.resolve(undefined);
    await waiting;

    expect(calls).toBe(1);
  });

  test("does not give a failing handler a second try", async () => {
    const bus = createEventBus();
    bus.once(Ping, () => {
      throw new Error("failed");
    });

    await expect(bus.emit(Ping)).rejects.toThrow(AggregateError);
    await expect(bus.emit(Ping)).resolves.toBeUndefined();
  });
});

describe("handlers that change the bus during an emit", () => {
  test.each(KINDS)(
    "are not joined by those they add with %s, who wait for the next emit",
    async (_, register) => {
      const bus = createEventBus();
      const log: string[] = [];
      const unsubscribe = register(bus, async () => {
        register(bus, () => log.push("added"));
        await Promise.resolve();
        register(bus, () => log.push("added after a while"));
        log.push("adder");
      });

      await bus.emit(Ping);
      expect(log).toEqual(["adder"]);

      unsubscribe();
      await bus.emit(Ping);
      expect(log).toEqual(["adder", "added", "added after a while"]);
    },
  );

  test("are not joined by those they add with on while others listen to any event", async () => {
    const bus = createEventBus();
    const log: string[] = [];
    const unsubscribe = bus.on(Ping, () => {
      bus.on(Ping, () => log.push("added"));
      bus.onAny(() => log.push("added to any"));
    });
    bus.onAny(() => log.push("any"));

    await bus.emit(Ping);
    expect(log).toEqual(["any"]);

    unsubscribe();
    await bus.emit(Ping);
    expect(log).toEqual(["any", "any", "added", "added to any"]);
  });

  test.each<[string, (bus: EventBus, later: () => unknown, abort: () => void) => void]>([
    ["off", (bus, later) => bus.off(Ping, later)],
    ["removeAll", (bus) => bus.removeAll(Ping)],
    ["a signal", (_bus, _later, abort) => abort()],
  ])("silence with %s a handler whose turn has not come", async (_how, remove) => {
    const bus = createEventBus();
    const controller = new AbortController();
    let calls = 0;
    const later = (): unknown => (calls += 1);
    bus.on(Ping, () => remove(bus, later, () => controller.abort()));
    bus.on(Ping, later, { signal: controller.signal });

    await bus.emit(Ping);

    expect(calls).toBe(0);
  });

  test("may remove themselves, and the next handler is still called", async () => {
    const bus = createEventBus();
    const log: string[] = [];
    const unsubscribe = bus.on(Ping, () => {
      unsubscribe();
      log.push("first");
    });
    bus.on(Ping, () => log.push("second"));

    await bus.emit(Ping);

    expect(log).toEqual(["first", "second"]);
  });

  test("do not bring back into this emit a handler that they remove and add again", async () => {
    const bus = createEventBus();
    let calls = 0;
    const later = (): unknown => (calls += 1);
    bus.once(Ping, () => {
      bus.off(Ping, later);
      bus.on(Ping, later);
    });
    bus.on(Ping, later);

    await bus.emit(Ping);
    expect(calls).toBe(0);

    await bus.emit(Ping);
    expect(calls).toBe(1);
  });
});

describe("off", () => {
  test("removes every registration of the handler for the event and no other", async () => {
    const bus = createEventBus();
    const log: string[] = [];
    const handler = (): unknown => log.push("handler");
    bus.on(Ping, handler);
    bus.on(Ping, handler);
    bus.once(Ping, handler);
    bus.on(Other, handler);
    bus.on(Ping, () => log.push("other handler"));

    bus.off(Ping, handler);
    await bus.emit(Ping);
    expect(log).toEqual(["other handler"]);

    await bus.emit(Other);
    expect(log).toEqual(["other handler", "handler"]);
  });

  test("leaves no listener on the signal of what it removed", () => {
    const bus = createEventBus();
    const { signal } = new AbortController();
    bus.on(Ping, noop, { signal });

    bus.off(Ping, noop);

    expect(abortListeners(signal)).toBe(0);
  });

  test("does nothing for a handler that is not registered", () => {
    const bus = createEventBus();
    bus.on(Ping, noop);

    bus.off(Ping, () => undefined);
    bus.off(Other, noop);

    expect(bus.listenerCount()).toBe(1);
  });
});

test("a handler that is registered twice is called twice", async () => {
  const bus = createEventBus();
  let calls = 0;
  const handler = (): unknown => (calls += 1);
  bus.on(Ping, handler);
  bus.on(Ping, handler);

  await bus.emit(Ping);

  expect(calls).toBe(2);
});

describe("removeAll and listenerCount", () => {
  test("count and remove for one event what was registered for it, without onAny", () => {
    const bus = createEventBus();
    bus.on(Ping, () => undefined);
    bus.once(Ping, () => undefined);
    bus.stream(Ping);
    bus.on(Other, () => undefined);
    bus.onAny(() => undefined);
    expect([bus.listenerCount(Ping), bus.listenerCount(Other)]).toEqual([3, 1]);
    expect(bus.listenerCount()).toBe(5);

    bus.removeAll(Ping);

    expect([bus.listenerCount(Ping), bus.listenerCount(Other)]).toEqual([0, 1]);
    expect(bus.listenerCount()).toBe(2);
  });

  test("remove everything, onAny too, if no event is named; the bus works on", async () => {
    const bus = createEventBus();
    let calls = 0;
    bus.on(Ping, () => (calls += 1));
    bus.onAny(() => (calls += 1));

    bus.removeAll();
    await bus.emit(Ping);
    expect([calls, bus.listenerCount(), bus.listenerCount(Ping)]).toEqual([0, 0, 0]);

    bus.on(Ping, () => (calls += 1));
    await bus.emit(Ping);
    expect(calls).toBe(1);
  });

  test("count nothing for an event that nobody has heard of", () => {
    expect(createEventBus().listenerCount(Ping)).toBe(0);
  });
});
