import { fromUtf8, utf8, viewOf } from "../signing/bytes.ts";
import { refuse } from "./refusal.ts";

const BYTE_ORDER_MARK = 0xfeff;

const HOW_TO_GET_IT =
  "pass the body's bytes exactly as they were received. Express: express.raw({ type: '*/*' }) on this route, which has to " +
  "be mounted before express.json(), or request.rawBody from express.json({ verify: (request, _, bytes) => { request.rawBody = bytes } }); " +
  "Fastify: addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => done(null, body)); " +
  "Hono: await c.req.arrayBuffer(); Elysia: the route option parse: 'arrayBuffer'; Next.js: await request.arrayBuffer()";

/** The bytes of a raw body; refuses, with the cure, what is no raw body. */
export function bodyBytes(rawBody: unknown): Uint8Array {
  if (typeof rawBody === "string") return utf8(rawBody);
  if (rawBody instanceof Uint8Array) return rawBody;
  if (ArrayBuffer.isView(rawBody)) return viewOf(rawBody);
  if (isArrayBuffer(rawBody)) return viewOf(rawBody);
  return refuse(
    "CONFIG",
    `the body is ${nameOf(rawBody)}, and signatures cover raw bytes: ${HOW_TO_GET_IT}`,
  );
}

// By its tag, because test runners and workers have an `ArrayBuffer` of another realm.
function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return Object.prototype.toString.call(value) === "[object ArrayBuffer]";
}

function nameOf(value: unknown): string {
  if (value === undefined || value === null) return "missing";
  if (value instanceof Request) return "a Request (verifyRequest takes one)";
  if (value instanceof ReadableStream) return "a stream";
  if (typeof value === "object") return "an object that has been parsed already";
  return `a ${typeof value}`;
}

/** The text of a raw body without a byte order mark; bytes that are no UTF-8 become U+FFFD. */
export function bodyText(rawBody: unknown, bytes: Uint8Array): string {
  if (typeof rawBody !== "string") return fromUtf8(bytes);
  return rawBody.charCodeAt(0) === BYTE_ORDER_MARK ? rawBody.slice(1) : rawBody;
}

/** The value of a JSON text, or `undefined` where the text is no JSON: JSON itself has no `undefined`. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
