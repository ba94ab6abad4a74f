import type { Bytes } from "../signing/bytes.ts";
import { concatBytes } from "../signing/bytes.ts";

/** A body that cannot be had. */
export class BodyFault extends Error {
  override readonly name = "BodyFault";
  /** The HTTP status that answers it; 500 where it is this application that took the body. */
  readonly status: 400 | 413 | 500;

  constructor(status: 400 | 413 | 500, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.status = status;
  }
}

/** Gathers chunks up to a bound. */
export interface BodyBuffer {
  /** @throws BodyFault 413 beyond the bound */
  add(chunk: Uint8Array): void;
  bytes(): Bytes;
}

export function createBodyBuffer(maxBytes: number): BodyBuffer {
  const chunks: Uint8Array[] = [];
  let length = 0;
  return {
    add(chunk) {
      length += chunk.length;
      if (length > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    },
    bytes: () => concatBytes(chunks),
  };
}

function tooLarge(maxBytes: number): BodyFault {
  return new BodyFault(413, `the body is larger than ${maxBytes} bytes`);
}

/**
 * Refuses by its own word a body that would be too large, before a byte of it is read.
 * @returns whether the request says how long its body is
 */
export function checkDeclaredLength(
  contentLength: string | null | undefined,
  maxBytes: number,
): boolean {
  if (!contentLength || !/^\d+$/.test(contentLength)) return false;
  if (Number(contentLength) > maxBytes) throw tooLarge(maxBytes);
  return true;
}

export function brokenOff(cause: unknown): BodyFault {
  return new BodyFault(400, "the body broke off before its end", { cause });
}

/**
 * Reads the body of a `Request` up to a bound, and not a byte more into memory. Where the request says how long its body
 * is, the server has held it to that, and the body is read in one go.
 * @throws BodyFault
 */
export async function readBounded(request: Request, maxBytes: number): Promise<Bytes> {
  const { headers } = request;
  const isDeclared = checkDeclaredLength(headers.get("content-length"), maxBytes);
  if (request.bodyUsed) {
    throw new BodyFault(
      500,
      "the body has been read already: hand the request to the handler before anything reads it",
    );
  }
  return isDeclared && !headers.has("transfer-encoding")
    ? readWhole(request, maxBytes)
    : readChunks(request, maxBytes);
}

async function readWhole(request: Request, maxBytes: number): Promise<Bytes> {
  let body: ArrayBuffer;
  try {
    body = await request.arrayBuffer();
  } catch (error) {
    throw brokenOff(error);
  }
  if (body.byteLength > maxBytes) throw tooLarge(maxBytes);
  return new Uint8Array(body);
}

async function readChunks(request: Request, maxBytes: number): Promise<Bytes> {
  const buffer = createBodyBuffer(maxBytes);
  const reader = request.body?.getReader();
  if (!reader) return buffer.bytes();
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- chunk after chunk
      const { done, value } = await reader.read();
      if (done) return buffer.bytes();
      buffer.add(value);
    }
  } catch (error) {
    reader.cancel().catch(() => {});
    throw error instanceof BodyFault ? error : brokenOff(error);
  }
}
