/**
 * A receiver that answers 204 to everything, in a process of its own, so that the sender is what is measured. Takes the
 * number of origins: that many addresses of the loopback range, all on one port; with `tls`, that many ports of one
 * address, which is the one that the certificate of the tests is for. Prints the ports.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { addressOf } from "./sink-addresses.ts";

const ANSWER = Buffer.from("HTTP/1.1 204 No Content\r\n\r\n");
const HEAD_END = Buffer.from("\r\n\r\n");
const LENGTH = /\r\ncontent-length: *(\d+)/i;

function serve(socket: Socket): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (;;) {
      const end = pending.indexOf(HEAD_END);
      if (end < 0) return;
      const length = Number(LENGTH.exec(pending.toString("latin1", 0, end))?.[1] ?? 0);
      const total = end + HEAD_END.length + length;
      if (pending.length < total) return;
      pending = pending.subarray(total);
      socket.write(ANSWER);
    }
  });
  socket.on("error", () => {});
}

function listen(server: Server, port: number, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, () => {
      const bound = server.address();
      resolve(typeof bound === "object" && bound ? bound.port : 0);
    });
  });
}

function tlsFile(name: string): string {
  const fixtures = "../../packages/webhook/test/fixtures/tls/";
  return readFileSync(new URL(fixtures + name, import.meta.url), "utf8");
}

async function listenWithTls(origins: number): Promise<number[]> {
  const options = { cert: tlsFile("server.pem"), key: tlsFile("server.key"), noDelay: true };
  const ports: number[] = [];
  for (let index = 0; index < origins; index += 1) {
    ports.push(await listen(createTlsServer(options, serve), 0, "127.0.0.1"));
  }
  return ports;
}

function plainServer(): Server {
  return createServer({ noDelay: true }, serve);
}

async function listenPlain(origins: number): Promise<number[]> {
  const port = await listen(plainServer(), 0, addressOf(0));
  for (let index = 1; index < origins; index += 1)
    await listen(plainServer(), port, addressOf(index));
  return [port];
}

const origins = Number(process.argv[2] ?? 1);
const ports = await (process.argv[3] === "tls" ? listenWithTls(origins) : listenPlain(origins));
process.stdout.write(`${ports.join(" ")}\n`);
process.stdin.resume().on("end", () => process.exit(0));
