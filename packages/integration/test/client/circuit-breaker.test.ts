import { describe, expect, test } from "vitest";
import type { CircuitState } from "@ventostack/integration/client";
import { createCircuitBreaker } from "@ventostack/integration/client";
import { hang, reset, respond, status, useFaultServer } from "./fault-server.ts";
import { createManualClock, errorOf, makeClient } from "./set-up.ts";

const server = useFaultServer();
const breaker = { windowSize: 4, minimumCalls: 2, openMs: 10_000 };

function make() {
  const clock = createManualClock();
  const states: CircuitState[] = [];
  const circuit = createCircuitBreaker({
    ...breaker,
    clock,
    onChange: (s) => void states.push(s),
  });
  const fail = () => circuit.enter()?.failed();
  return { clock, states, circuit, fail };
}

describe("the breaker alone", () => {
  test("opens when more than half of the last calls failed, and not before minimumCalls", () => {
    const { circuit, fail } = make();
    fail();
    expect(circuit.state()).toBe("closed");
    circuit.enter()?.succeeded();
    circuit.enter()?.succeeded();
    fail();
    expect(circuit.state()).toBe("closed");
    fail();
    expect(circuit.state()).toBe("closed");
    fail();
    expect(circuit.state()).toBe("open");
    expect(circuit.enter()).toBeUndefined();
    expect(circuit.retryAfterMs()).toBe(10_000);
  });

  test("lets one call through after openMs and refuses the others meanwhile", async () => {
    const { circuit, fail, clock } = make();
    fail();
    fail();
    await clock.advance(9_999);
    expect(circuit.allows()).toBe(false);
    await clock.advance(1);
    expect(circuit.state()).toBe("half_open");
    const trial = circuit.enter();
    expect(trial).toBeDefined();
    expect(circuit.enter()).toBeUndefined();
    trial?.succeeded();
    expect(circuit.state()).toBe("closed");
    fail();
    expect(circuit.state()).toBe("closed");
  });

  test("opens again when that call fails, for as long", async () => {
    const { circuit, fail, clock, states } = make();
    fail();
    fail();
    await clock.advance(10_000);
    circuit.enter()?.failed();
    expect(circuit.state()).toBe("open");
    expect(circuit.retryAfterMs()).toBe(10_000);
    expect(states).toEqual(["open", "half_open", "open"]);
  });

  test("learns nothing from a trial call that was aborted: the next one is the trial", async () => {
    const { circuit, fail, clock } = make();
    fail();
    fail();
    await clock.advance(10_000);
    circuit.enter()?.cancelled();
    expect(circuit.state()).toBe("half_open");
    circuit.enter()?.succeeded();
    expect(circuit.state()).toBe("closed");
  });

  test("ignores calls that began before it opened, and second reports", async () => {
    const { circuit, fail, clock } = make();
    const old = circuit.enter();
    fail();
    fail();
    await clock.advance(10_000);
    const trial = circuit.enter();
    old?.failed();
    expect(circuit.allows()).toBe(false);
    expect(circuit.state()).toBe("half_open");
    trial?.succeeded();
    trial?.failed();
    old?.failed();
    expect(circuit.state()).toBe("closed");
    fail();
    expect(circuit.state()).toBe("closed");
  });

  test("is not disturbed by a listener that throws", () => {
    const circuit = createCircuitBreaker({
      ...breaker,
      onChange: () => {
        throw new Error("listener");
      },
    });
    circuit.enter()?.failed();
    circuit.enter()?.failed();
    expect(circuit.state()).toBe("open");
  });
});

