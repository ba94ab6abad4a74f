/**
 * Receives webhooks on loopback, and counts the ones it answered with 200. `GET /report` tells how often each event
 * came on which path, in the order of the first time. Ends with its standard input.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const FAILURE_RATE = 0.03;
const MOST_DELAY_MS = 4;

const received = new Map<string, number>();

const server = createServer((request, response) => {
  if (request.method === "GET") {
    response.end(JSON.stringify([...received]));
    return;
  }
  request.resume();
  request.on("end", () => {
    const key = `${request.url}/${String(request.headers["webhook-id"])}`;
    setTimeout(() => {
      const fails = Math.random() < FAILURE_RATE;
      if (!fails) received.set(key, (received.get(key) ?? 0) + 1);
      response.writeHead(fails ? 500 : 200).end();
    }, Math.random() * MOST_DELAY_MS);
  });
});

server.listen(0, "127.0.0.1", () => {
  // `listen` with a port makes it one of these.
  console.log((server.address() as AddressInfo).port);
});
process.stdin.resume().on("end", () => process.exit(0));
