import {
  BACKSLASH,
  COLON,
  CR,
  EQUALS,
  LF,
  QUOTE,
  SEMICOLON,
  TOKEN_LOWER,
  VALUE_OCTET,
} from "./octets.ts";
import type { ParseFault } from "./parse-fault.ts";
import { parseFault } from "./parse-fault.ts";

/** Reads a body in chunks, in whatever pieces it comes. */
export interface ChunkDecoder {
  begin(): void;
  /**
   * @param onData is told of each piece of the body; false stops the reading
   * @returns where reading ended: after the body, or at `end`
   */
  read(bytes: Uint8Array, start: number, end: number, onData: DataListener): number;
  isDone(): boolean;
  fault(): ParseFault | undefined;
}

/** @returns false to stop */
type DataListener = (bytes: Uint8Array, start: number, end: number) => boolean;

/** As many as a number below 2^53 may need, and leading zeros with them. */
const MAX_SIZE_DIGITS = 13;
/** How many bytes chunk extensions may take in one response, and its trailer fields. */
const MAX_EXTENSION_BYTES = 4 * 1024;
const MAX_TRAILER_BYTES = 16 * 1024;
const MAX_TRAILER_FIELDS = 128;

/** Source: https://www.rfc-editor.org/rfc/rfc9110#section-6.5.1 */
const FRAMING_NAMES: ReadonlySet<string> = new Set(["content-length", "transfer-encoding"]);
const LONGEST_FRAMING_NAME = 17;

// Of the octet that is expected next.
const SIZE_FIRST = 0;
const SIZE = 1;
const EXTENSION_NAME = 2;
const EXTENSION_VALUE_FIRST = 3;
const EXTENSION_VALUE = 4;
const QUOTED = 5;
const QUOTED_PAIR = 6;
const AFTER_QUOTED = 7;
const SIZE_LF = 8;
const DATA = 9;
const DATA_CR = 10;
const DATA_LF = 11;
const TRAILER_FIRST = 12;
const TRAILER_NAME = 13;
const TRAILER_VALUE = 14;
const TRAILER_LF = 15;
const LAST_LF = 16;
const DONE = 17;
const FAILED = 18;

