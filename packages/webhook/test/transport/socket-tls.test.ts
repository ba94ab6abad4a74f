import { Socket as PlainSocket } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:tls";
import type { TlsOptions, TLSSocket } from "node:tls";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { createNetworkPolicy } from "../../src/transport/network-policy.ts";
import { createRoutes } from "../../src/transport/route.ts";
import { awaitTls } from "../../src/transport/tls-dial.ts";
import { afterTest, certificate, failureOf, receiver, request, table } from "./setup.ts";
import { OK, socketTransport, until } from "./socket-setup.ts";

const tls = { cert: certificate("server.pem"), key: certificate("server.key") };
const ca = certificate("ca.pem");
const NO_CONTENT = "HTTP/1.1 204 No Content\r\n";

/** A server that closes each connection after its answer, unless told otherwise. */
async function secureServer(
  options: TlsOptions,
  answer: (socket: TLSSocket, raw: Socket | undefined) => void = (socket) =>
    void socket.write(`${NO_CONTENT}connection: close\r\n\r\n`),
  host = "127.0.0.1",
) {
  const resumed: boolean[] = [];
  const names: (string | false | null)[] = [];
  const open = new Set<Socket>();
  const server = createServer({ ...tls, ...options }, (socket: TLSSocket) => {
    resumed.push(socket.isSessionReused());
    names.push(socket.servername);
    socket.on("error", () => {});
    socket.on("data", () => answer(socket, [...open].at(-1)));
  });
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  afterTest(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, resumed, names, open };
}

/** In a thread of its own: its answers come at any moment, as those of other machines do. Tells its port and connections. */
const SERVER = `
const { createServer } = require("node:tls");
const { parentPort, workerData } = require("node:worker_threads");
let connections = 0;
const server = createServer(workerData, (socket) => {
  connections += 1;
  socket.on("error", () => {});
  socket.on("data", () => socket.write("HTTP/1.1 204 No Content\\r\\n\\r\\n"));
});
server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
parentPort.on("message", () => parentPort.postMessage(connections));
`;

