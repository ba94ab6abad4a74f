import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { createGzip } from "node:zlib";

/** What a receiver does with one request, once the request has been read. */
export type ReceiverStep =
  /** Answers. */
  | {
      readonly kind: "respond";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string | readonly string[]>>;
      readonly body?: string | Uint8Array;
    }
  /** Says nothing; the connection stays open. */
  | { readonly kind: "hang" }
  /** Sends the headers at once and then one byte every `intervalMs`, for `bytes` bytes. */
  | { readonly kind: "drip"; readonly bytes: number; readonly intervalMs: number }
  /** Cuts the connection; with an RST, except over TLS, where it is closed without the end of TLS. */
  | { readonly kind: "reset"; readonly when: "before-headers" | "after-headers" }
  /** Streams as many zeros as are wanted for as long as they are taken. */
  | { readonly kind: "big-body"; readonly bytes: number }
  /** As `big-body`, but compressed to about a thousandth of it, whatever the request accepts. */
  | { readonly kind: "gzip-bomb"; readonly bytes: number }
  /** Answers with a `location`. */
  | { readonly kind: "redirect"; readonly location: string; readonly status?: number }
  /** Writes these bytes in place of an HTTP response. */
  | {
      readonly kind: "raw";
      readonly bytes: string | Uint8Array;
      readonly afterwards?: "keep-open" | "end" | "reset";
    };

/** What a step acts upon. */
export interface Exchange {
  readonly response: ServerResponse;
  readonly socket: Socket;
  /** Cuts the connection as hard as the runtime can. */
  readonly reset: () => void;
  /** Counts bytes of a streamed body. */
  readonly sent: (bytes: number) => void;
}

/** An RST throws away what its receiver has not read yet: the headers get time to be read. */
const RESET_DELAY_MS = 50;

/** Does what a step says. */
export function perform(step: ReceiverStep, exchange: Exchange): void {
  const { response, socket } = exchange;
  switch (step.kind) {
    case "respond":
      response.writeHead(step.status, copyHeaders(step.headers));
      response.end(step.body);
      return;
    case "hang":
      return;
    case "drip":
      drip(step.bytes, step.intervalMs, exchange);
      return;
    case "reset":
      if (step.when === "before-headers") {
        exchange.reset();
        return;
      }
      response.writeHead(200, { "content-length": 10 }).write("x");
      setTimeout(exchange.reset, RESET_DELAY_MS);
      return;
    case "big-body":
      response.writeHead(200, { "content-length": step.bytes });
      streamZeros(step.bytes, response, exchange);
      return;
    case "gzip-bomb":
      response.writeHead(200, { "content-encoding": "gzip" });
      gzipZeros(step.bytes, exchange);
      return;
    case "redirect":
      response.writeHead(step.status ?? 302, { location: step.location });
      response.end();
      return;
    case "raw":
      socket.write(step.bytes, () => {
        if (step.afterwards === "end") socket.end();
        if (step.afterwards === "reset") exchange.reset();
      });
  }
}

function copyHeaders(headers: Readonly<Record<string, string | readonly string[]>> = {}) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === "string" ? value : [...value],
    ]),
  );
}

function drip(bytes: number, intervalMs: number, { response, sent }: Exchange): void {
  response.writeHead(200, { "content-length": bytes });
  response.flushHeaders();
  let left = bytes;
  const timer = setInterval(() => {
    left -= 1;
    sent(1);
    response.write("x");
    if (left > 0) return;
    clearInterval(timer);
    response.end();
  }, intervalMs);
  response.once("close", () => clearInterval(timer));
}

const ZEROS = new Uint8Array(64 * 1024);

interface ZeroSink {
  write(chunk: Uint8Array): boolean;
  once(event: "drain" | "close", listener: () => void): unknown;
  end(): unknown;
}

/** Writes no faster than the sink takes it, and stops with the connection. */
function streamZeros(bytes: number, sink: ZeroSink, { response, sent }: Exchange): void {
  let left = bytes;
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      const chunk = ZEROS.subarray(0, left);
      left -= chunk.length;
      sent(chunk.length);
      if (!sink.write(chunk)) {
        sink.once("drain", more);
        return;
      }
    }
    if (left === 0) sink.end();
  };
  more();
}

function gzipZeros(bytes: number, exchange: Exchange): void {
  const gzip = createGzip();
  gzip.pipe(exchange.response);
  exchange.response.once("close", () => gzip.destroy());
  gzip.on("error", () => {});
  streamZeros(bytes, gzip, exchange);
}
