import { describe, expect, test } from "vitest";
import { createEventBus, defineEvent } from "../src/index.ts";

const OrderCreated = defineEvent<{ orderId: string }>("order.created");
const Ping = defineEvent("ping");
const payload = { orderId: "123" };

function thrownBy(run: Promise<void>): Promise<unknown> {
  return run.then(
    () => expect.unreachable("emit resolved"),
    (error: unknown) => error,
  );
}

describe("emit", () => {
  test("hands an order on to the webhook manager, as the documented lines have it", async () => {
    const sent: unknown[] = [];
    const outbound = {
      sendEvent: async (event: { type: string; payload: unknown }) => {
        await Promise.resolve();
        sent.push(event);
      },
    };

    const bus = createEventBus();
    bus.on(OrderCreated, async (created) => {
      await outbound.sendEvent({ type: OrderCreated.name, payload: created });
    });
    await bus.emit(OrderCreated, payload);

    expect(sent).toEqual([{ type: "order.created", payload }]);
  });

  test("calls the handlers in the order in which they were registered, each after the last has settled", async () => {
    const bus = createEventBus();
    const log: string[] = [];
    const gate = Promise.withResolvers<undefined>();
    bus.on(OrderCreated, async () => {
      log.push("first begins");
      await gate.promise;
      log.push("first ends");
    });
    bus.on(OrderCreated, () => log.push("second"));
    bus.on(OrderCreated, () => log.push("third"));

    const done = bus.emit(OrderCreated, payload);
    await Promise.resolve();
    expect(log).toEqual(["first begins"]);

    gate.resolve(undefined);
    await done;
    expect(log).toEqual(["first begins", "first ends", "second", "third"]);
  });

  test("has run every handler by the time it returns if none of them returns a promise", () => {
    const bus = createEventBus();
    const log: number[] = [];
    bus.on(Ping, () => log.push(1));
    bus.on(Ping, () => log.push(2));

    void bus.emit(Ping);

    expect(log).toEqual([1, 2]);
  });

  test("waits for anything with a then method, not only for promises", async () => {
    const bus = createEventBus();
    const log: string[] = [];
    bus.on(Ping, () => ({
      // oxlint-disable-next-line unicorn/no-thenable -- what a query builder returns
      then: (resolve: () => void) => {
        log.push("query sent");
        resolve();
      },
    }));
    bus.on(Ping, () => log.push("second"));

    await bus.emit(Ping);

    expect(log).toEqual(["query sent", "second"]);
  });

  test("hands the payload on as it is and nothing beside it, and binds no this", async () => {
    const bus = createEventBus();
    const calls: { self: unknown; args: unknown[] }[] = [];
    function handler(this: unknown, ...args: unknown[]): void {
      calls.push({ self: this, args });
    }
    bus.on(OrderCreated, handler);
    bus.once(OrderCreated, handler);

    await bus.emit(OrderCreated, payload);

    expect(calls).toEqual([
      { self: undefined, args: [payload] },
      { self: undefined, args: [payload] },
    ]);
    expect(calls[0]?.args[0]).toBe(payload);
  });

  test("resolves at once if nobody listens", async () => {
    const bus = createEventBus();
    const log: string[] = [];
    const done = bus.emit(Ping).then(() => log.push("emitted"));
    void Promise.resolve().then(() => log.push("one turn later"));

    await done;

    expect(log[0]).toBe("emitted");
  });

  test("reaches the handlers of its own event on its own bus only", async () => {
    const bus = createEventBus();
    const log: string[] = [];
    bus.on(defineEvent("order.deleted"), () => log.push("other event"));
    createEventBus().on(Ping, () => log.push("other bus"));

    await bus.emit(Ping);

    expect(log).toEqual([]);
  });

  test("takes two definitions with one name for the same event", async () => {
    const bus = createEventBus();
    let calls = 0;
    bus.on(defineEvent("ping"), () => (calls += 1));

    await bus.emit(Ping);

    expect(calls).toBe(1);
  });

  test("keeps names apart that every object has", async () => {
    const bus = createEventBus();
    const ToString = defineEvent("__proto__");
    let calls = 0;
    await bus.emit(ToString);
    bus.on(ToString, () => (calls += 1));

    await bus.emit(ToString);

    expect(calls).toBe(1);
  });

  test("may be nested: an inner emit is over before the outer one goes on", async () => {
    const bus = createEventBus();
    const log: string[] = [];
    bus.on(OrderCreated, async () => {
      await bus.emit(Ping);
      log.push("outer");
    });
    bus.on(Ping, async () => {
      await Promise.resolve();
      log.push("inner");
    });

    await bus.emit(OrderCreated, payload);

    expect(log).toEqual(["inner", "outer"]);
  });

  test("works when destructured", async () => {
    const { on, emit, listenerCount } = createEventBus();
    let calls = 0;
    on(Ping, () => (calls += 1));

    await emit(Ping);

    expect([calls, listenerCount(Ping)]).toEqual([1, 1]);
  });
});

