import type { Bytes } from "../signing/bytes.ts";
import { fromBase64, fromHex, utf8 } from "../signing/bytes.ts";
import { isPromise } from "../maybe-promise.ts";
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
import type { Steps } from "./run-steps.ts";
import { promised, runSteps } from "./run-steps.ts";
import type { KeySource } from "./signature-keys.ts";
import type { ReadTimestamp, SignedRequest } from "./signed-request.ts";
import { createSignedRequest } from "./signed-request.ts";
import { checkFreshness, parseTimestamp } from "./timestamp.ts";
import { valueAt } from "./value-at.ts";

interface Scheme<E extends object> extends SignatureScheme<E> {
  readonly source: KeySource<E>;
}

/** A scheme with the signatures that a request offers under it. */
interface Offer<E extends object> {
  readonly scheme: Scheme<E>;
  readonly signatures: readonly Bytes[];
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
    source: scheme.algorithm.createKeySource(),
  }));
  return {
    provider: definition.id,
    ...(definition.acknowledge && { acknowledge: definition.acknowledge }),
    verify: (rawBody, headers, config, context = {}) =>
      runSteps(verification(definition, schemes, rawBody, headers, config, context)),
  };
}

function* verification<E extends object>(
  definition: ProviderDefinition<E>,
  schemes: readonly Scheme<E>[],
  rawBody: RawBody,
  headers: HeadersInput,
  config: VerifierConfig<E>,
  context: RequestContext,
): Steps<VerifyResult> {
  let believed = false;
  try {
    const configured = checkConfig(definition, schemes, config);
    const request = readRequest(definition, rawBody, headers, config, context);
    const match = yield* authenticate(definition, readOffers(configured, request), request);
    if (!match) return refusedSignature();

    believed = true;
    checkAge(definition, request);
    const read = readPayload(definition, request, match);
    const payload = isPromise(read) ? yield* promised(read) : read;
    const parts = definition.event?.(request, payload) ?? {};
    return { valid: true, event: assemble(definition.id, parts, payload) };
  } catch (error) {
    return refusalOf(error, definition.id, believed);
  }
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
  if (typeof config !== "object" || config === null)
    refuse("CONFIG", "the configuration is missing");
  definition.checkConfig?.(config);
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

function readOffers<E extends object>(
  schemes: readonly Scheme<E>[],
  request: SignedRequest<E>,
): readonly Offer<E>[] {
  const offers: Offer<E>[] = [];
  for (const scheme of schemes) {
    const signatures = readSignatures(scheme, request);
    if (signatures) offers.push({ scheme, signatures });
  }
  if (offers.length === 0) {
    refuse("MISSING_SIGNATURE", "the request carries no signature of a kind that is accepted here");
  }
  return offers;
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

/** Finds the signature that is right, if there is one. */
function* authenticate<E extends object>(
  definition: ProviderDefinition<E>,
  offers: readonly Offer<E>[],
  request: SignedRequest<E>,
): Steps<Match | undefined> {
  for (const { scheme, signatures } of offers) {
    if (signatures.length === 0) continue;
    const found = scheme.source.keysFor(request);
    for (const key of isPromise(found) ? yield* promised(found) : found) {
      const signed = definition.signedContent(request, key.secret);
      const content = isPromise(signed) ? yield* promised(signed) : signed;
      let alternative = 0;
      for (const pieces of alternativesOf(content)) {
        const verified = key.verify(encode(pieces), signatures);
        if (isPromise(verified) ? yield* promised(verified) : verified) return { alternative };
        alternative += 1;
      }
    }
  }
  return undefined;
}

function alternativesOf(content: SignedContent | Alternatives): Iterable<SignedContent> {
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

function checkAge<E extends object>(
  { timestamp }: ProviderDefinition<E>,
  request: SignedRequest<E>,
): void {
  if (!timestamp) return;
  const tolerance = request.config.timestampTolerance ?? timestamp.toleranceMs;
  checkFreshness(request.sentAt(), request.now, timestamp.unit, tolerance);
}

function readPayload<E extends object>(
  { payload }: ProviderDefinition<E>,
  request: SignedRequest<E>,
  match: Match,
): unknown {
  if (typeof payload === "function") return payload(request, match.alternative);
  const value = request.json();
  if (value !== undefined) return value;
  if (payload === "json") {
    refuse("MALFORMED_PAYLOAD", "the body is signed rightly, but it is not JSON");
  }
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
  // JSON can hold numbers beyond all bounds, and no date is made of those.
  if (timestamp !== undefined && Number.isFinite(timestamp)) fields.timestamp = timestamp;
  const unsigned = parts.unsigned?.filter(
    (name) => valueAt(fields, [name]) !== undefined || valueAt(metadata, [name]) !== undefined,
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
