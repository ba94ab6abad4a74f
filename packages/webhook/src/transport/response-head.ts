import { COLON, CR, LF, SPACE, TAB, TOKEN_LOWER, VALUE_OCTET } from "./octets.ts";
import type { ParseFault } from "./parse-fault.ts";
import { parseFault } from "./parse-fault.ts";
import type { TextTable } from "./text-table.ts";

/** How the end of a body is found. */
export type Framing = "none" | "length" | "chunked" | "until-close";

/** A response's status line and fields, as they are read. */
export interface ResponseHead {
  status: number;
  headers: Record<string, string>;
  /** How many field lines there were. */
  fields: number;
  isHttp10: boolean;
  isChunked: boolean;
  /** -1 without a content-length. */
  contentLength: number;
  saysClose: boolean;
  saysKeepAlive: boolean;
  /** What `keep-alive: timeout=…` says, in seconds; -1 without it. */
  keepAliveSeconds: number;
}

/** Before the first byte. */
export function newHead(): ResponseHead {
  return {
    status: 0,
    headers: {},
    fields: 0,
    isHttp10: false,
    isChunked: false,
    contentLength: -1,
    saysClose: false,
    saysKeepAlive: false,
    keepAliveSeconds: -1,
  };
}

/** Source: https://www.rfc-editor.org/rfc/rfc9112#section-6.3; for answers to POST. */
export function framingOf(head: ResponseHead): Framing {
  if (head.status < 200 || head.status === 204 || head.status === 304) return "none";
  if (head.isChunked) return "chunked";
  if (head.contentLength < 0) return "until-close";
  return head.contentLength === 0 ? "none" : "length";
}

/** Whether another request may follow on the same connection. Source: https://www.rfc-editor.org/rfc/rfc9112#section-9.3 */
export function isPersistent(head: ResponseHead): boolean {
  if (head.saysClose) return false;
  // Chunks and HTTP/1.0 together are a fault of the framing (RFC 9112, section 6.1).
  return !head.isHttp10 || (head.saysKeepAlive && !head.isChunked);
}

const START = "HTTP/1.";

/** Whether the first bytes of a response, of which there are at least one, can still become a status line. */
export function canStartWith(bytes: Uint8Array, start: number, end: number): boolean {
  const length = Math.min(end - start, START.length);
  for (let index = 0; index < length; index += 1) {
    if (bytes[start + index] !== START.charCodeAt(index)) return false;
  }
  return true;
}

/**
 * Reads a status line such as `HTTP/1.1 200 OK`, of which it is known that it can start with what it starts with.
 * @param end where the line's CR stands
 */
export function readStatusLine(
  head: ResponseHead,
  bytes: Uint8Array,
  start: number,
  end: number,
): ParseFault | undefined {
  const minor = (bytes[start + 7] ?? 0) - 48;
  if (minor !== 0 && minor !== 1) {
    return parseFault("HPE_INVALID_VERSION", "its version is neither HTTP/1.0 nor HTTP/1.1");
  }
  head.isHttp10 = minor === 0;
  const at = start + 9;
  const hundreds = (bytes[at] ?? 0) - 48;
  const tens = (bytes[at + 1] ?? 0) - 48;
  const ones = (bytes[at + 2] ?? 0) - 48;
  const isNumber = isDigit(hundreds) && isDigit(tens) && isDigit(ones) && at + 3 <= end;
  // Servers leave out the space before a reason that they leave out.
  const endsThere = at + 3 === end || bytes[at + 3] === SPACE;
  if (bytes[start + 8] !== SPACE || !isNumber || !endsThere) {
    return parseFault("HPE_INVALID_STATUS", "its status is not a number of three digits");
  }
  head.status = hundreds * 100 + tens * 10 + ones;
  for (let index = at + 3; index < end; index += 1) {
    if (VALUE_OCTET[bytes[index] ?? 0] === 0) return controlCharacter("reason phrase");
  }
  return undefined;
}

function isDigit(value: number): boolean {
  return value >= 0 && value <= 9;
}

function controlCharacter(where: string): ParseFault {
  return parseFault("HPE_INVALID_HEADER_TOKEN", `a control character in its ${where}`);
}

/**
 * Reads a field line such as `Content-Type: text/plain` into the head.
 * @param end where the line's CR stands; the line is not empty
 */
export function readField(
  head: ResponseHead,
  texts: TextTable,
  bytes: Uint8Array,
  start: number,
  end: number,
): ParseFault | undefined {
  let index = start;
  let hash = 0;
  for (; index < end; index += 1) {
    const lower = TOKEN_LOWER[bytes[index] ?? 0] ?? 0;
    if (lower === 0) break;
    hash = (Math.imul(hash, 31) + lower) | 0;
  }
  if (index === start || index === end || bytes[index] !== COLON) return badName(bytes, start);
  const name = texts.name(bytes, start, index, hash);

  index += 1;
  while (index < end && isBlank(bytes[index])) index += 1;
  const valueStart = index;
  hash = 0;
  for (; index < end; index += 1) {
    const octet = bytes[index] ?? 0;
    if (VALUE_OCTET[octet] === 0) return controlCharacter("fields");
    hash = (Math.imul(hash, 31) + octet) | 0;
  }
  while (index > valueStart && isBlank(bytes[index - 1])) index -= 1;
  return addField(head, name, texts.text(bytes, valueStart, index, hash));
}

