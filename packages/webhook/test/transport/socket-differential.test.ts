import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { expect, test } from "vitest";
import type { Transport, TransportOutcome } from "../../src/transport/transport.ts";
import type { Behaviour } from "./server-behaviours.ts";
import { allBehaviours } from "./server-behaviours.ts";
import { TRANSPORTS, afterTest, failureOf, request } from "./setup.ts";

/**
 * Where the socket transport refuses what `node:http` takes, and why; docs/decisions/0011-transport.md has the same list. Left: the code that it refuses it with. No entry
 * is about what `node:http` refuses and the socket transport takes: there is no such case.
 */
const STRICTER: Readonly<Record<string, string>> = {
  HPE_INVALID_CONSTANT:
    "Only HTTP/1.0 and HTTP/1.1 can follow our request, from the first byte on: no HTTP/2.0 in clear text, no empty line before.",
  HPE_INVALID_HEADER_TOKEN:
    "A reason phrase with NUL or other control characters is not sent by servers, but by what is no server (RFC 9112, section 4).",
  HPE_INVALID_TRANSFER_ENCODING:
    "We ask for no coding with `te`, so none but `chunked` may come; guessing where such a body ends is how messages get smuggled (RFC 9112, section 6.1).",
  HPE_INVALID_CONTENT_LENGTH:
    "A number that JavaScript cannot hold is refused when it is read, not when the body breaks off; and no trailer may say how a message is framed (RFC 9110, section 6.5.1).",
  HPE_INVALID_CHUNK_SIZE:
    "A chunk size has at most 13 digits, so that zeros cannot go on for ever, and an extension that ends in `=` is none (RFC 9112, section 7.1.1).",
  HPE_HEADER_OVERFLOW:
    "More than 128 fields, of the head or as trailers, are refused instead of being cut off or read on.",
  UNEXPECTED_BYTES:
    "Bytes behind a response are refused even where they are an empty line or look like another response.",
  "": "More than 16 informational responses before the final one are refused.",
};

const behaviours = allBehaviours();

/** Answers each request with the behaviour that its path has the number of. */
async function startPlayer(): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let received = "";
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("data", (chunk: Uint8Array) => {
      received += new TextDecoder().decode(chunk);
      // Every request has the same body.
      if (!received.endsWith(BODY)) return;
      const behaviour = behaviours[Number(/^POST \/(\d+)/.exec(received)?.[1])];
      received = "";
      if (behaviour) play(behaviour, socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterTest(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

const BODY = '{"orderId":"123"}';

function play({ pieces, afterwards }: Behaviour, socket: Socket): void {
  let next = 0;
  const step = (): void => {
    const piece = pieces[next];
    next += 1;
    if (piece === undefined) {
      if (afterwards === "end") socket.end();
      return;
    }
    socket.write(piece, "latin1");
    // The other end is in this process: it reads before the next piece is written.
    setImmediate(step);
  };
  step();
}

function told(outcome: TransportOutcome): string {
  if (outcome.kind === "error") return JSON.stringify({ ...failureOf(outcome), code: undefined });
  const { status, headers, body, truncated } = outcome;
  const fields = Object.entries(headers).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([status, fields, truncated, new TextDecoder("latin1").decode(body)]);
}

interface Disagreement {
  readonly behaviour: string;
  readonly ours: TransportOutcome;
  readonly theirs: TransportOutcome;
}

async function compare(ours: Transport, theirs: Transport, port: number): Promise<Disagreement[]> {
  const found: Disagreement[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < behaviours.length) {
      const number = next;
      const behaviour = behaviours[number];
      next += 1;
      // A host of its own keeps what one behaviour leaves behind from the next one. The second request tells whether
      // the connection was fit to be used again.
      const sent = request(`http://b${number}.example.test:${port}/${number}`);
      for (let round = 0; round < (behaviour?.afterwards === "end" ? 1 : 2); round += 1) {
        const [a, b] = await Promise.all([ours.send(sent), theirs.send(sent)]);
        if (told(a) === told(b)) continue;
        found.push({ behaviour: behaviour?.name ?? "", ours: a, theirs: b });
      }
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  return found;
}

test("the socket transport tells of every server what node:http tells, or is stricter for a reason", async () => {
  const port = await startPlayer();
  const [theirs, ours] = TRANSPORTS.map(({ transport }) =>
    transport({
      resolve: async () => [{ address: "127.0.0.1", family: 4 }],
      maxIdleSockets: 64,
    }),
  );
  if (!ours || !theirs) throw new Error("there are two transports");
  expect(behaviours.length).toBeGreaterThanOrEqual(2_000);
  const disagreements = await compare(ours, theirs, port);

  const unexplained = disagreements.filter(
    ({ ours: a }) => a.kind === "response" || STRICTER[a.code ?? ""] === undefined,
  );
  expect(unexplained).toEqual([]);
  // What is listed happens.
  const codes = disagreements.map(({ ours: a }) => (a.kind === "error" ? (a.code ?? "") : "none"));
  expect(new Set(codes)).toEqual(new Set(Object.keys(STRICTER)));
  // Nothing that a server may legally do is among it.
  const legal = disagreements.filter(({ behaviour }) => !/^(?:illegal|mutated): /.test(behaviour));
  expect(legal).toEqual([]);
}, 60_000);
