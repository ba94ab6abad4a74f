import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { createEventBus, defineEvent, EventBusError } from "../src/index.ts";

const Tick = defineEvent<number>("tick");

const value = (result: number): IteratorResult<number, undefined> => ({
  done: false,
  value: result,
});
const DONE = { done: true, value: undefined };

async function overflown(maxBuffered: number, signal?: AbortSignal) {
  const bus = createEventBus();
  const stream = bus.stream(Tick, { maxBuffered, signal });
  for (let tick = 1; tick <= maxBuffered + 1; tick += 1) await bus.emit(Tick, tick);
  return { bus, stream };
}

describe("stream", () => {
  test("yields the payloads in the order in which they were emitted", async () => {
    const bus = createEventBus();
    const stream = bus.stream(Tick);
    await bus.emit(Tick, 1);
    await bus.emit(Tick, 2);
    await bus.emit(Tick, 3);

    const seen: number[] = [];
    for await (const tick of stream) {
      seen.push(tick);
      if (tick === 3) break;
    }

    expect(seen).toEqual([1, 2, 3]);
  });

  test("listens from the call on, not from the first next", async () => {
    const bus = createEventBus();
    const stream = bus.stream(Tick);
    expect(bus.listenerCount(Tick)).toBe(1);

    await bus.emit(Tick, 1);

    expect(await stream.next()).toEqual(value(1));
  });

  test("answers readers that came before the event, each with its own", async () => {
    const bus = createEventBus();
    const stream = bus.stream(Tick);
    const reads = Promise.all([stream.next(), stream.next()]);

    await bus.emit(Tick, 1);
    await bus.emit(Tick, 2);

    expect(await reads).toEqual([value(1), value(2)]);
  });

  test("hands on a payload that is a promise or undefined as it is", async () => {
    const bus = createEventBus();
    const Odd = defineEvent<unknown>("odd");
    const stream = bus.stream(Odd);
    const promise = Promise.resolve(1);
    await bus.emit(Odd, undefined);
    await bus.emit(Odd, promise);

    expect(await stream.next()).toEqual({ done: false, value: undefined });
    expect((await stream.next()).value).toBe(promise);
  });

  test("does not hold back the emitter while its reader is busy", async () => {
    const bus = createEventBus();
    const stream = bus.stream(Tick);

    await bus.emit(Tick, 1);
    await expect(bus.emit(Tick, 2)).resolves.toBeUndefined();

    expect(await stream.next()).toEqual(value(1));
  });

  test("gives every stream all of the events", async () => {
    const bus = createEventBus();
    const streams = [bus.stream(Tick), bus.stream(Tick)];
    await bus.emit(Tick, 1);

    expect(await Promise.all(streams.map((stream) => stream.next()))).toEqual([value(1), value(1)]);
  });
});

describe("a stream ends", () => {
  test("when its reader breaks out of the loop, and leaves nothing behind", async () => {
    const bus = createEventBus();
    const { signal } = new AbortController();
    const stream = bus.stream(Tick, { signal });
    await bus.emit(Tick, 1);

    for await (const tick of stream) {
      expect(tick).toBe(1);
      break;
    }

    expect(bus.listenerCount()).toBe(0);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    expect(await stream.next()).toEqual(DONE);
  });

  test("when its reader throws out of the loop", async () => {
    const bus = createEventBus();
    const stream = bus.stream(Tick);
    await bus.emit(Tick, 1);

    const read = async (): Promise<void> => {
      for await (const tick of stream) throw new Error(`cannot read ${tick}`);
    };

    await expect(read()).rejects.toThrow("cannot read 1");
    expect(bus.listenerCount()).toBe(0);
  });

  test("with return, also for a reader that is waiting", async () => {
    const bus = createEventBus();
    const stream = bus.stream(Tick);
    const waiting = stream.next();

    expect(await stream.return()).toEqual(DONE);

    expect(await waiting).toEqual(DONE);
    expect(await stream.return()).toEqual(DONE);
    expect(bus.listenerCount()).toBe(0);
  });

  test("without a rejection when its signal aborts while a reader waits", async () => {
    const bus = createEventBus();
    const controller = new AbortController();
    const stream = bus.stream(Tick, { signal: controller.signal });
    const waiting = [stream.next(), stream.next()];

    controller.abort(new Error("shutting down"));

    expect(await Promise.all(waiting)).toEqual([DONE, DONE]);
    expect(await stream.next()).toEqual(DONE);
    expect(bus.listenerCount()).toBe(0);
  });

  test("before its first payload if its signal has aborted, and registers nothing", async () => {
    const bus = createEventBus();
    const signal = AbortSignal.abort();
    const stream = bus.stream(Tick, { signal });
    expect(bus.listenerCount()).toBe(0);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);

    await bus.emit(Tick, 1);

    expect(await stream.next()).toEqual(DONE);
  });

  test("with removeAll, for a reader that is waiting too", async () => {
    const bus = createEventBus();
    const waiting = bus.stream(Tick).next();

    bus.removeAll(Tick);

    expect(await waiting).toEqual(DONE);
  });

  test.each<[string, (end: { abort: () => void; removeAll: () => void }) => void]>([
    ["abort", (end) => end.abort()],
    ["removeAll", (end) => end.removeAll()],
  ])("with %s at once: what was not read by then is dropped", async (_how, end) => {
    const bus = createEventBus();
    const controller = new AbortController();
    const stream = bus.stream(Tick, { signal: controller.signal });
    await bus.emit(Tick, 1);
    await bus.emit(Tick, 2);
    expect(await stream.next()).toEqual(value(1));
    await bus.emit(Tick, 3);

    end({ abort: () => controller.abort(), removeAll: () => bus.removeAll() });

    expect(await stream.next()).toEqual(DONE);
  });
});

