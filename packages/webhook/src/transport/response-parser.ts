import { createChunkDecoder } from "./chunk-decoder.ts";
import type { ChunkDecoder } from "./chunk-decoder.ts";
import { createKeptBody } from "./kept-body.ts";
import type { ParseFault } from "./parse-fault.ts";
import { parseFault } from "./parse-fault.ts";
import type { Framing, ResponseHead } from "./response-head.ts";
import {
  canStartWith,
  findLf,
  framingOf,
  isPersistent,
  lineEnd,
  newHead,
  readField,
  readStatusLine,
} from "./response-head.ts";
import type { TextTable } from "./text-table.ts";

/**
 * How far a response has come. `head`: not yet all fields. `body`: status and fields are known. `surplus`: all that is
 * kept of the body is known, and the rest is thrown away, so that the connection can be used again. `complete`: no more
 * is read. `failed`: it is malformed.
 */
export type ParserState = "head" | "body" | "surplus" | "complete" | "failed";

/** Reads one response after another, in whatever pieces they come. Never throws; what it holds is bounded. */
export interface ResponseParser {
  /** @param maxBodyBytes how much of the body is kept */
  begin(maxBodyBytes: number): void;
  /** Reads `bytes` up to `length`, of which nothing is held on to. */
  push(bytes: Uint8Array, length: number): ParserState;
  /** The endpoint will send no more. */
  end(): ParserState;
  /** Whether any byte of the response has come. */
  hasBegun(): boolean;
  /** Whether status and fields are known. */
  isAnswered(): boolean;
  head(): Readonly<ResponseHead>;
  /** Gives the kept bytes away. */
  takeBody(): Uint8Array;
  isTruncated(): boolean;
  /** Whether the connection may carry another request; asked when `complete`. */
  isReusable(): boolean;
  /** Why it `failed`. */
  fault(): ParseFault | undefined;
}

/** Of status lines and fields together, those of informational responses too. */
const MAX_HEAD_BYTES = 16 * 1024;
const MAX_FIELDS = 128;
const MAX_INFORMATIONAL = 16;
/** How much is read beyond what is kept, for the sake of using the connection again. */
const MAX_SURPLUS_BYTES = 64 * 1024;

/**
 * A parser for answers to POST requests: strict, where leniency has let one party see another message than the next.
 * Source: https://www.rfc-editor.org/rfc/rfc9112
 */
