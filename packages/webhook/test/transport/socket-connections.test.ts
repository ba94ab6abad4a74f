import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import type { FaultReceiver } from "../../src/testing/fault-receiver.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { certificate, failureOf, receiver, request, responseOf, table, textOf } from "./setup.ts";
import { OK, listen, socketTransport, until } from "./socket-setup.ts";

async function sendAtOnce(sender: Transport, server: FaultReceiver, count: number) {
  await Promise.all(Array.from({ length: count }, () => sender.send(request(server.url()))));
}

const NO_CONTENT = "HTTP/1.1 204 No Content\r\n\r\n";

describe("a connection is used again", () => {
  test("after a response that was longer than is kept, once the rest has been read", async () => {
    const server = await receiver();
    server.script("/", [{ kind: "respond", status: 200, body: "a".repeat(60_000) }]);
    const sender = socketTransport();
    for (let round = 0; round < 3; round += 1) {
      const outcome = responseOf(
        await sender.send(request(server.url(), { maxResponseBytes: 10 })),
      );
      expect([textOf(outcome.body), outcome.truncated]).toEqual(["a".repeat(10), true]);
      // The next request takes a new connection as long as the rest is on its way.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(server.connections()).toBe(1);
  });

  test("not while the rest of a response drips in, which nobody waits for", async () => {
    const server = await receiver();
    server.script("/", [
      { kind: "drip", bytes: 1_000, intervalMs: 5 },
      { kind: "respond", status: 200 },
    ]);
    const sender = socketTransport();
    const first = await sender.send(request(server.url(), { maxResponseBytes: 1 }));
    expect(responseOf(first).truncated).toBe(true);
    expect(first.timings.totalMs).toBeLessThan(1_000);
    expect(failureOf(await sender.send(request(server.url())))).toEqual(OK);
    expect(server.connections()).toBe(2);
  });

  test("not while the rest of a response drips in for longer than a second", async () => {
    const server = await receiver();
    server.script("/", [{ kind: "drip", bytes: 1_000, intervalMs: 5 }]);
    await socketTransport().send(request(server.url(), { maxResponseBytes: 1 }));
    await until(() => server.openConnections() === 0);
    expect(server.bytesSent()).toBeLessThan(600);
  });

  test("not after the endpoint has sent what nobody asked for", async () => {
    const server = await listen((socket) => {
      socket.on("data", () => socket.write(NO_CONTENT));
    });
    const sender = socketTransport();
    expect(failureOf(await sender.send(request(server.url)))).toMatchObject({ status: 204 });
    // A response for the next request, before that has been sent.
    server.sockets[0]?.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    await new Promise<void>((resolve) => server.sockets[0]?.once("close", () => resolve()));
    expect(failureOf(await sender.send(request(server.url)))).toMatchObject({ status: 204 });
    expect(server.sockets).toHaveLength(2);
  });

  test.each([
    ["timeout=0", 2],
    ["timeout=60", 1],
  ])("not for longer than the endpoint keeps it: %s", async (value, connections) => {
    const server = await receiver();
    const headers = { "keep-alive": value };
    server.script("/", [{ kind: "respond", status: 200, headers }]);
    const sender = socketTransport();
    for (let round = 0; round < 2; round += 1) await sender.send(request(server.url()));
    expect(server.connections()).toBe(connections);
  });

  test("not where the endpoint has answered before it has read the request", async () => {
    const server = await listen((socket) => {
      socket.pause();
      socket.write(NO_CONTENT);
    });
    const sender = socketTransport();
    const body = new Uint8Array(20_000_000);
    expect(failureOf(await sender.send(request(server.url, { body })))).toMatchObject({
      status: 204,
    });
    await sender.send(request(server.url));
    expect(server.sockets).toHaveLength(2);
  });
});

describe("idle connections", () => {
  test("are bounded for each origin", async () => {
    const [a, b] = [await receiver(), await receiver()];
    const sender = socketTransport({ maxIdlePerOrigin: 2 });
    await sendAtOnce(sender, a, 5);
    await sendAtOnce(sender, b, 5);
    await until(() => a.openConnections() === 2 && b.openConnections() === 2);
  });

  test.each([{ maxIdlePerOrigin: 0 }, { maxIdleSockets: 0 }])("%o keeps none", async (options) => {
    const server = await receiver();
    const sender = socketTransport(options);
    for (let round = 0; round < 2; round += 1) await sender.send(request(server.url()));
    await until(() => server.openConnections() === 0);
    expect(server.connections()).toBe(2);
  });

  test("are given up by all paths of an origin together, and by no other origin", async () => {
    const [a, b] = [await receiver(), await receiver()];
    const sender = socketTransport();
    for (const url of [a.url("/one"), a.url("/two?x=1"), b.url("/one"), a.url("/one")]) {
      await sender.send(request(url));
    }
    expect([a.connections(), b.connections()]).toEqual([1, 1]);
  });

  test("end when the name has an address that is refused", async () => {
    const server = await receiver();
    server.script("/slow", [{ kind: "drip", bytes: 5, intervalMs: 20 }]);
    const answers = [["127.0.0.1"], ["127.0.0.1"], ["10.0.0.1"]];
    const asked: string[] = [];
    const sender = socketTransport({
      resolve: async (name) => {
        asked.push(name);
        return (answers.shift() ?? []).map((address) => ({ address, family: 4 }));
      },
    });
    const url = `http://hook.example.test:${server.port}`;
    await sender.send(request(`${url}/`));
    const [slow, busy] = [sender.send(request(`${url}/slow`)), sender.send(request(`${url}/`))];
    expect(failureOf(await busy)).toEqual(OK);
    await until(() => server.openConnections() === 2);
    // One is idle, one is in use, and a third is wanted at an address that is not allowed any more.
    const [idle, refused] = await Promise.all([
      sender.send(request(`${url}/slow`)),
      sender.send(request(`${url}/`)),
    ]);
    expect(failureOf(refused)).toEqual({ errorClass: "blocked", code: "BLOCKED_ADDRESS" });
    // What was under way goes on, but nothing is kept.
    expect([failureOf(await slow), failureOf(idle)]).toEqual([OK, OK]);
    await until(() => server.openConnections() === 0);
    expect(asked).toHaveLength(3);
  });

  test("are not kept where the name was refused while they were opened", async () => {
    const server = await receiver({
      tls: { cert: certificate("server.pem"), key: certificate("server.key") },
    });
    let release: (() => void) | undefined;
    // Holds the handshake back until it is told to go on.
    const gate = await listen((socket) => {
      release = () => {
        const onward = connect(server.port, "127.0.0.1");
        onward.on("error", () => socket.destroy());
        socket.on("close", () => onward.destroy());
        onward.pipe(socket).pipe(onward);
      };
    });
    const answers = ["127.0.0.1", "10.0.0.1"];
    const sender = socketTransport({
      resolve: async () => [{ address: answers.shift() ?? "", family: 4 }],
    });
    const sent = request(`https://hook.example.test:${gate.port}/`, {
      tls: { ca: certificate("ca.pem") },
    });
    const first = sender.send(sent);
    await until(() => gate.sockets.length === 1);
    expect(failureOf(await sender.send(sent))).toMatchObject({ errorClass: "blocked" });
    release?.();
    expect(failureOf(await first)).toEqual(OK);
    await until(() => server.openConnections() === 0);
  });
});

describe("lookups", () => {
  test("are shared by those who dial at the same time", async () => {
    const server = await receiver();
    const { resolve, asked } = table({ "hook.example.test": ["127.0.0.1"] });
    const sender = socketTransport({ resolve });
    const url = `http://hook.example.test:${server.port}/`;
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => sender.send(request(url))));
    expect(outcomes.map(failureOf)).toEqual(outcomes.map(() => OK));
    expect(server.connections()).toBe(10);
    expect(asked).toHaveLength(1);
  });

  test("that fail, fail for all of them, and are made anew by the next", async () => {
    const { resolve, asked } = table({});
    const sender = socketTransport({ resolve });
    const send = () => sender.send(request("http://gone.example.test/"));
    const outcomes = await Promise.all([send(), send()]);
    expect(outcomes.map(failureOf)).toEqual([
      { errorClass: "dns", code: "ENOTFOUND" },
      { errorClass: "dns", code: "ENOTFOUND" },
    ]);
    await send();
    expect(asked).toHaveLength(2);
  });
});
