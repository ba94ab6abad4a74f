import type { VerificationCode } from "../errors.ts";
import {
  isVerificationCode,
  statusOfVerificationCode,
  WebhookError,
  WebhookVerificationError,
} from "../errors.ts";
import type { WebhookEvent } from "../event.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import { isPromise } from "../maybe-promise.ts";
import { isTolerance } from "./interpret-provider.ts";
import type {
  EventFields,
  HeadersInput,
  RawBody,
  Reply,
  ReplyFailure,
  RequestContext,
  VerifierConfig,
  WebhookProvider,
} from "./provider.ts";
import { bodyBytes, bodyText, parseJson } from "./raw-body.ts";
import { refusalOf, refuse } from "./refusal.ts";

/** An event whose sender is proved. */
export interface VerifiedWebhookEvent extends WebhookEvent {
  /**
   * The bytes that were verified, for what JSON cannot hold, such as integers above 2^53. Not enumerable: logs, copies and
   * comparisons of the event do not include it. It shares memory with bytes that were handed in.
   */
  readonly rawBody: Uint8Array;
}

/** A request that is not to be believed. */
export interface SafeRefusal {
  readonly valid: false;
  readonly code: VerificationCode;
  readonly provider: string;
  /** What was wrong and what to do about it; safe to log. */
  readonly reason: string;
  /** The HTTP status to answer with. */
  readonly status: number;
  readonly cause?: unknown;
}

/** A request as it turned out. */
export type SafeVerifyResult =
  { readonly valid: true; readonly event: VerifiedWebhookEvent } | SafeRefusal;

/** Verifies the requests of one sender. The functions can be destructured. */
export interface InboundVerifier {
  /** The `source` of the events. */
  readonly provider: string;
  /**
   * @param rawBody the body exactly as it was received, not parsed
   * @param request what is known beside body and headers, where the platform signs it
   * @throws WebhookVerificationError for a request that is not to be believed
   */
  readonly verifyAndConvert: (
    rawBody: RawBody,
    headers: HeadersInput,
    request?: RequestContext,
  ) => Promise<VerifiedWebhookEvent>;
  /** Likewise, but a refusal is a value. Never rejects. */
  readonly safeVerify: (
    rawBody: RawBody,
    headers: HeadersInput,
    request?: RequestContext,
  ) => Promise<SafeVerifyResult>;
  /**
   * Reads and verifies a `Request` as servers on web standards have it. The whole body is held in memory: bound its size
   * in the server.
   * @param context replaces what is read from the request, such as its URL behind a proxy
   * @throws WebhookVerificationError
   */
  readonly verifyRequest: (
    request: Request,
    context?: RequestContext,
  ) => Promise<VerifiedWebhookEvent>;
  /** How the platform wants to be answered: what its provider says, bound to this verifier's configuration. */
  readonly replies: Replies;
}

/** Each of these is absent where a bare status will do. See `Acknowledgement`. */
export interface Replies {
  readonly success?: (event: WebhookEvent) => MaybePromise<Reply>;
  readonly failure?: (failure: ReplyFailure) => MaybePromise<Reply>;
  readonly handshake?: (event: WebhookEvent) => MaybePromise<Reply | undefined>;
  readonly setup?: (request: RequestContext) => MaybePromise<Reply | undefined>;
}

/** Events whose id was made here, because the sender gave none. */
const withoutOwnId = new WeakSet<WebhookEvent>();

/** Whether the sender gave the event an id, so that a repetition would have the same. */
export function hasOwnId(event: WebhookEvent): boolean {
  return !withoutOwnId.has(event);
}

/**
 * Makes the verifier for one sender's webhooks.
 *
 * A secret or key that is missing, empty or unreadable is reported by each verification with code `CONFIG`, so that a
 * forgotten environment variable answers 500 and cannot take the application down with it.
 *
 * @throws INVALID_OPTION what can never work: a provider without `verify`, a setting of the wrong type
 */
export function createInboundVerifier<C extends VerifierConfig<object>>(options: {
  readonly provider: WebhookProvider<C>;
  readonly config: NoInfer<C>;
}): InboundVerifier {
  const { provider, config: given } = options;
  checkProvider(provider);
  checkConfig(given);
  const config = copyConfig(given);
  const name = provider.provider;

  const failed = (error: unknown): SafeVerifyResult =>
    toResult(name, refusalOf(error, name, false));

  const check = (
    rawBody: RawBody,
    headers: HeadersInput,
    request: RequestContext | undefined,
  ): MaybePromise<SafeVerifyResult> => {
    const convert = (answer: LooseResult): SafeVerifyResult =>
      answer.valid === true
        ? { valid: true, event: toEvent(name, rawBody, answer.event ?? {}, request?.now) }
        : toResult(name, answer);
    try {
      const answer = provider.verify(rawBody, headers, config, request);
      return isPromise(answer) ? answer.then(convert).catch(failed) : convert(answer);
    } catch (error) {
      return failed(error);
    }
  };

  const verifyAndConvert: InboundVerifier["verifyAndConvert"] = async (
    rawBody,
    headers,
    request,
  ) => {
    const checked = check(rawBody, headers, request);
    const result = isPromise(checked) ? await checked : checked;
    if (!result.valid) throw asError(result);
    return result.event;
  };

  return {
    provider: name,
    replies: repliesOf(provider, config),
    safeVerify: async (rawBody, headers, request) => check(rawBody, headers, request),
    verifyAndConvert,
    async verifyRequest(request, context) {
      const body = await readRequestBody(request).catch((error: unknown) => {
        throw asError(toResult(name, refusalOf(error, name, false)));
      });
      const { method, url } = request;
      return verifyAndConvert(body, request.headers, { method, url, ...context });
    },
  };
}

