import { Buffer } from "node:buffer";
import { WebhookError } from "../errors.ts";
import { checkHeaderName } from "../header-name.ts";
import { CR, LF, VALUE_OCTET } from "./octets.ts";

/**
 * The part of a request's head that is the same for all requests to one URL.
 * @param target path and query, or the whole URL where a proxy is asked; canonical, as `URL` prints them
 * @param host the URL's own, with its port
 * @param own further fields, in lower case, that no request may replace
 */
export function requestStart(
  target: string,
  host: string,
  own: Readonly<Record<string, string>> = {},
): Uint8Array {
  const fields = { host, "accept-encoding": "identity", ...own };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST ${target} HTTP/1.1\r\n${lines.join("")}`, "latin1");
}

/** What the connection is used for, and how a message ends, is the transport's to say. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  "host",
  "accept-encoding",
  "content-length",
  "transfer-encoding",
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "upgrade",
  "expect",
]);

const MAX_KNOWN_NAMES = 1024;
/** What most heads have room in, and what is kept for longer ones. */
const SCRATCH_BYTES = 2 * 1024;
const MAX_SCRATCH_BYTES = 64 * 1024;
/** For the end of a line and the last line of a head, which are short. */
const RESERVE = 64;
/** Of a name that is left out. */
const NOTHING = new Uint8Array(0);

/** Makes the bytes of requests. */
export interface RequestWriter {
  /**
   * The whole request, to be written at once.
   * @param start the bytes of what `requestStart` made
   * @param headers those that are the transport's own are left out, whatever the case of their letters
   * @throws WebhookError `INVALID_HEADER` for a name that is no token and for a value that could end its line
   */
  bytes(start: Uint8Array, headers: Readonly<Record<string, string>>, body: Uint8Array): Uint8Array;
}

/**
 * Source: https://www.rfc-editor.org/rfc/rfc9110#section-5
 * @param ownNames further names, in lower case, that are left out
 */
export function createRequestWriter(ownNames: readonly string[] = []): RequestWriter {
  /** How the line of each name begins. */
  let lineStarts = new Map<string, Uint8Array>();
  /** Where heads are put together. */
  let scratch = new Uint8Array(SCRATCH_BYTES);

  /** How the head of a request ends whose body is as long as that of the one before. */
  let end: Uint8Array = NOTHING;
  let endLength = -1;

  const learn = (name: string): Uint8Array => {
    const lower = checkHeaderName(name).toLowerCase();
    const isOwn = OWN_NAMES.has(lower) || ownNames.includes(lower);
    if (lineStarts.size >= MAX_KNOWN_NAMES) lineStarts = new Map();
    const start = isOwn ? NOTHING : Buffer.from(`${name}: `, "latin1");
    lineStarts.set(name, start);
    return start;
  };

  const grow = (length: number): void => {
    const larger = new Uint8Array(length * 2);
    larger.set(scratch);
    scratch = larger;
  };

  return {
    bytes(start, headers, body) {
      if (start.length + RESERVE > scratch.length) grow(start.length + RESERVE);
      scratch.set(start);
      let at = start.length;
      // Written octet by octet, which takes less time than to join and check a text first.
      for (const name in headers) {
        if (!Object.hasOwn(headers, name)) continue;
        const lineStart = lineStarts.get(name) ?? learn(name);
        if (lineStart === NOTHING) continue;
        const value = headers[name];
        if (typeof value !== "string") throw badValue(name, "is no text");
        const room = at + lineStart.length + value.length + RESERVE;
        if (room > scratch.length) grow(room);
        for (let index = 0; index < lineStart.length; index += 1) {
          scratch[at + index] = lineStart[index] ?? 0;
        }
        at = writeValue(scratch, at + lineStart.length, name, value);
        scratch[at] = CR;
        scratch[at + 1] = LF;
        at += 2;
      }
      if (body.byteLength !== endLength) {
        endLength = body.byteLength;
        end = Buffer.from(`content-length: ${endLength}\r\n\r\n`, "latin1");
      }
      for (let index = 0; index < end.length; index += 1) scratch[at + index] = end[index] ?? 0;
      at += end.length;
      const whole = Buffer.allocUnsafe(at + body.byteLength);
      whole.set(scratch.subarray(0, at));
      whole.set(body, at);
      if (scratch.length > MAX_SCRATCH_BYTES) scratch = new Uint8Array(SCRATCH_BYTES);
      return whole;
    },
  };
}

function writeValue(scratch: Uint8Array, at: number, name: string, value: string): number {
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    // What is beyond 0xFF has no octet of its own.
    if (VALUE_OCTET[code] !== 1) {
      throw badValue(name, "holds a character that a header cannot carry");
    }
    scratch[at + index] = code;
  }
  return at + value.length;
}

function badValue(name: string, what: string): WebhookError {
  return new WebhookError("INVALID_HEADER", `The value of the header ${name} ${what}`);
}