describe("under load", () => {
  test("no more connections are opened than there are requests at once", async () => {
    const server = new Worker(SERVER, { eval: true, workerData: tls });
    afterTest(() => void server.terminate());
    const told = (): Promise<number> => new Promise((resolve) => server.once("message", resolve));
    const port = await told();
    const sender = socketTransport();
    const sent = request(`https://127.0.0.1:${port}/`, { tls: { ca } });
    const work = async (): Promise<void> => {
      for (let count = 0; count < 100; count += 1) {
        expect(failureOf(await sender.send(sent))).toMatchObject({ status: 204 });
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    server.postMessage("connections");
    expect(await told()).toBe(8);
  });
});

describe("sessions and settings", () => {
  const { resolve } = table({
    "hook.example.test": ["127.0.0.1"],
    "other.example.test": ["127.0.0.1"],
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "%s is resumed by the next connection to the same origin, and by no other",
    async (version) => {
      const { port, resumed, names } = await secureServer({ maxVersion: version });
      const sender = socketTransport({ resolve });
      const send = (host: string, settings = { ca }) =>
        sender.send(request(`https://${host}:${port}/`, { tls: settings }));
      expect(failureOf(await send("hook.example.test"))).toMatchObject({ status: 204 });
      expect(failureOf(await send("hook.example.test"))).toMatchObject({ status: 204 });
      // The certificate is not for this name: a session of another one must not hide that.
      expect(failureOf(await send("other.example.test"))).toMatchObject({ errorClass: "tls" });
      const others = { ca: `${ca}\n` };
      expect(failureOf(await send("hook.example.test", others))).toMatchObject({ status: 204 });
      expect(resumed.filter((each) => each)).toHaveLength(1);
      expect(resumed[1]).toBe(true);
      expect(names).toContain("hook.example.test");
    },
  );

  test("settings that are changed in their own object are other settings", async () => {
    const server = await receiver({ tls });
    const sender = socketTransport();
    const settings: { ca: string | string[] } = { ca };
    const send = async () => failureOf(await sender.send(request(server.url(), { tls: settings })));
    expect(await send()).toEqual(OK);
    settings.ca = certificate("self-signed.pem");
    expect(await send()).toMatchObject({ errorClass: "tls" });
    settings.ca = [ca];
    expect(await send()).toEqual(OK);
    settings.ca[0] = certificate("self-signed.pem");
    expect(await send()).toMatchObject({ errorClass: "tls" });
  });
});

test("a session that takes much more room than servers need is not kept", () => {
  const { origin } = createRoutes(createNetworkPolicy()).find(request("https://a.example.test/"));
  const socket = new PlainSocket();
  afterTest(
    awaitTls(origin, socket, () => {}, {
      resolved() {},
      dialling() {},
      connected() {},
      ready() {},
      failed() {},
    }),
  );
  const session = new Uint8Array(8_192);
  socket.emit("session", session);
  expect(origin.session).toBe(session);
  socket.emit("session", new Uint8Array(8_193));
  expect(origin.session).toBe(session);
});

describe("names and addresses", () => {
  const network = createNetworkPolicy({ allow: ["127.0.0.0/8", "::1"] });
  const { resolve } = table({
    "hook.example.test": ["127.0.0.1"],
    "hook.example.test.": ["127.0.0.1"],
  });

  test("an address is not sent as SNI, and has to be in the certificate", async () => {
    const { port, names } = await secureServer({}, undefined, "::");
    const sender = socketTransport({ resolve, policy: network });
    const send = async (host: string) =>
      failureOf(await sender.send(request(`https://${host}:${port}/`, { tls: { ca } })));
    for (const host of ["127.0.0.1", "[::1]"]) {
      expect(await send(host)).toMatchObject({ status: 204 });
    }
    expect(await send("127.0.0.2")).toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    expect(names.filter((name) => name)).toEqual([]);
  });

  test("a name is sent as SNI without the dot of the root, which no certificate has", async () => {
    const { port, names } = await secureServer({});
    const sender = socketTransport({ resolve });
    for (const host of ["hook.example.test", "hook.example.test."]) {
      const outcome = await sender.send(request(`https://${host}:${port}/`, { tls: { ca } }));
      expect(failureOf(outcome)).toMatchObject({ status: 204 });
    }
    expect(names).toEqual(["hook.example.test", "hook.example.test"]);
  });
});

/** To a server that has the certificate of this address. */
const send = (port: number, changes = {}) =>
  socketTransport().send(request(`https://127.0.0.1:${port}/`, { tls: { ca }, ...changes }));

describe("a receiver that speaks TLS", () => {
  // Runtimes do not tell the end of TLS from that of TCP. Framing by the end of the connection is weak for that reason;
  // what counts of an answer, its status, has come by then.
  test("ends a body that lasts until then by closing, with or without saying so", async () => {
    for (const saysSo of [true, false]) {
      const { port } = await secureServer({}, (socket, raw) => {
        socket.write("HTTP/1.1 200 OK\r\n\r\nabc", () => {
          if (saysSo) socket.end();
          else setTimeout(() => raw?.end(), 20);
        });
      });
      expect(failureOf(await send(port))).toEqual(OK);
    }
  });

  test("and hangs up without saying so within a length fails the attempt", async () => {
    const { port } = await secureServer({}, (socket, raw) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", () => {
        setTimeout(() => raw?.end(), 20);
      });
    });
    expect(failureOf(await send(port))).toMatchObject({ errorClass: "body", status: 200 });
  });

  // Bun's servers cannot begin it.
  test.skipIf(process.versions.bun !== undefined)(
    "renegotiates without end has no more time than any other",
    async () => {
      let times = 0;
      const { port, open } = await secureServer({ maxVersion: "TLSv1.2" }, (socket) => {
        const again = (error: Error | null): void => {
          if (error || socket.destroyed) return;
          times += 1;
          socket.renegotiate({}, again);
        };
        again(null);
      });
      expect(failureOf(await send(port, { timeoutMs: 150 }))).toEqual({ errorClass: "timeout" });
      expect(times).toBeGreaterThan(0);
      await until(() => open.size === 0);
    },
  );
});