describe("a stream whose reader falls behind", () => {
  test("holds as many payloads as its bound", async () => {
    const bus = createEventBus();
    const stream = bus.stream(Tick, { maxBuffered: 2 });
    await bus.emit(Tick, 1);
    await bus.emit(Tick, 2);
    expect(await stream.next()).toEqual(value(1));
    await bus.emit(Tick, 3);

    expect(bus.listenerCount(Tick)).toBe(1);

    await bus.emit(Tick, 4);
    expect(bus.listenerCount(Tick)).toBe(0);
    expect(await stream.next()).toEqual(value(2));
    expect(await stream.next()).toEqual(value(3));
    await expect(stream.next()).rejects.toMatchObject({ code: "BUFFER_OVERFLOW" });
  });

  test("yields what fitted, then throws where the gap is, then is over", async () => {
    const { stream } = await overflown(2);

    const seen: number[] = [];
    const read = async (): Promise<void> => {
      for await (const tick of stream) seen.push(tick);
    };
    const error = await read().catch((thrown: unknown) => thrown);

    expect(seen).toEqual([1, 2]);
    expect(error).toBeInstanceOf(EventBusError);
    expect(error).toMatchObject({
      code: "BUFFER_OVERFLOW",
      message: expect.stringContaining('"tick" fell behind: 2 events were waiting'),
    });
    expect(await stream.next()).toEqual(DONE);
  });

  test("has unsubscribed at the event that did not fit", async () => {
    const { signal } = new AbortController();
    const { bus } = await overflown(1, signal);

    expect(bus.listenerCount()).toBe(0);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  test("does not make the emitter fail, nor keep other handlers from the event", async () => {
    const bus = createEventBus();
    const log: number[] = [];
    bus.stream(Tick, { maxBuffered: 1 });
    bus.on(Tick, (tick) => log.push(tick));

    await bus.emit(Tick, 1);
    await expect(bus.emit(Tick, 2)).resolves.toBeUndefined();

    expect(log).toEqual([1, 2]);
  });

  test("ends without an error if the signal aborts before the reader comes to the gap", async () => {
    const controller = new AbortController();
    const { stream } = await overflown(1, controller.signal);

    controller.abort();

    expect(await stream.next()).toEqual(DONE);
  });

  test("ends without an error after return", async () => {
    const { stream } = await overflown(1);

    await stream.return();

    expect(await stream.next()).toEqual(DONE);
  });

  test.each([
    ["1000 by default", undefined, undefined, 1000],
    ["the bus's", 3, undefined, 3],
    ["its own before the bus's", 3, 2, 2],
  ])("has a bound that is %s", async (_, ofBus, ofStream, bound) => {
    const bus = createEventBus({ maxBuffered: ofBus });
    bus.stream(Tick, { maxBuffered: ofStream });
    for (let tick = 0; tick < bound; tick += 1) await bus.emit(Tick, tick);
    expect(bus.listenerCount(Tick)).toBe(1);

    await bus.emit(Tick, bound);

    expect(bus.listenerCount(Tick)).toBe(0);
  });
});