function repliesOf<C extends VerifierConfig<object>>(
  { acknowledge }: WebhookProvider<C>,
  config: C,
): Replies {
  if (!acknowledge) return {};
  const { success, failure, handshake, setup } = acknowledge;
  return {
    ...(success && { success: (event) => success(event, config) }),
    ...(failure && { failure: (refused) => failure(refused, config) }),
    ...(handshake && { handshake: (event) => handshake(event, config) }),
    ...(setup && { setup: (request) => setup(request, config) }),
  };
}

async function readRequestBody(request: Request): Promise<ArrayBuffer> {
  if (typeof request?.arrayBuffer !== "function") {
    refuse(
      "CONFIG",
      "verifyRequest takes a Request of the web standard: call verifyAndConvert with the raw body and the headers",
    );
  }
  if (request.bodyUsed) {
    refuse("CONFIG", "the body has been read already: verify first, and read the event's payload");
  }
  try {
    return await request.arrayBuffer();
  } catch (cause) {
    return refuse("MALFORMED_PAYLOAD", "the body broke off before its end", { cause });
  }
}

/** What a provider may answer that no compiler has seen: anything but `valid: true` is a refusal. */
interface LooseResult {
  readonly valid?: unknown;
  readonly event?: EventFields;
  readonly code?: unknown;
  readonly reason?: string;
  readonly cause?: unknown;
}

function asError(result: SafeRefusal): WebhookVerificationError {
  const { cause } = result;
  return new WebhookVerificationError(result, cause === undefined ? {} : { cause });
}

function toResult(provider: string, refused: LooseResult): SafeRefusal {
  const { reason = "the signature is not valid", cause } = refused;
  const code = isVerificationCode(refused.code) ? refused.code : "SIGNATURE_MISMATCH";
  const status = statusOfVerificationCode(code);
  return { valid: false, code, provider, reason, status, ...(cause !== undefined && { cause }) };
}

function toEvent(
  provider: string,
  rawBody: RawBody,
  fields: EventFields,
  now: number | undefined,
): VerifiedWebhookEvent {
  const { id, type, source, timestamp = now, metadata } = fields;
  const event: WebhookEvent = {
    id: id || crypto.randomUUID(),
    type: type || "webhook.received",
    source: source || provider,
    payload: "payload" in fields ? fields.payload : payloadOf(rawBody),
    timestamp: timestamp ?? Date.now(),
  };
  if (metadata) event.metadata = metadata;
  if (!id) withoutOwnId.add(event);
  hideRawBody(event, bodyBytes(rawBody));
  return event;
}

function hideRawBody(
  event: WebhookEvent,
  rawBody: Uint8Array,
): asserts event is VerifiedWebhookEvent {
  Object.defineProperty(event, "rawBody", { value: rawBody });
}

function payloadOf(rawBody: RawBody): unknown {
  const text = bodyText(rawBody, bodyBytes(rawBody));
  return parseJson(text) ?? text;
}

function checkProvider(provider: unknown): void {
  const shape: { provider?: unknown; verify?: unknown } = Object(provider);
  if (typeof shape.verify !== "function") {
    invalid("provider must be an object with a function `verify`, such as createStripeVerifier()");
  }
  if (typeof shape.provider !== "string" || shape.provider === "") {
    invalid("provider.provider must be the platform's name");
  }
}

function checkConfig(config: unknown): void {
  if (typeof config !== "object" || config === null) {
    invalid("config must be an object, such as { secret }");
  }
  const { secret, publicKey, timestampTolerance, extra, crypto: backend }: VerifierConfig = config;
  if (!isMissing(secret) && !listOf(secret).every((item) => isMissing(item) || isText(item))) {
    invalid("config.secret must be a text or a list of texts");
  }
  if (!isMissing(publicKey) && !listOf(publicKey).every((item) => isMissing(item) || isKey(item))) {
    invalid("config.publicKey must be a text, a CryptoKey or a list of these");
  }
  if (timestampTolerance !== undefined && !isTolerance(timestampTolerance)) {
    invalid("config.timestampTolerance must be a number of milliseconds, zero or more");
  }
  if (extra !== undefined && (typeof extra !== "object" || extra === null)) {
    invalid("config.extra must be an object");
  }
  if (backend !== undefined && !["auto", "native", "webcrypto"].includes(backend)) {
    invalid("config.crypto must be auto, native or webcrypto");
  }
}

function copyConfig<C extends VerifierConfig<object>>(config: C): C {
  const { secret, publicKey, extra } = config;
  return {
    ...config,
    ...(Array.isArray(secret) && { secret: [...secret] }),
    ...(Array.isArray(publicKey) && { publicKey: [...publicKey] }),
    ...(extra && { extra: { ...extra } }),
  };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

// What a missing environment variable leaves behind: for each request to report, not for the start to fail on.
function isMissing(value: unknown): boolean {
  return value === undefined || value === null;
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isKey(value: unknown): boolean {
  return typeof value === "string" || value instanceof CryptoKey;
}

function invalid(message: string): never {
  throw new WebhookError("INVALID_OPTION", message);
}
