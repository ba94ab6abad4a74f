/**
 * A receiver that answers 204 to everything, in a process of its own, so that the sender is what is measured. Takes the
 * number of origins: that many addresses of the loopback range, all on one port.
 */
import { createServer } from "node:net";
import type { Socket } from "node:net";
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

function listen(port: number, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true }, serve);
    server.once("error", reject);
    server.listen(port, address, () => {
      const bound = server.address();
      resolve(typeof bound === "object" && bound ? bound.port : 0);
    });
  });
}

const origins = Number(process.argv[2] ?? 1);
const port = await listen(0, addressOf(0));
for (let index = 1; index < origins; index += 1) await listen(port, addressOf(index));
process.stdout.write(`${port}\n`);
process.stdin.resume().on("end", () => process.exit(0));
