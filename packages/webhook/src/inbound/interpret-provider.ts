import type { Bytes } from "../signing/bytes.ts";
import { fromBase64, fromHex, utf8 } from "../signing/bytes.ts";
import { headerReader } from "./headers.ts";
import type {
  Alternatives,
  EventParts,
  ProviderDefinition,
  SignatureScheme,
  SignedContent,
} from "./provider-definition.ts";
import type {
  EventFields,
  HeadersInput,
  RawBody,
  Refused,
  RequestContext,
  VerifierConfig,
  VerifyResult,
  WebhookProvider,
} from "./provider.ts";
import { bodyBytes } from "./raw-body.ts";
import { refusalOf, refuse } from "./refusal.ts";
import type { KeySource } from "./signature-keys.ts";
import { createKeySource } from "./signature-keys.ts";
import type { ReadTimestamp, SignedRequest } from "./signed-request.ts";
import { createSignedRequest } from "./signed-request.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import { chain, firstAnswer } from "./first-answer.ts";
import { checkFreshness, parseTimestamp } from "./timestamp.ts";
import { valueAt } from "./value-at.ts";

interface Scheme<E extends object> extends SignatureScheme<E> {
  readonly source: KeySource<E>;
}

/** Which of the signed contents a signature was right for. */
interface Match {
  readonly alternative: number;
}

/**
 * Makes a provider from a platform's definition. All platforms go through the same steps, in this order: configuration,
 * body, signature, freshness, payload, event. A fault at any step is a refusal; `verify` does not throw or reject.
 */
export function interpretProvider<E extends object = Readonly<Record<string, unknown>>>(
  definition: ProviderDefinition<E>,
): WebhookProvider<VerifierConfig<E>> {
  const listed = definition.signature;
  const schemes: readonly Scheme<E>[] = (isList(listed) ? listed : [listed]).map((scheme) => ({
    ...scheme,
    source: createKeySource(scheme.algorithm),
  }));

  return {
    provider: definition.id,
    ...(definition.acknowledge && { acknowledge: definition.acknowledge }),
    verify(rawBody, headers, config, context = {}) {
      let believed = false;
      const failed = (error: unknown): Refused => refusalOf(error, definition.id, believed);
      try {
        const configured = checkConfig(definition, schemes, config);
        const request = readRequest(definition, rawBody, headers, config, context);
        const result = chain(authenticate(definition, configured, request), (match) => {
          if (!match) return refusedSignature();
          believed = true;
          return conclude(definition, request, match);
        });
        return result instanceof Promise ? result.catch(failed) : result;
      } catch (error) {
        return failed(error);
      }
    },
  };
}

// `Array.isArray` does not narrow a readonly array.
function isList<E extends object>(
  signature: SignatureScheme<E> | readonly SignatureScheme<E>[],
): signature is readonly SignatureScheme<E>[] {
  return Array.isArray(signature);
}

function checkConfig<E extends object>(
  definition: ProviderDefinition<E>,
  schemes: readonly Scheme<E>[],
  config: VerifierConfig<E>,
): readonly Scheme<E>[] {
  const configured = schemes.filter((scheme) => scheme.source.isConfigured(config));
  if (configured.length === 0) {
    const needs = schemes.map(({ algorithm }) =>
      algorithm.kind === "public-key" ? "public key (config.publicKey)" : "secret (config.secret)",
    );
    refuse("CONFIG", `no ${needs.join(" and no ")} is configured`);
  }
  const tolerance = config.timestampTolerance;
  if (tolerance !== undefined && !isTolerance(tolerance)) {
    refuse("CONFIG", "config.timestampTolerance is not a number of milliseconds, zero or more");
  }
  definition.checkConfig?.(config);
  return configured;
}