export function createResponseParser(texts: TextTable): ResponseParser {
  const body = createKeptBody();
  let chunks: ChunkDecoder | undefined;
  let state: ParserState = "complete";
  let head = newHead();
  let framing: Framing = "none";
  let fault: ParseFault | undefined;
  let hasBegun = false;
  let isAnswered = false;
  let isTruncated = false;
  let isReusable = false;
  let informational = 0;
  let max = 0;
  /** Of the body, where its length is known. */
  let left = 0;
  let surplus = 0;
  // A head that does not come in one piece is put together here.
  let pieces: Uint8Array | undefined;
  let piecesLength = 0;
  /** Of all heads so far, up to the line that is being read. */
  let headBytes = 0;
  /** How much of that line has been looked through for its end. */
  let searched = 0;
  let isFirstLine = true;

  const fail = (found: ParseFault): void => {
    fault = found;
    state = "failed";
  };

  /** Reads the lines of a head. @returns where the head ended, or where the line begins that is not all there */
  const readLines = (bytes: Uint8Array, start: number, end: number): number => {
    let line = start;
    while (isInHead()) {
      const lf = findLf(bytes, line + searched, end);
      const length = (lf < 0 ? end : lf + 1) - line;
      if (headBytes + length > MAX_HEAD_BYTES) {
        fail(parseFault("HPE_HEADER_OVERFLOW", "its status line and fields exceed 16 KiB"));
        return line;
      }
      if (isFirstLine && length > 0 && !canStartWith(bytes, line, line + length)) {
        fail(parseFault("HPE_INVALID_CONSTANT", "it does not begin with HTTP/1.0 or HTTP/1.1"));
        return line;
      }
      if (lf < 0) {
        searched = length;
        return line;
      }
      readLine(bytes, line, lf);
      headBytes += length;
      searched = 0;
      line = lf + 1;
    }
    return line;
  };

  const isInHead = (): boolean => state === "head";

  const readLine = (bytes: Uint8Array, line: number, lf: number): void => {
    const end = lineEnd(bytes, line, lf);
    if (typeof end !== "number") return fail(end);
    let found: ParseFault | undefined;
    if (isFirstLine) {
      found = readStatusLine(head, bytes, line, end);
      isFirstLine = false;
    } else if (end === line) {
      return finishHead();
    } else if (head.fields === MAX_FIELDS) {
      found = parseFault("HPE_HEADER_OVERFLOW", `it has more than ${MAX_FIELDS} fields`);
    } else {
      found = readField(head, texts, bytes, line, end);
    }
    if (found) fail(found);
  };

  const finishHead = (): void => {
    const { status } = head;
    if (status >= 200) {
      isAnswered = true;
      framing = framingOf(head);
      left = framing === "length" ? head.contentLength : 0;
      state = framing === "none" ? finish(isPersistent(head)) : "body";
      // Without a byte of the body it may be clear that not all of it is kept.
      if (framing === "length" && max === 0) state = throwAway();
      if (framing === "chunked") (chunks ??= createChunkDecoder()).begin();
      return;
    }
    if (status < 100) {
      fail(parseFault(undefined, `it has the status ${status}, which is no final one`));
    } else if (status === 101) {
      fail(parseFault(undefined, "it changes the protocol, which nobody asked for"));
    } else if ((informational += 1) > MAX_INFORMATIONAL) {
      fail(parseFault(undefined, `more than ${MAX_INFORMATIONAL} informational responses`));
    }
    head = newHead();
    isFirstLine = true;
  };

  const finish = (reusable: boolean): ParserState => {
    isReusable = reusable;
    return "complete";
  };

  /** More has come, or will come, than is kept. */
  const throwAway = (): ParserState => {
    isTruncated = true;
    const isWorthwhile =
      isPersistent(head) && framing !== "until-close" && left <= MAX_SURPLUS_BYTES;
    return isWorthwhile ? "surplus" : finish(false);
  };

  const keep = (bytes: Uint8Array, start: number, end: number): boolean => {
    if (state === "body" && !body.add(bytes, start, end)) state = throwAway();
    if (state !== "surplus") return state === "body";
    surplus += end - start;
    if (surplus <= MAX_SURPLUS_BYTES + max) return true;
    state = finish(false);
    return false;
  };

  const readLength = (bytes: Uint8Array, start: number, end: number): number => {
    const to = Math.min(end, start + left);
    left -= to - start;
    keep(bytes, start, to);
    if (left === 0 && state !== "complete") state = finish(isPersistent(head));
    return to;
  };

  const readChunks = (bytes: Uint8Array, start: number, end: number): number => {
    if (!chunks) return end;
    const to = chunks.read(bytes, start, end, keep);
    const found = chunks.fault();
    // What is thrown away cannot fail the attempt any more; the connection is of no more use.
    if (found) {
      if (isTruncated) state = finish(false);
      else fail(found);
    } else if (chunks.isDone()) state = finish(isPersistent(head));
    return to;
  };

  const readBody = (bytes: Uint8Array, start: number, end: number): number => {
    if (framing === "length") return readLength(bytes, start, end);
    if (framing === "chunked") return readChunks(bytes, start, end);
    keep(bytes, start, end);
    return end;
  };

  const holdOn = (bytes: Uint8Array, start: number, end: number): void => {
    if (start === end) return;
    pieces ??= new Uint8Array(MAX_HEAD_BYTES);
    pieces.set(bytes.subarray(start, end), piecesLength);
    piecesLength += end - start;
  };

  /** @returns where the head ended in `bytes` */
  const readHead = (bytes: Uint8Array, length: number): number => {
    if (piecesLength === 0) {
      const line = readLines(bytes, 0, length);
      if (state === "head") holdOn(bytes, line, length);
      return line;
    }
    // A line that begins in pieces ends in `bytes`, or not at all yet.
    const lf = findLf(bytes, 0, length);
    const lineLength = lf < 0 ? length : lf + 1;
    if (headBytes + piecesLength + lineLength > MAX_HEAD_BYTES) {
      fail(parseFault("HPE_HEADER_OVERFLOW", "its status line and fields exceed 16 KiB"));
      return length;
    }
    holdOn(bytes, 0, lineLength);
    readLines(pieces ?? bytes, 0, piecesLength);
    if (lf < 0 || state === "failed") return length;
    piecesLength = 0;
    pieces = undefined;
    if (state !== "head" || lineLength === length) return lineLength;
    const line = readLines(bytes, lineLength, length);
    if (state === "head") holdOn(bytes, line, length);
    return line;
  };

  const isOpen = (): boolean => state === "body" || state === "surplus";

  return {
    begin(maxBodyBytes) {
      max = maxBodyBytes;
      body.begin(maxBodyBytes);
      state = "head";
      head = newHead();
      framing = "none";
      fault = undefined;
      hasBegun = false;
      isAnswered = false;
      isTruncated = false;
      isReusable = false;
      informational = 0;
      surplus = 0;
      pieces = undefined;
      piecesLength = 0;
      headBytes = 0;
      searched = 0;
      isFirstLine = true;
    },
    push(bytes, length) {
      if (length === 0) return state;
      hasBegun = true;
      let at = state === "head" ? readHead(bytes, length) : 0;
      if (at < length && isOpen()) at = readBody(bytes, at, length);
      if (at < length && state === "complete") {
        isReusable = false;
        // Framing that one of us has got wrong: who knows where the response ended.
        if (!isTruncated) fail(parseFault("UNEXPECTED_BYTES", "bytes follow its end"));
      }
      return state;
    },
    end() {
      if (state === "head") {
        if (hasBegun) fail(parseFault("HPE_INVALID_EOF_STATE", "it ended within its fields"));
      } else if (state === "body" && framing === "until-close") state = finish(false);
      else if (state === "surplus") state = finish(false);
      return state;
    },
    hasBegun: () => hasBegun,
    isAnswered: () => isAnswered,
    head: () => head,
    takeBody: () => body.take(),
    isTruncated: () => isTruncated,
    isReusable: () => isReusable,
    fault: () => fault,
  };
}
