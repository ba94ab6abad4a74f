import { viewOf } from "../signing/bytes.ts";
import { BodyFault, brokenOff, checkDeclaredLength, createBodyBuffer } from "./bounded-body.ts";
import type { RawBody } from "./provider.ts";
import type { WebhookHandler } from "./webhook-handler.ts";

/** As much of an `IncomingMessage` as is read, so that these types need none of Node's. */
export interface NodeRequest extends AsyncIterable<unknown> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly readableEnded: boolean;
  readonly complete: boolean;
}

/** As much of a `ServerResponse` as is used. */
export interface NodeResponse {
  readonly headersSent: boolean;
  writeHead(status: number, headers?: Record<string, string>): unknown;
  end(body?: string): unknown;
}

/** What frameworks on `node:http` add: some have read the body already. */
interface FrameworkRequest extends NodeRequest {
  readonly body?: unknown;
  readonly rawBody?: unknown;
  readonly originalUrl?: string;
}

/**
 * A listener for `node:http` and a route handler for Express. With Fastify, pass the body that it has read:
 * `(request, reply) => handler(request.raw, reply.raw, request.body)`.
 * @param body the raw body, where the framework has read it
 */
export type NodeHandler = (
  request: NodeRequest,
  response: NodeResponse,
  body?: unknown,
) => Promise<void>;

/**
 * Makes a handler for servers on `node:http`: itself, Express, Fastify. A body that `express.raw()` or the like has read
 * is taken as it is; one that was parsed cannot be verified, and the refusal says what to do.
 */
export function toNodeHandler(handler: WebhookHandler): NodeHandler {
  return async (request, response, body) => {
    const { method = "GET", url = "/", headers } = request;
    const { originalUrl }: FrameworkRequest = request;
    try {
      const reply = await handler.reply({
        method,
        url: originalUrl ?? url,
        headers,
        readBody: (maxBytes) => readNodeBody(request, body, maxBytes),
      });
      // A body that was not read to its end cannot be followed by another request on this connection.
      const rest = request.readableEnded ? {} : { connection: "close" };
      response.writeHead(reply.status, { ...reply.headers, ...rest });
      response.end(reply.body ?? "");
    } catch (error) {
      // A fault of ours or of a listener: an answer is owed all the same.
      if (!response.headersSent) response.writeHead(500, { connection: "close" });
      response.end();
      console.error("answering a webhook failed:", error);
    }
  };
}

function isBytes(value: unknown): value is Uint8Array | ArrayBuffer {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
}

async function readNodeBody(
  request: FrameworkRequest,
  given: unknown,
  maxBytes: number,
): Promise<RawBody> {
  for (const candidate of [given, request.rawBody, request.body]) {
    if (typeof candidate === "string") return candidate;
    if (isBytes(candidate)) return viewOf(candidate);
  }
  if (request.readableEnded) {
    // Something has parsed the body. The verifier refuses what is no raw body, and says how to get one.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- that is what its refusal is for
    return request.body as RawBody;
  }
  const declared = request.headers["content-length"];
  checkDeclaredLength(typeof declared === "string" ? declared : undefined, maxBytes);
  const buffer = createBodyBuffer(maxBytes);
  try {
    for await (const chunk of request) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- without an encoding, chunks are bytes
      buffer.add(chunk as Uint8Array);
    }
  } catch (error) {
    throw error instanceof BodyFault ? error : brokenOff(error);
  }
  // A connection that breaks ends the iteration on one runtime and throws on the other.
  if (!request.complete) throw brokenOff(undefined);
  return buffer.bytes();
}
