import { WebhookError } from "../errors.ts";
import { checkHeaderName } from "../header-name.ts";
import type { HmacHash } from "../signing/hmac.ts";
import { isHmacHash } from "../signing/hmac.ts";
import { interpretProvider, isTolerance } from "./interpret-provider.ts";
import type { EventParts, ProviderDefinition, SignedContent } from "./provider-definition.ts";
import { hmac } from "./provider-definition.ts";
import type { WebhookProvider } from "./provider.ts";
import { refuse } from "./refusal.ts";
import type { SignedRequest } from "./signed-request.ts";
import type { TimestampUnit } from "./timestamp.ts";

export interface HmacVerifierOptions {
  /** The sender's name: the `source` of its events; default `hmac`. */
  readonly id?: string;
  /** The header that carries the signature. */
  readonly header: string;
  /** Default `sha256`; `sha1` only for senders that know no other. */
  readonly algorithm?: HmacHash;
  /** What must stand before the signature in its header, such as `v0=`; default nothing. */
  readonly prefix?: string;
  /** Default `hex`. */
  readonly encoding?: "hex" | "base64";
  /**
   * What is signed, as a template of text and the places `{body}`, `{timestamp}`, `{header:<name>}`, `{query:<name>}`,
   * `{method}` and `{url}`, or a function that returns the pieces; default `{body}`. A template must hold `{body}` and, with
   * the option `timestamp`, `{timestamp}`: what is not signed can be changed by anybody.
   */
  readonly content?: string | ((request: SignedRequest) => SignedContent);
  /** The header that carries the signed timestamp; its unit, default `s`; its tolerance in ms, default 300 000. */
  readonly timestamp?: {
    readonly header: string;
    readonly unit?: TimestampUnit;
    readonly toleranceMs?: number;
  };
  /** Reads the event's id, type, timestamp and metadata; default: an event of no known type. */
  readonly event?: (request: SignedRequest, payload: unknown) => EventParts;
}

const DEFAULT_TOLERANCE_MS = 300_000;

/**
 * A verifier for a sender that signs with HMAC in a way of its own, described at run time.
 * @example
 * ```ts
 * import { createHmacVerifier } from "@ventostack/webhook";
 *
 * const provider = createHmacVerifier({
 *   id: "zoom",
 *   header: "x-zm-signature",
 *   prefix: "v0=",
 *   content: "v0:{timestamp}:{body}",
 *   timestamp: { header: "x-zm-request-timestamp" },
 * });
 * ```
 * @throws INVALID_OPTION, INVALID_HEADER, UNSUPPORTED_ALGORITHM
 */
export function createHmacVerifier(options: HmacVerifierOptions): WebhookProvider {
  const { id = "hmac", algorithm = "sha256", prefix = "", encoding = "hex" } = options;
  const { content = "{body}", event } = options;
  if (!isHmacHash(algorithm)) {
    throw new WebhookError("UNSUPPORTED_ALGORITHM", "algorithm: sha256, sha384, sha512 or sha1");
  }
  if (encoding !== "hex" && encoding !== "base64") invalid("encoding is hex or base64");
  if (typeof id !== "string" || id === "") invalid("id is the sender's name");
  if (typeof prefix !== "string") invalid("prefix is a text");
  const header = checkHeaderName(options.header).toLowerCase();
  const timestamp = options.timestamp && readTimestampOptions(options.timestamp);

  return interpretProvider({
    id,
    emptyBody: "accept",
    signature: {
      algorithm: hmac(algorithm),
      encoding,
      read: (request) => request.prefixed(header, prefix),
    },
    signedContent: typeof content === "function" ? content : compile(content, timestamp?.header),
    ...(timestamp && { timestamp: timestamp.rule }),
    ...(event && { event }),
  });
}

function readTimestampOptions(options: NonNullable<HmacVerifierOptions["timestamp"]>): {
  header: string;
  rule: NonNullable<ProviderDefinition["timestamp"]>;
} {
  const { unit = "s", toleranceMs = DEFAULT_TOLERANCE_MS } = options;
  const header = checkHeaderName(options.header).toLowerCase();
  if (!["s", "ms", "iso"].includes(unit)) invalid("timestamp.unit is s, ms or iso");
  if (!isTolerance(toleranceMs)) invalid("timestamp.toleranceMs is in milliseconds, zero or more");
  return { header, rule: { read: (request) => request.required(header), unit, toleranceMs } };
}

type Piece = (request: SignedRequest) => string | Uint8Array;

function compile(
  template: string,
  timestampHeader: string | undefined,
): (request: SignedRequest) => SignedContent {
  if (typeof template !== "string") invalid("content is a template or a function");
  const tokens = template.split(/(\{[^{}]*\})/).filter((token) => token !== "");
  const pieces = tokens.map((token) => compilePiece(token, timestampHeader));
  if (
    timestampHeader !== undefined &&
    !tokens.some((token) => token === "{timestamp}" || isHeaderPlace(token, timestampHeader))
  ) {
    invalid("content has no {timestamp}: a timestamp that is not signed can be changed by anybody");
  }
  if (!tokens.includes("{body}")) {
    invalid("content has no {body}: a body that is not signed can be changed by anybody");
  }
  return (request) => pieces.map((piece) => piece(request));
}

function isHeaderPlace(token: string, header: string): boolean {
  return token.toLowerCase() === `{header:${header}}`;
}

function compilePiece(token: string, timestampHeader: string | undefined): Piece {
  const place = /^\{(\w+)(?::(.+))?\}$/.exec(token);
  if (!place) {
    if (/[{}]/.test(token))
      invalid("content has a brace that belongs to no place: use a function for such content");
    return () => token;
  }
  const [, kind, name] = place;
  if (kind === "body" && name === undefined) return (request) => request.body;
  if (kind === "timestamp" && name === undefined && timestampHeader !== undefined) {
    return (request) => request.timestamp();
  }
  if (kind === "header") {
    const header = checkHeaderName(name).toLowerCase();
    return (request) => request.required(header);
  }
  if (kind === "query" && name !== undefined) {
    return (request) =>
      request.query(name) ?? refuse("MISSING_HEADER", `the query parameter ${name} is missing`);
  }
  if ((kind === "method" || kind === "url") && name === undefined) {
    return ({ context }) =>
      context[kind] ??
      refuse("CONFIG", `the sender signs the ${kind}: pass { ${kind} } as the third argument`);
  }
  return invalid(
    `content has the unknown place ${token}: places are {body}, {timestamp} (with the option timestamp), {header:<name>}, {query:<name>}, {method} and {url}`,
  );
}

function invalid(message: string): never {
  throw new WebhookError("INVALID_OPTION", message);
}
