import { describe, expect, test } from "vitest";
import type { FaultReceiver } from "../../src/testing/fault-receiver.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { TRANSPORTS, certificate, failureOf, receiver, request, table } from "./setup.ts";

const tls = { cert: certificate("server.pem"), key: certificate("server.key") };
const ca = certificate("ca.pem");

async function sendMany(sender: Transport, url: string, count: number, settings = {}) {
  const outcomes = [];
  for (let index = 0; index < count; index += 1) {
    outcomes.push(await sender.send(request(url, settings)));
  }
  return outcomes;
}

/** Resolves once the receiver has that many open connections; there is nothing but the kernel between. */
async function openConnections(server: FaultReceiver, count: number): Promise<void> {
  while (server.openConnections() !== count) await new Promise((resolve) => setImmediate(resolve));
}

describe.each(TRANSPORTS)("over the $name transport:", ({ name, transport }) => {
  describe("connections are kept", () => {
    test("ten requests in a row need one connection and one lookup", async () => {
      const server = await receiver();
      const { resolve, asked } = table({ "hook.example.test": ["127.0.0.1"] });
      const outcomes = await sendMany(
        transport({ resolve }),
        `http://hook.example.test:${server.port}/`,
        10,
      );
      expect(server.requests).toHaveLength(10);
      expect(server.connections()).toBe(1);
      expect(asked).toHaveLength(1);
      const [first, ...rest] = outcomes.map(({ timings }) => Object.keys(timings));
      expect(first).toEqual(["dnsMs", "connectMs", "firstByteMs", "totalMs"]);
      for (const keys of rest) expect(keys).toEqual(["firstByteMs", "totalMs"]);
      for (const outcome of outcomes) expect(outcome.address).toBe("127.0.0.1");
    });

    test("over TLS too, with the name in SNI and in the certificate check", async () => {
      const server = await receiver({ tls });
      const { resolve } = table({ "hook.example.test": ["127.0.0.1"] });
      const outcomes = await sendMany(
        transport({ resolve }),
        `https://hook.example.test:${server.port}/`,
        10,
        { tls: { ca } },
      );
      expect(outcomes.map(failureOf)).toEqual(
        outcomes.map(() => ({ kind: "response", status: 200 })),
      );
      expect(server.connections()).toBe(1);
    });

    test("ten requests at once need ten connections, which the next ten use again", async () => {
      const server = await receiver();
      const sender = transport();
      for (let round = 0; round < 2; round += 1) {
        await Promise.all(Array.from({ length: 10 }, () => sender.send(request(server.url()))));
      }
      expect(server.connections()).toBe(10);
    });

    test("not beyond maxIdleSockets", async () => {
      const server = await receiver();
      const sender = transport({ maxIdleSockets: 3 });
      await Promise.all(Array.from({ length: 10 }, () => sender.send(request(server.url()))));
      await openConnections(server, 3);
      expect(server.connections()).toBe(10);
    });

    test("maxIdleSockets counts over all hosts, and the longest idle goes", async () => {
      const [a, b] = [await receiver(), await receiver()];
      const sender = transport({ maxIdleSockets: 1 });
      await sender.send(request(a.url()));
      await openConnections(a, 1);
      await sender.send(request(b.url()));
      await openConnections(a, 0);
      expect(b.openConnections()).toBe(1);
    });

    test("maxIdleSockets leaves alone what is in use again", async () => {
      const [a, b] = [await receiver(), await receiver()];
      const sender = transport({ maxIdleSockets: 1 });
      await sender.send(request(a.url()));
      a.script("/", [{ kind: "drip", bytes: 3, intervalMs: 30 }]);
      const slow = sender.send(request(a.url()));
      await a.received(2);
      await sender.send(request(b.url()));
      expect(failureOf(await slow)).toEqual({ kind: "response", status: 200 });
      expect(a.connections()).toBe(1);
    });

    test("not beyond idleTimeoutMs", async () => {
      const server = await receiver();
      const sender = transport({ idleTimeoutMs: 30 });
      await sender.send(request(server.url()));
      await openConnections(server, 0);
    });

    test("idleTimeoutMs does not end a request in flight", async () => {
      const server = await receiver();
      server.script("/", [{ kind: "drip", bytes: 3, intervalMs: 50 }]);
      const outcome = await transport({ idleTimeoutMs: 20 }).send(request(server.url()));
      expect(failureOf(outcome)).toEqual({ kind: "response", status: 200 });
    });

    test("close closes them", async () => {
      const server = await receiver();
      const sender = transport();
      await sender.send(request(server.url()));
      sender.close();
      await openConnections(server, 0);
    });

    test("a truncated response's connection is not used again", async () => {
      const server = await receiver();
      server.script("/", [{ kind: "respond", status: 200, body: "long".repeat(50_000) }]);
      await sendMany(transport(), server.url(), 2, { maxResponseBytes: 1 });
      expect(server.connections()).toBe(2);
    });
  });

  describe("TLS settings", () => {
    test("a client certificate is presented", async () => {
      const server = await receiver({ tls: { ...tls, clientCa: ca } });
      const settings = { ca, cert: certificate("client.pem"), key: certificate("client.key") };
      const [outcome] = await sendMany(transport(), server.url(), 1, { tls: settings });
      expect(outcome && failureOf(outcome)).toEqual({ kind: "response", status: 200 });
    });

    test("connections are shared by requests with equal settings, and by no others", async () => {
      const server = await receiver({ tls });
      const sender = transport();
      await sendMany(sender, server.url(), 2, { tls: { ca } });
      await sendMany(sender, server.url(), 2, { tls: { ca: [ca] } });
      expect(server.connections()).toBe(2);
      // The trusted connection must not serve a request that trusts nobody.
      const [untrusting] = await sendMany(sender, server.url(), 1);
      expect(untrusting).toMatchObject({ kind: "error", errorClass: "tls" });
    });

    // The socket transport bounds connections, not sets of settings.
    test.runIf(name === "http")(
      "beyond maxAgents the least recently used set gives up its connections",
      async () => {
        const server = await receiver({ tls });
        const plain = await receiver();
        const sender = transport({ maxAgents: 1 });
        await sendMany(sender, server.url(), 1, { tls: { ca } });
        await openConnections(server, 1);
        await sendMany(sender, plain.url(), 1);
        await openConnections(server, 0);
      },
    );

    test.runIf(name === "http")(
      "a set that is given up does not cut its request in flight",
      async () => {
        const server = await receiver({ tls });
        const plain = await receiver();
        server.script("/", [{ kind: "drip", bytes: 3, intervalMs: 30 }]);
        const sender = transport({ maxAgents: 1 });
        const slow = sender.send(request(server.url(), { tls: { ca } }));
        await server.received(1);
        await sender.send(request(plain.url()));
        expect(failureOf(await slow)).toEqual({ kind: "response", status: 200 });
        await openConnections(server, 0);
      },
    );
  });

  describe.each(["http", "https"])("an idle %s connection that the endpoint closes", (scheme) => {
    const start = () => receiver(scheme === "https" ? { tls } : {});
    const settings = { tls: { ca } };
    const ok = { kind: "respond", status: 200 } as const;
    const reset = { kind: "reset", when: "before-headers" } as const;

    test("before its next request is noticed", async () => {
      const server = await start();
      const sender = transport();
      await sendMany(sender, server.url(), 1, settings);
      server.dropConnections();
      const [outcome] = await sendMany(sender, server.url(), 1, settings);
      expect(outcome && failureOf(outcome)).toEqual({ kind: "response", status: 200 });
      expect(server.connections()).toBe(2);
    });

    test("under its next request is replaced once, as one attempt", async () => {
      const server = await start();
      server.script("/", [ok, reset, ok]);
      const sender = transport();
      const outcomes = await sendMany(sender, server.url(), 2, settings);
      expect(outcomes.map(failureOf)).toEqual([
        { kind: "response", status: 200 },
        { kind: "response", status: 200 },
      ]);
      expect(server.requests).toHaveLength(3);
      expect(server.connections()).toBe(2);
      // The second was measured over a connection of its own.
      expect(outcomes[1]?.timings.connectMs).toBeGreaterThan(0);
    });

    test("is replaced by a new connection, not by another idle one", async () => {
      const server = await start();
      const sender = transport();
      await Promise.all([1, 2, 3].map(() => sender.send(request(server.url(), settings))));
      await openConnections(server, 3);
      server.script("/", [reset, ok]);
      const outcome = await sender.send(request(server.url(), settings));
      expect(failureOf(outcome)).toEqual({ kind: "response", status: 200 });
      expect(server.connections()).toBe(4);
      await openConnections(server, 1);
    });

    test("is replaced only once", async () => {
      const server = await start();
      server.script("/", [ok, reset]);
      const outcomes = await sendMany(transport(), server.url(), 2, settings);
      expect(outcomes[1]).toMatchObject({ kind: "error", errorClass: "http" });
      expect(server.requests).toHaveLength(3);
    });

    test("is not replaced after a byte of a response", async () => {
      const server = await start();
      server.script("/", [ok, { kind: "raw", bytes: "HTTP/1.1 2", afterwards: "end" }, ok]);
      const outcomes = await sendMany(transport(), server.url(), 2, settings);
      expect(outcomes[1]).toMatchObject({ kind: "error", errorClass: "http" });
      expect(server.requests).toHaveLength(2);
    });

    test("is not replaced after a byte of a response that is reset", async () => {
      const server = await start();
      server.script("/", [ok, { kind: "raw", bytes: "HTTP/1.1 2", afterwards: "reset" }, ok]);
      const outcomes = await sendMany(transport(), server.url(), 2, settings);
      expect(outcomes[1]).toMatchObject({ kind: "error", errorClass: "http" });
      expect(server.requests).toHaveLength(2);
    });

    test("is replaced within the same deadline", async () => {
      const server = await start();
      server.script("/", [ok, reset, { kind: "hang" }]);
      const sender = transport();
      await sendMany(sender, server.url(), 1, settings);
      const [outcome] = await sendMany(sender, server.url(), 1, { ...settings, timeoutMs: 100 });
      expect(outcome && failureOf(outcome)).toEqual({ errorClass: "timeout" });
      expect(outcome?.timings.totalMs).toBeLessThan(1_000);
    });
  });

  describe("options", () => {
    test.each([
      { maxIdleSockets: -1 },
      { maxIdleSockets: 1.5 },
      { idleTimeoutMs: 0 },
      { idleTimeoutMs: 2 ** 31 },
      ...(name === "http"
        ? [{ maxAgents: 0 }, { maxAgents: Number.NaN }]
        : [{ maxIdlePerOrigin: -1 }, { maxIdlePerOrigin: Number.NaN }]),
    ])("%o is refused", (options) => {
      expect(() => transport(options)).toThrow(
        expect.objectContaining({
          code: "INVALID_OPTION",
          message: expect.stringContaining(Object.keys(options)[0] ?? ""),
        }),
      );
    });
  });
});