describe("a client's circuit", () => {
  test.each([
    ["a 500", status(500), "HTTP_ERROR"],
    ["an RST", reset, "NETWORK_ERROR"],
  ])("opens by %s, and then nothing is sent", async (_name, fault, code) => {
    server.answers(fault);
    const { client, logs } = makeClient(server.url(), { breaker, retry: false });
    expect(errorOf(await client.get("/")).code).toBe(code);
    expect(errorOf(await client.get("/")).code).toBe(code);
    const error = errorOf(await client.get("/"));
    expect(error).toMatchObject({
      code: "CIRCUIT_OPEN",
      outcome: "not_sent",
      attempts: 0,
      retryable: true,
      retryAfterMs: 10_000,
    });
    expect(server.count()).toBe(2);
    expect(client.status().circuit).toBe("open");
    expect(logs.map(({ circuit }) => circuit)).toEqual(["closed", "open", "open"]);
  });

  test("opens by time-outs", async () => {
    server.answers(hang);
    const { client, clock } = makeClient(server.url(), { breaker, retry: false });
    for (const count of [1, 2]) {
      const result = client.get("/");
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await server.received(count);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await clock.advance(30_000);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(errorOf(await result).code).toBe("TIMEOUT");
    }
    expect(client.status().circuit).toBe("open");
  });

  test("ends retries as soon as it is open", async () => {
    server.answers(status(500));
    const { client } = makeClient(server.url(), { breaker });
    expect(errorOf(await client.get("/"))).toMatchObject({
      code: "CIRCUIT_OPEN",
      outcome: "unknown",
      attempts: 2,
    });
  });

  test.each([400, 401, 404, 408, 409, 429])("stays closed whatever comes with %i", async (code) => {
    server.answers(status(code));
    const { client } = makeClient(server.url(), { breaker, retry: false });
    for (let call = 0; call < 6; call += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(errorOf(await client.get("/")).status).toBe(code);
    }
    expect(client.status().circuit).toBe("closed");
  });

  test("stays closed by aborts, also those of time-out signals of the caller", async () => {
    server.answers(hang);
    const { client } = makeClient(server.url(), { breaker, retry: false });
    for (const count of [1, 2, 3]) {
      const controller = new AbortController();
      const result = client.get("/", { signal: controller.signal });
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await server.received(count);
      controller.abort(new DOMException("The operation timed out.", "TimeoutError"));
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(errorOf(await result).code).toBe("ABORTED");
    }
    expect(client.status().circuit).toBe("closed");
  });

  test("lets one of many callers try when the time has come; the others fail at once", async () => {
    server.answers(status(500), status(500), hang);
    const { client, clock } = makeClient(server.url(), { breaker, retry: false });
    await client.get("/");
    await client.get("/");
    await clock.advance(10_000);
    const trial = client.get("/");
    await server.received(3);
    expect(errorOf(await client.get("/")).code).toBe("CIRCUIT_OPEN");
    await clock.advance(30_000);
    expect(errorOf(await trial).code).toBe("TIMEOUT");
    expect(client.status().circuit).toBe("open");
    server.answers(respond(200, {}));
    await clock.advance(10_000);
    expect((await client.get("/")).success).toBe(true);
    expect(client.status().circuit).toBe("closed");
  });

  test("refuses at once also where a throttle would make calls wait", async () => {
    server.answers(status(500), status(500), hang);
    const throttle = { concurrency: 1 };
    const { client, clock } = makeClient(server.url(), { breaker, throttle, retry: false });
    await client.get("/");
    await client.get("/");
    await clock.advance(10_000);
    const trial = client.get("/");
    await server.received(3);
    expect(errorOf(await client.get("/")).code).toBe("CIRCUIT_OPEN");
    await clock.advance(30_000);
    await trial;
  });

  test("can be shared by clients, and switched off", async () => {
    server.answers(status(500));
    const circuit = createCircuitBreaker(breaker);
    const one = makeClient(server.url(), { breaker: circuit, retry: false });
    const two = makeClient(server.url(), { breaker: circuit, retry: false });
    const none = makeClient(server.url(), { breaker: false, retry: false });
    await one.client.get("/");
    await one.client.get("/");
    expect(errorOf(await two.client.get("/")).code).toBe("CIRCUIT_OPEN");
    expect(errorOf(await none.client.get("/")).code).toBe("HTTP_ERROR");
    expect(none.client.status().circuit).toBe("closed");
  });
});