describe("an emit with failing handlers", () => {
  test("runs the others and then throws what failed, in the order of the handlers", async () => {
    const bus = createEventBus();
    const log: string[] = [];
    const late = new Error("rejected late");
    bus.on(OrderCreated, async () => {
      await Promise.resolve();
      throw late;
    });
    bus.on(OrderCreated, () => log.push("between"));
    bus.on(OrderCreated, () => {
      // oxlint-disable-next-line typescript/only-throw-error -- what a handler may do
      throw "no error at all";
    });
    bus.on(OrderCreated, () => log.push("last"));

    const error = await thrownBy(bus.emit(OrderCreated, payload));

    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).errors).toEqual([late, "no error at all"]);
    expect((error as AggregateError).errors[0]).toBe(late);
    expect(log).toEqual(["between", "last"]);
  });

  test.each([
    [1, '1 handler of the event "order.created" failed'],
    [2, '2 handlers of the event "order.created" failed'],
  ])(
    "says how many failed and on which event, for %i, and no word of the payload",
    async (count, message) => {
      const bus = createEventBus();
      for (let i = 0; i < count; i += 1) {
        bus.on(OrderCreated, (created) => {
          throw new Error(`cannot store ${created.orderId}`);
        });
      }

      const error = await thrownBy(bus.emit(OrderCreated, { orderId: "SECRET" }));

      expect((error as AggregateError).message).toBe(message);
      expect((error as AggregateError).errors).toHaveLength(count);
    },
  );

  test("cannot forge a line of the log with the event's name", async () => {
    const bus = createEventBus();
    const Forged = defineEvent("ping\nroot logged in");
    bus.on(Forged, () => {
      throw new Error("failed");
    });

    const error = await thrownBy(bus.emit(Forged));

    expect((error as AggregateError).message).not.toContain("\n");
  });

  test("leaves nothing behind for the next emit", async () => {
    const bus = createEventBus();
    let healthy = false;
    bus.on(Ping, () => {
      if (!healthy) throw new Error("not yet");
    });
    await thrownBy(bus.emit(Ping));
    healthy = true;

    await expect(bus.emit(Ping)).resolves.toBeUndefined();
  });
});

describe("onAny", () => {
  test("sees every event with its definition and payload", async () => {
    const bus = createEventBus();
    const seen: unknown[] = [];
    bus.onAny((event, value) => seen.push(event, value));

    await bus.emit(OrderCreated, payload);
    await bus.emit(Ping);

    expect(seen).toEqual([OrderCreated, payload, Ping, undefined]);
    expect(seen[0]).toBe(OrderCreated);
  });

  test("takes its turn among the event's own handlers in order of registration", async () => {
    const bus = createEventBus();
    const log: string[] = [];
    bus.on(Ping, () => log.push("on 1"));
    bus.onAny(() => log.push("any 2"));
    bus.on(Ping, () => log.push("on 3"));
    bus.onAny(() => log.push("any 4"));

    await bus.emit(Ping);

    expect(log).toEqual(["on 1", "any 2", "on 3", "any 4"]);
  });

  test("is awaited, and its failure is one of the emit's", async () => {
    const bus = createEventBus();
    const failure = new Error("audit log is full");
    bus.onAny(async () => {
      await Promise.resolve();
      throw failure;
    });

    const error = await thrownBy(bus.emit(Ping));

    expect((error as AggregateError).errors).toEqual([failure]);
  });
});
