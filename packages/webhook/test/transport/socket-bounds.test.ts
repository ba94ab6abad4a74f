import { describe, expect, test, vi } from "vitest";
import { createNetworkPolicy } from "../../src/transport/network-policy.ts";
import { createRoutes } from "../../src/transport/route.ts";
import { failureOf, receiver, request, table } from "./setup.ts";
import { OK, listen, socketTransport, until } from "./socket-setup.ts";

const NO_CONTENT = "HTTP/1.1 204 No Content\r\n\r\n";

test("a connection is not used again after five minutes, however busy it is", async () => {
  const server = await listen((socket) => socket.on("data", () => socket.write(NO_CONTENT)));
  const sender = socketTransport();
  let ahead = 0;
  const real = performance.now.bind(performance);
  const clock = vi.spyOn(performance, "now").mockImplementation(() => real() + ahead);
  try {
    for (const [minutes, connections] of [
      [0, 1],
      [2, 1],
      [4.9, 1],
      [5.1, 2],
      [9.9, 2],
    ] as const) {
      ahead = minutes * 60_000;
      expect(failureOf(await sender.send(request(server.url)))).toMatchObject({ status: 204 });
      expect(server.sockets).toHaveLength(connections);
    }
  } finally {
    clock.mockRestore();
  }
});

test.each([
  [15, OK],
  [16, { errorClass: "connect", code: "ECONNREFUSED" }],
])("of a name with very many addresses 16 are dialled: %d that refuse", async (refusing, told) => {
  const server = await receiver();
  const closed = Array.from({ length: refusing }, (_each, index) => `127.0.1.${index + 1}`);
  const addresses = [...closed, "127.0.0.1", ...closed];
  const { resolve } = table({ "hook.example.test": addresses });
  const sender = socketTransport({ resolve });
  const outcome = await sender.send(request(`http://hook.example.test:${server.port}/`));
  expect(failureOf(outcome)).toEqual(told);
});

const origin = (index: number): string => `http://host-${index}.example.test/`;

describe("what is remembered", () => {
  test("of routes and origins is bounded, and what is in use stays", () => {
    const routes = createRoutes(createNetworkPolicy());
    const first = routes.find(request(origin(0)));
    const inUse = routes.find(request(origin(1)));
    for (let index = 2; index < 20_000; index += 1) {
      routes.find(request(origin(index)));
      if (index % 1_000 === 0) routes.find(request(origin(1)));
    }
    expect(routes.find(request(origin(1)))).toBe(inUse);
    expect(routes.find(request(origin(0)))).not.toBe(first);
    expect(routes.find(request(origin(0))).origin).not.toBe(first.origin);
  });

  test("of TLS settings is bounded", () => {
    const routes = createRoutes(createNetworkPolicy());
    const find = (ca: string) => routes.find(request(origin(0), { tls: { ca } })).settings;
    const first = find("0");
    for (let index = 1; index < 1_000; index += 1) find(String(index));
    expect(find("0")).not.toBe(first);
  });

  test("of connections of origins that are forgotten is bounded too", async () => {
    const server = await receiver();
    const sender = socketTransport({
      maxIdleSockets: 10,
      resolve: async () => [{ address: "127.0.0.1", family: 4 }],
    });
    for (let index = 0; index < 300; index += 1) {
      const url = `http://host-${index}.example.test:${server.port}/`;
      expect(failureOf(await sender.send(request(url)))).toEqual(OK);
    }
    await until(() => server.openConnections() === 10);
  });
});
