import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { createNetworkPolicy } from "../../src/transport/network-policy.ts";
import { afterTest, failureOf, receiver, request, responseOf, table, textOf } from "./setup.ts";
import { socketTransport, until } from "./socket-setup.ts";

test("an address that refuses gives way to the next one at once", async () => {
  const server = await receiver();
  const { resolve } = table({ "hook.example.test": ["::1", "127.0.0.2", "127.0.0.1"] });
  const sender = socketTransport({
    resolve,
    policy: createNetworkPolicy({ allow: ["127.0.0.0/8", "::1"] }),
  });
  const outcome = await sender.send(request(`http://hook.example.test:${server.port}/`));
  expect(outcome).toMatchObject({ status: 200, address: "127.0.0.1" });
});

describe("deadlines and signals", () => {
  test("each of many attempts ends at its own time", async () => {
    const server = await receiver();
    server.script("/", [{ kind: "hang" }]);
    const sender = socketTransport();
    const times = [180, 40, 220, 100, 40, 140, 60, 200];
    const outcomes = await Promise.all(
      times.map((timeoutMs) => sender.send(request(server.url(), { timeoutMs }))),
    );
    for (const [index, { timings, ...outcome }] of outcomes.entries()) {
      expect(outcome).toMatchObject({ errorClass: "timeout" });
      expect(timings.totalMs).toBeGreaterThanOrEqual(times[index] ?? 0);
      expect(timings.totalMs).toBeLessThan((times[index] ?? 0) + 150);
    }
    await until(() => server.openConnections() === 0);
  });

  test.each([0, -1, Number.NaN])("a time of %d is over at once", async (timeoutMs) => {
    const server = await receiver();
    server.script("/", [{ kind: "hang" }]);
    const outcome = await socketTransport().send(request(server.url(), { timeoutMs }));
    expect(failureOf(outcome)).toEqual({ errorClass: "timeout" });
  });

  test("a signal ends all attempts that have it, and no others", async () => {
    const server = await receiver();
    server.script("/", [{ kind: "hang" }]);
    const sender = socketTransport();
    const [one, two] = [new AbortController(), new AbortController()];
    const sending = [one, two, one].map(({ signal }) =>
      sender.send(request(server.url(), { signal, timeoutMs: 300 })),
    );
    await server.received(3);
    one.abort();
    expect((await Promise.all(sending)).map(failureOf)).toEqual([
      { errorClass: "aborted" },
      { errorClass: "timeout" },
      { errorClass: "aborted" },
    ]);
  });

  test("a signal while a connection is being opened", async () => {
    const open = new Set<Socket>();
    // Reads, and says nothing.
    const server = createServer((socket) => {
      open.add(socket.resume());
      socket.on("error", () => {});
      socket.once("close", () => open.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    afterTest(() => server.close());
    const controller = new AbortController();
    const { port } = server.address() as AddressInfo;
    const sending = socketTransport().send(
      request(`https://127.0.0.1:${port}/`, { signal: controller.signal }),
    );
    await until(() => open.size === 1);
    controller.abort();
    expect(failureOf(await sending)).toEqual({ errorClass: "aborted" });
    await until(() => open.size === 0);
  });
});

test("what is read into is shared, and still every response has its own body", async () => {
  const server = await receiver();
  const sender = socketTransport();
  const paths = Array.from({ length: 20 }, (_each, index) => `/${index}`);
  for (const path of paths) {
    server.script(path, [{ kind: "respond", status: 200, body: path.repeat(500) }]);
  }
  const outcomes = await Promise.all(paths.map((path) => sender.send(request(server.url(path)))));
  for (const [index, outcome] of outcomes.entries()) {
    expect(textOf(responseOf(outcome).body)).toBe(`/${index}`.repeat(500));
  }
});

test("a header that could end its line is refused before anything is dialled", async () => {
  const server = await receiver();
  const outcome = await socketTransport().send(
    request(server.url(), { headers: { "x-secret": "secret\r\nwebhook-id: forged" } }),
  );
  expect(failureOf(outcome)).toEqual({ errorClass: "http", code: "INVALID_HEADER" });
  expect(JSON.stringify(outcome)).not.toContain("secret\\r");
  expect(server.connections()).toBe(0);
});