function isBlank(octet: number | undefined): boolean {
  return octet === SPACE || octet === TAB;
}

function badName(bytes: Uint8Array, start: number): ParseFault {
  return isBlank(bytes[start])
    ? parseFault(
        "HPE_INVALID_HEADER_TOKEN",
        "a field goes on in the next line, or has a blank before it",
      )
    : parseFault("HPE_INVALID_HEADER_TOKEN", "a field's name is no token, or no colon follows it");
}

function addField(head: ResponseHead, name: string, value: string): ParseFault | undefined {
  head.fields += 1;
  const { headers } = head;
  if (name === "__proto__") defineOwn(headers, name, value);
  else {
    const earlier = headers[name];
    // The second question is for names such as `constructor`, which every object answers to.
    const isRepeated = earlier !== undefined && Object.hasOwn(headers, name);
    headers[name] = isRepeated ? `${earlier}, ${value}` : value;
  }
  switch (name) {
    case "content-length":
      return readContentLength(head, value);
    case "transfer-encoding":
      return readTransferEncoding(head, value);
    case "connection":
      readConnection(head, value);
      return undefined;
    case "keep-alive":
      head.keepAliveSeconds = keepAliveSeconds(value);
      return undefined;
    default:
      return undefined;
  }
}

function defineOwn(headers: Record<string, string>, name: string, value: string): void {
  const earlier = Object.hasOwn(headers, name) ? `${headers[name]}, ` : "";
  Object.defineProperty(headers, name, {
    value: earlier + value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function readContentLength(head: ResponseHead, value: string): ParseFault | undefined {
  if (head.isChunked) return bothLengths();
  // Two that are equal are legal, but only a broken chain of servers sends them.
  if (head.contentLength >= 0) {
    return parseFault("HPE_UNEXPECTED_CONTENT_LENGTH", "it has more than one content-length");
  }
  const length = decimal(value);
  if (length < 0) {
    return parseFault("HPE_INVALID_CONTENT_LENGTH", "its content-length is no number below 2^53");
  }
  head.contentLength = length;
  return undefined;
}

/** @returns -1 for anything but digits, and for 2^53 and above */
function decimal(text: string): number {
  if (text.length === 0) return -1;
  let value = 0;
  for (let index = 0; index < text.length; index += 1) {
    const digit = text.charCodeAt(index) - 48;
    if (!isDigit(digit)) return -1;
    value = value * 10 + digit;
    if (value > Number.MAX_SAFE_INTEGER) return -1;
  }
  return value;
}

function readTransferEncoding(head: ResponseHead, value: string): ParseFault | undefined {
  if (head.contentLength >= 0) return bothLengths();
  // No other coding was asked for with `te`.
  if (head.isChunked || value.toLowerCase() !== "chunked") {
    return parseFault(
      "HPE_INVALID_TRANSFER_ENCODING",
      "its transfer-encoding is something else than chunked",
    );
  }
  head.isChunked = true;
  return undefined;
}

function bothLengths(): ParseFault {
  return parseFault(
    "HPE_INVALID_TRANSFER_ENCODING",
    "it has both a content-length and a transfer-encoding",
  );
}

function readConnection(head: ResponseHead, value: string): void {
  if (value === "keep-alive") {
    head.saysKeepAlive = true;
    return;
  }
  for (const option of value.toLowerCase().split(",")) {
    const token = option.trim();
    if (token === "close") head.saysClose = true;
    if (token === "keep-alive") head.saysKeepAlive = true;
  }
}

const TIMEOUT = "timeout=";

/** Of `timeout=5, max=100`. Source: https://datatracker.ietf.org/doc/html/draft-thomson-hybi-http-timeout-03#section-2 */
function keepAliveSeconds(value: string): number {
  const at = value.indexOf(TIMEOUT);
  if (at < 0) return -1;
  const end = value.indexOf(",", at);
  return decimal(value.slice(at + TIMEOUT.length, end < 0 ? undefined : end).trim());
}

/** Where a line ends: at its CR, before the LF at `lf`; or a fault for an LF without one. */
export function lineEnd(bytes: Uint8Array, start: number, lf: number): number | ParseFault {
  if (lf > start && bytes[lf - 1] === CR) return lf - 1;
  return parseFault("HPE_CR_EXPECTED", "a line ends in LF instead of CR LF");
}

/** @returns where the next LF stands, or -1 */
export function findLf(bytes: Uint8Array, start: number, end: number): number {
  for (let index = start; index < end; index += 1) if (bytes[index] === LF) return index;
  return -1;
}
