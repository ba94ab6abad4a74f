import { createResponseParser } from "../../src/transport/response-parser.ts";
import type { ResponseParser } from "../../src/transport/response-parser.ts";
import { createTextTable } from "../../src/transport/text-table.ts";
import { ILLEGAL } from "./illegal-responses.ts";
import { createRandom, mutated, SHORT_RESPONSES } from "./server-behaviours.ts";

export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** What is known of a response once its pieces have been read. */
export interface Parsed {
  readonly state: string;
  readonly code?: string | undefined;
  readonly fault?: string | undefined;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly truncated?: boolean;
  readonly reusable?: boolean;
}

/** Reads pieces until the response is over, then the end of the connection if asked to. */
export function parse(
  pieces: readonly Uint8Array[],
  { max = 16_384, end = false, parser = createResponseParser(createTextTable()) } = {},
): Parsed {
  parser.begin(max);
  let state: string = "head";
  for (const piece of pieces) {
    // As the transport does: every piece comes in the same memory, which the next one overwrites.
    shared.set(piece);
    state = parser.push(shared, piece.length);
    shared.fill(0x2a, 0, piece.length);
    if (state === "complete" || state === "failed") break;
  }
  if (end && state !== "complete" && state !== "failed") state = parser.end();
  return describeState(parser, state);
}

const shared = new Uint8Array(256 * 1024);

function describeState(parser: ResponseParser, state: string): Parsed {
  const fault = parser.fault();
  if (fault) return { state, code: fault.code, fault: fault.message };
  if (!parser.isAnswered()) return { state };
  const { status, headers } = parser.head();
  const body = new TextDecoder("latin1").decode(parser.takeBody());
  const truncated = parser.isTruncated();
  return { state, status, headers, body, truncated, reusable: parser.isReusable() };
}

/** What an attempt is told; later bytes cannot change it. */
export function told(parsed: Parsed): string {
  // Whether bytes that follow come with the response or after it is chance: after it, they end an idle connection.
  if (parsed.code === "UNEXPECTED_BYTES") return "complete";
  if (parsed.code !== undefined || parsed.fault !== undefined) return `fault ${parsed.code ?? ""}`;
  if (parsed.truncated) return `${parsed.status} ${JSON.stringify(parsed.headers)} ${parsed.body}`;
  return parsed.state === "complete" ? "complete" : parsed.state;
}

const MAX_BODY = 64;
const MAX_HEAD = 16_384;
const SOURCES = [...SHORT_RESPONSES, ...Object.values(ILLEGAL).filter((text) => text.length < 300)];

type Random = (below: number) => number;

/** A part of a response: put elsewhere, repeated up to the bounds, or followed by the end of another response. */
function rearranged(text: string, random: Random): string {
  const [at, to] = [random(text.length + 1), random(text.length + 1)].toSorted((a, b) => a - b);
  const part = text.slice(at, to);
  switch (random(4)) {
    case 0: {
      const other = SOURCES[random(SOURCES.length)] ?? "";
      return text.slice(0, at) + other.slice(random(other.length));
    }
    case 1:
      return (
        text.slice(0, to) + part.repeat(random(40) === 0 ? 300 : 1 + random(3)) + text.slice(to)
      );
    case 2: {
      const place = random(text.length);
      return text.slice(0, place) + part + text.slice(place);
    }
    default:
      return text.slice(0, at) + text.slice(to);
  }
}

function nextText(random: Random): string {
  const isShort = random(2) === 0;
  let text = isShort
    ? (SHORT_RESPONSES[random(SHORT_RESPONSES.length)] ?? "")
    : (SOURCES[random(SOURCES.length)] ?? "");
  if (random(4) === 0) text = rearranged(text, random);
  for (let times = random(4); times > 0; times -= 1) text = mutated(text, random);
  return text;
}

function checkBounds(text: string, { body, headers, fault, code, state }: Parsed): void {
  const fields = Object.entries(headers ?? {});
  const length = fields.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if ((body?.length ?? 0) > MAX_BODY) throw new Error(`Too much is kept of ${text}`);
  if (length > MAX_HEAD || fields.length > 128) throw new Error(`Too many fields of ${text}`);
  if (state === "failed" && fault === undefined) throw new Error(`No reason: ${code} of ${text}`);
}

/**
 * Feeds a parser with mutated responses, whole and in random pieces.
 * @returns how often each outcome came; throws where the two ways differ, or a bound does not hold
 */
export function fuzzParser(count: number, seed: number): Map<string, number> {
  const random = createRandom(seed);
  const outcomes = new Map<string, number>();
  // The same two for all: what one response leaves behind must not show in the next.
  const [whole, split] = [0, 1].map(() => createResponseParser(createTextTable()));
  for (let index = 0; index < count; index += 1) {
    const text = nextText(random);
    const bytes = latin1(text);
    const a = parse([bytes], { max: MAX_BODY, end: true, ...(whole && { parser: whole }) });
    const pieces = randomPieces(bytes, random);
    const b = parse(pieces, { max: MAX_BODY, end: true, ...(split && { parser: split }) });
    if (told(a) !== told(b)) {
      throw new Error(`In pieces it differs: ${JSON.stringify({ text, a, b })}`);
    }
    checkBounds(text, a);
    const outcome = a.code ?? (a.fault === undefined ? a.state : "fault without a code");
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  return outcomes;
}

function randomPieces(bytes: Uint8Array, random: Random): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = 1 + random(random(3) === 0 ? 3 : 40);
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}
