import type { VerificationCode } from "../errors.ts";
import type { WebhookEvent } from "../event.ts";
import type { CryptoBackend } from "../signing/hmac.ts";
import type { PublicKeyInput } from "../signing/public-key.ts";

/** The body exactly as it came over the wire. Bytes are safest: a text has been decoded by somebody. */
export type RawBody = string | Uint8Array | ArrayBuffer;

/**
 * The headers of a request as any framework has them. Names are case-insensitive; a list with several values counts as
 * one value, joined with a comma and a space, as `Headers` does it.
 */
export type HeadersInput =
  | Headers
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | Iterable<readonly [string, string]>;

/** What the operator knows about the sender. */
export interface VerifierConfig<E extends object = Readonly<Record<string, unknown>>> {
  /** The shared secret; several while one is replaced by the next, and any of them may have signed. */
  readonly secret?: string | readonly string[] | undefined;
  /** The sender's public key; several while one is replaced by the next. */
  readonly publicKey?: PublicKeyInput | readonly PublicKeyInput[] | undefined;
  /**
   * How old, or how far in the future, a signed timestamp may be, in milliseconds, zero or more; default is the
   * platform's own rule. Without effect on platforms that sign no timestamp.
   */
  readonly timestampTolerance?: number | undefined;
  /** What only this platform needs. */
  readonly extra?: E | undefined;
  /** Which implementation computes; default `auto`: `node:crypto` where there is one. */
  readonly crypto?: CryptoBackend | undefined;
}

/** What is known of the request beside its body and headers. */
export interface RequestContext {
  readonly method?: string | undefined;
  /** The URL that the sender called, or its path and query. */
  readonly url?: string | undefined;
  /** The query's parameters; read from `url` where they are not given. */
  readonly query?:
    URLSearchParams | Readonly<Record<string, string | readonly string[] | undefined>> | undefined;
  /** The fields of a form that the framework has parsed already, for platforms that sign the fields. */
  readonly bodyParams?: Readonly<Record<string, unknown>> | undefined;
  /** The timestamp that came with the signature, for platforms that put both outside the headers. */
  readonly timestamp?: string | number | undefined;
  /** The signature, likewise. */
  readonly sign?: string | undefined;
  /** The time to judge timestamps by, in milliseconds since the epoch; default `Date.now()`. */
  readonly now?: number | undefined;
}

/** What a provider read from a request that it believes; the verifier fills in what is absent. */
export type EventFields = Partial<WebhookEvent>;

/** A provider's answer to a request that is not to be believed. Without a code it counts as `SIGNATURE_MISMATCH`. */
export interface Refused {
  readonly valid: false;
  /** What was wrong and what to do about it; never a secret, a signature or a body. */
  readonly reason: string;
  readonly code?: VerificationCode;
  readonly cause?: unknown;
}

/** A provider's answer. */
export type VerifyResult = { readonly valid: true; readonly event?: EventFields } | Refused;

/** An answer to a request, in plain data, so that any framework can send it. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Why a request is not answered with success. */
export interface ReplyFailure {
  readonly status: number;
  /** Absent where the request was believed, but its event could not be handled. */
  readonly code?: VerificationCode;
  readonly reason: string;
}

/** How a platform wants to be answered where a bare status is not enough. */
export interface Acknowledgement<C extends VerifierConfig<object> = VerifierConfig> {
  /** The answer for an event that has been taken over. */
  readonly success?: (event: WebhookEvent, config: C) => Reply | Promise<Reply>;
  /** The answer for a request that was refused, or whose event could not be handled. */
  readonly failure?: (failure: ReplyFailure, config: C) => Reply | Promise<Reply>;
  /** The answer to an event that only tests the endpoint, such as a signed challenge; `undefined` for all others. */
  readonly handshake?: (
    event: WebhookEvent,
    config: C,
  ) => Reply | undefined | Promise<Reply | undefined>;
  /** The answer to an unsigned request that sets the endpoint up, such as a GET with a verification token. */
  readonly setup?: (
    request: RequestContext,
    config: C,
  ) => Reply | undefined | Promise<Reply | undefined>;
}

/**
 * Knows how one platform signs. Any object of this shape will do; `interpretProvider` makes one from data.
 *
 * `verify` answers a hostile request with a refusal and does not throw.
 */
export interface WebhookProvider<C extends VerifierConfig<object> = VerifierConfig> {
  /** The platform's name: the `source` of its events. */
  readonly provider: string;
  verify(
    rawBody: RawBody,
    headers: HeadersInput,
    config: C,
    request?: RequestContext,
  ): VerifyResult | Promise<VerifyResult>;
  readonly acknowledge?: Acknowledgement<C>;
}