/** Whether a value will do as a tolerance: what is not finite would switch the check off without a word. */
export function isTolerance(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function readRequest<E extends object>(
  definition: ProviderDefinition<E>,
  rawBody: RawBody,
  headers: HeadersInput,
  config: VerifierConfig<E>,
  context: RequestContext,
): SignedRequest<E> {
  const body = bodyBytes(rawBody);
  const header = headerReader(headers);
  if (!header) refuse("CONFIG", "the headers are missing: pass the request's headers as they are");
  const now = context.now ?? Date.now();
  if (!Number.isFinite(now))
    refuse("CONFIG", "the time given as `now` is not a number of milliseconds");
  if (body.length === 0 && definition.emptyBody !== "accept") {
    refuse(
      "MALFORMED_PAYLOAD",
      "the body is empty: has something read it before the verifier did?",
    );
  }
  const readTimestamp = (request: SignedRequest<E>): ReadTimestamp => {
    const text = definition.timestamp?.read(request) ?? "";
    const ms = parseTimestamp(text, definition.timestamp?.unit ?? "s");
    if (ms === undefined) {
      refuse("MALFORMED_SIGNATURE", "the request has no timestamp that could be read");
    }
    return { text, ms };
  };
  return createSignedRequest({ rawBody, body, header, config, context, now, readTimestamp });
}

/** Finds the signature that is right, if there is one. */
function authenticate<E extends object>(
  definition: ProviderDefinition<E>,
  schemes: readonly Scheme<E>[],
  request: SignedRequest<E>,
): MaybePromise<Match | undefined> {
  const offers = schemes.map((scheme) => ({ scheme, signatures: readSignatures(scheme, request) }));
  if (offers.every(({ signatures }) => signatures === undefined)) {
    refuse("MISSING_SIGNATURE", "the request carries no signature of a kind that is accepted here");
  }
  return firstAnswer(offers, ({ scheme, signatures }) => {
    if (!signatures || signatures.length === 0) return undefined;
    return chain(scheme.source.keysFor(request), (keys) =>
      firstAnswer(keys, (key) =>
        chain(definition.signedContent(request, key.secret), (content) =>
          firstAnswer(alternativesOf(content), (pieces, alternative) =>
            chain(key.verify(encode(pieces), signatures), (isRight) =>
              isRight ? { alternative } : undefined,
            ),
          ),
        ),
      ),
    );
  });
}

/** The signatures that can be decoded; `undefined` where the request has none at all. */
function readSignatures<E extends object>(
  scheme: Scheme<E>,
  request: SignedRequest<E>,
): readonly Bytes[] | undefined {
  const read = scheme.read(request);
  const texts: readonly string[] = typeof read === "string" ? [read] : read;
  if (texts.length === 0) return undefined;
  if (texts.length > scheme.source.maxSignatures) {
    refuse(
      "MALFORMED_SIGNATURE",
      `the request carries more than ${scheme.source.maxSignatures} signatures`,
    );
  }
  const decode = scheme.encoding === "hex" ? fromHex : fromBase64;
  const signatures: Bytes[] = [];
  for (const text of texts) {
    const signature = decode(text);
    if (signature) signatures.push(signature);
  }
  return signatures;
}

function alternativesOf(content: SignedContent | Alternatives): readonly SignedContent[] {
  return "alternatives" in content ? content.alternatives : [content];
}

/** The bytes of the content: the body stays where it is, texts beside each other are encoded together. */
function encode(content: SignedContent): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  let text = "";
  for (const piece of content) {
    if (typeof piece === "string") {
      text += piece;
      continue;
    }
    if (text !== "") parts.push(utf8(text));
    text = "";
    parts.push(piece);
  }
  if (text !== "") parts.push(utf8(text));
  return parts;
}

function conclude<E extends object>(
  definition: ProviderDefinition<E>,
  request: SignedRequest<E>,
  match: Match,
): MaybePromise<VerifyResult> {
  const { timestamp, payload = "json-or-text" } = definition;
  if (timestamp) {
    const tolerance = request.config.timestampTolerance ?? timestamp.toleranceMs;
    checkFreshness(request.sentAt(), request.now, timestamp.unit, tolerance);
  }
  const read =
    typeof payload === "function"
      ? payload(request, match.alternative)
      : readPayload(request, payload);
  return chain(read, (value) => ({
    valid: true,
    event: assemble(definition.id, definition.event?.(request, value) ?? {}, value),
  }));
}

function readPayload<E extends object>(
  request: SignedRequest<E>,
  kind: "json" | "json-or-text",
): unknown {
  const value = request.json();
  if (value !== undefined) return value;
  if (kind === "json")
    refuse("MALFORMED_PAYLOAD", "the body is signed rightly, but it is not JSON");
  return request.text();
}

function assemble(provider: string, parts: EventParts, payload: unknown): EventFields {
  const { id, type, timestamp, whole } = parts;
  if (whole) return whole;
  const metadata: Record<string, unknown> = { provider };
  const given = parts.metadata ?? {};
  for (const name of Object.keys(given)) {
    if (given[name] !== undefined) metadata[name] = given[name];
  }
  const fields: EventFields = { payload, metadata };
  if (id !== undefined) fields.id = id;
  if (type !== undefined) fields.type = type;
  if (timestamp !== undefined) fields.timestamp = timestamp;
  const unsigned = parts.unsigned?.filter(
    (name) => valueAt(fields, name) !== undefined || valueAt(metadata, name) !== undefined,
  );
  if (unsigned && unsigned.length > 0) metadata["unsigned"] = unsigned;
  return fields;
}

function refusedSignature(): Refused {
  return {
    valid: false,
    code: "SIGNATURE_MISMATCH",
    reason:
      "no signature is right for this body: compare the secret or key with the sender's, and pass the body's bytes unchanged",
  };
}
