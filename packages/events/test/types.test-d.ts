import { describe, expectTypeOf, test } from "vitest";
import type {
  AnyEventDefinition,
  EventBus,
  EventBusErrorCode,
  EventDefinition,
  EventStream,
  Unsubscribe,
} from "../src/index.ts";
import { createEventBus, defineEvent } from "../src/index.ts";

interface Order {
  orderId: string;
}

const OrderCreated = defineEvent<Order>("order.created");
const Ping = defineEvent("ping");
const bus = createEventBus();
const forward = <T>(event: EventDefinition<T>, payload: T): Promise<void> =>
  bus.emit(event, payload);

describe("defineEvent", () => {
  test("carries the payload's type, and void without a type argument", () => {
    expectTypeOf(OrderCreated).toEqualTypeOf<EventDefinition<Order>>();
    expectTypeOf(Ping).toEqualTypeOf<EventDefinition<void>>();
    // oxlint-disable-next-line typescript/no-unnecessary-type-arguments -- both spellings are promised
    expectTypeOf(defineEvent<void>("ping")).toEqualTypeOf<EventDefinition<void>>();
    expectTypeOf(OrderCreated.name).toEqualTypeOf<string>();
  });

  test("makes a value that cannot be changed or written by hand", () => {
    // @ts-expect-error the name is read-only
    OrderCreated.name = "order.deleted";
    // @ts-expect-error an object with a name is no definition
    void bus.emit({ name: "order.created" }, { orderId: "1" });
    // @ts-expect-error a name is no definition
    void bus.emit("order.created", { orderId: "1" });
    // @ts-expect-error a name is a string
    defineEvent(7);
  });

  test("keeps definitions of different payloads apart in both directions", () => {
    expectTypeOf<EventDefinition<Order & { total: number }>>().not.toExtend<
      EventDefinition<Order>
    >();
    expectTypeOf<EventDefinition<Order>>().not.toExtend<
      EventDefinition<Order & { total: number }>
    >();
    expectTypeOf<EventDefinition<Order>>().toExtend<AnyEventDefinition>();
  });
});

describe("emit", () => {
  test("takes the event's payload and no other", () => {
    expectTypeOf(bus.emit(OrderCreated, { orderId: "1" })).toEqualTypeOf<Promise<void>>();
    // @ts-expect-error the id is a string
    void bus.emit(OrderCreated, { orderId: 1 });
    // @ts-expect-error a field is missing
    void bus.emit(OrderCreated, {});
    // @ts-expect-error a field is not known
    void bus.emit(OrderCreated, { orderId: "1", total: 5 });
    // @ts-expect-error the payload is missing
    void bus.emit(OrderCreated);
  });

  test("takes no payload for an event without one", () => {
    expectTypeOf(bus.emit(Ping)).toEqualTypeOf<Promise<void>>();
    // @ts-expect-error there is no payload
    void bus.emit(Ping, { orderId: "1" });
  });

  test("asks for a payload that may be undefined among other things", () => {
    const Renamed = defineEvent<string | undefined>("renamed");
    void bus.emit(Renamed, undefined);
    // @ts-expect-error the payload has to be said
    void bus.emit(Renamed);
  });

  test("can be called where the payload's type is a type parameter", () => {
    expectTypeOf(forward(OrderCreated, { orderId: "1" })).toEqualTypeOf<Promise<void>>();
  });
});

describe("handlers", () => {
  test("get the payload's type", () => {
    bus.on(OrderCreated, (payload) => expectTypeOf(payload).toEqualTypeOf<Order>());
    bus.once(OrderCreated, (payload) => expectTypeOf(payload).toEqualTypeOf<Order>());
    bus.on(Ping, (payload) => expectTypeOf(payload).toEqualTypeOf<void>());
    bus.onAny((event, payload) => {
      expectTypeOf(event).toEqualTypeOf<AnyEventDefinition>();
      expectTypeOf(payload).toEqualTypeOf<unknown>();
    });
  });

  test("may be sync or async, and may return what they like", () => {
    bus.on(OrderCreated, () => undefined);
    bus.on(OrderCreated, () => 1);
    bus.on(OrderCreated, async (payload) => payload.orderId);
  });

  test("may not ask for more than the payload has", () => {
    // @ts-expect-error there is no total
    bus.on(OrderCreated, (payload: Order & { total: number }) => payload.total);
    // @ts-expect-error there is no total
    bus.once(OrderCreated, (payload: Order & { total: number }) => payload.total);
    // @ts-expect-error there is no total
    bus.off(OrderCreated, (payload: Order & { total: number }) => payload.total);
    // @ts-expect-error the payload is no string
    bus.on(OrderCreated, (payload: string) => payload);
    bus.on(OrderCreated, (payload: { orderId: string | number }) => payload.orderId);
  });

  test("may not be anything but functions, nor take a signal without its braces", () => {
    // @ts-expect-error no function
    bus.on(OrderCreated, "handler");
    // @ts-expect-error the signal belongs into an object
    bus.on(OrderCreated, () => undefined, new AbortController().signal);
    bus.on(OrderCreated, () => undefined, { signal: undefined });
  });

  test("are unsubscribed by a function that can be disposed of", () => {
    expectTypeOf(bus.on(Ping, () => undefined)).toEqualTypeOf<Unsubscribe>();
    expectTypeOf<Unsubscribe>().toExtend<() => void>();
    expectTypeOf<Unsubscribe>().toExtend<Disposable>();
  });
});

describe("stream", () => {
  test("yields the payload's type", async () => {
    const stream = bus.stream(OrderCreated, { maxBuffered: 10 });
    expectTypeOf(stream).toEqualTypeOf<EventStream<Order>>();
    expectTypeOf(stream).toExtend<AsyncIterable<Order>>();
    expectTypeOf(stream).toExtend<AsyncIterator<Order>>();
    for await (const payload of stream) expectTypeOf(payload).toEqualTypeOf<Order>();
  });
});

test("removeAll and listenerCount take any definition, and no name", () => {
  bus.removeAll(OrderCreated);
  expectTypeOf(bus.listenerCount(Ping)).toEqualTypeOf<number>();
  // @ts-expect-error a name is no definition
  bus.removeAll("order.created");
  // @ts-expect-error an object with a name is no definition
  bus.removeAll({ name: "order.created" });
  // @ts-expect-error a name is no definition
  bus.listenerCount("order.created");
});

test("the codes are a closed union", () => {
  expectTypeOf<EventBusErrorCode>().toEqualTypeOf<
    "INVALID_EVENT" | "INVALID_HANDLER" | "INVALID_OPTION" | "BUFFER_OVERFLOW"
  >();
  expectTypeOf(createEventBus).returns.toEqualTypeOf<EventBus>();
});