/** Strict, and bounded in everything but the body. Source: https://www.rfc-editor.org/rfc/rfc9112#section-7.1 */
export function createChunkDecoder(): ChunkDecoder {
  let state = SIZE_FIRST;
  let size = 0;
  let extensionBytes = 0;
  let trailerBytes = 0;
  let trailerFields = 0;
  let trailerName = "";
  // Of the size, the name or the unquoted value that is being read; none of them may be empty.
  let tokenLength = 0;
  let fault: ParseFault | undefined;

  const fail = (code: string, what: string): number => {
    fault = parseFault(code, what);
    return FAILED;
  };

  const afterSize = (octet: number): number => {
    if (octet === CR) return SIZE_LF;
    tokenLength = 0;
    if (octet === SEMICOLON) return EXTENSION_NAME;
    return fail("HPE_INVALID_CHUNK_SIZE", "a chunk's size is no hexadecimal number");
  };

  const extensionState = (octet: number): number => {
    extensionBytes += 1;
    if (extensionBytes > MAX_EXTENSION_BYTES) {
      return fail("HPE_CHUNK_EXTENSIONS_OVERFLOW", "its chunk extensions are too long");
    }
    if (state === QUOTED) {
      if (octet === QUOTE) return AFTER_QUOTED;
      if (octet === BACKSLASH) return QUOTED_PAIR;
      return VALUE_OCTET[octet] === 0 ? badExtension() : QUOTED;
    }
    if (state === QUOTED_PAIR) return VALUE_OCTET[octet] === 0 ? badExtension() : QUOTED;
    if (state === EXTENSION_VALUE_FIRST && octet === QUOTE) return QUOTED;
    if (state !== AFTER_QUOTED && TOKEN_LOWER[octet] !== 0) {
      tokenLength += 1;
      return state === EXTENSION_VALUE_FIRST ? EXTENSION_VALUE : state;
    }
    if (state !== AFTER_QUOTED && tokenLength === 0) return badExtension();
    if (octet === EQUALS && state === EXTENSION_NAME) {
      tokenLength = 0;
      return EXTENSION_VALUE_FIRST;
    }
    return octet === CR || octet === SEMICOLON ? afterSize(octet) : badExtension();
  };

  const badExtension = (): number =>
    fail("HPE_INVALID_CHUNK_SIZE", "a chunk extension is neither a name nor a name and a value");

  const trailerState = (octet: number): number => {
    trailerBytes += 1;
    if (trailerBytes > MAX_TRAILER_BYTES) return trailerOverflow();
    if (state === TRAILER_VALUE) {
      if (octet === CR) return TRAILER_LF;
      return VALUE_OCTET[octet] === 0 ? badTrailer() : TRAILER_VALUE;
    }
    const lower = TOKEN_LOWER[octet] ?? 0;
    if (lower !== 0) {
      if (state === TRAILER_FIRST) trailerName = "";
      if (trailerName.length <= LONGEST_FRAMING_NAME) trailerName += String.fromCharCode(lower);
      return TRAILER_NAME;
    }
    if (state === TRAILER_FIRST && octet === CR) return LAST_LF;
    if (octet !== COLON || state === TRAILER_FIRST) return badTrailer();
    if (FRAMING_NAMES.has(trailerName)) {
      return fail("HPE_INVALID_CONTENT_LENGTH", "a trailer field says how long it was");
    }
    trailerFields += 1;
    return trailerFields > MAX_TRAILER_FIELDS ? trailerOverflow() : TRAILER_VALUE;
  };

  const badTrailer = (): number =>
    fail("HPE_INVALID_HEADER_TOKEN", "a trailer field is no name, colon and value");
  const trailerOverflow = (): number =>
    fail("HPE_HEADER_OVERFLOW", "its trailer fields are too many or too long");

  const expectLf = (octet: number, next: number): number =>
    octet === LF ? next : fail("HPE_LF_EXPECTED", "a CR without its LF");

  /** What follows an octet that is not of the body itself. */
  const nextState = (octet: number): number => {
    if (state <= SIZE) {
      const digit = hexDigit(octet);
      if (digit < 0) {
        return state === SIZE ? afterSize(octet) : badSize("is no hexadecimal number");
      }
      size = size * 16 + digit;
      tokenLength += 1;
      return tokenLength > MAX_SIZE_DIGITS ? badSize("is too large") : SIZE;
    }
    if (state <= AFTER_QUOTED) return extensionState(octet);
    switch (state) {
      case SIZE_LF:
        return expectLf(octet, size === 0 ? TRAILER_FIRST : DATA);
      case DATA_CR:
        if (octet === CR) return DATA_LF;
        return fail("HPE_STRICT", "a chunk is longer than its size");
      case DATA_LF:
        tokenLength = 0;
        return expectLf(octet, SIZE_FIRST);
      case TRAILER_LF:
        return expectLf(octet, TRAILER_FIRST);
      case LAST_LF:
        return expectLf(octet, DONE);
      default:
        return trailerState(octet);
    }
  };
  const badSize = (what: string): number =>
    fail("HPE_INVALID_CHUNK_SIZE", `a chunk's size ${what}`);

  return {
    begin() {
      state = SIZE_FIRST;
      size = 0;
      extensionBytes = 0;
      trailerBytes = 0;
      trailerFields = 0;
      tokenLength = 0;
      fault = undefined;
    },
    read(bytes, start, end, onData) {
      let index = start;
      while (index < end && state < DONE) {
        if (state !== DATA) {
          state = nextState(bytes[index] ?? 0);
          index += 1;
          continue;
        }
        const to = Math.min(end, index + size);
        const from = index;
        size -= to - from;
        index = to;
        if (size === 0) state = DATA_CR;
        if (!onData(bytes, from, to)) break;
      }
      return index;
    },
    isDone: () => state === DONE,
    fault: () => fault,
  };
}

function hexDigit(octet: number): number {
  if (octet >= 48 && octet <= 57) return octet - 48;
  const lower = octet | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
