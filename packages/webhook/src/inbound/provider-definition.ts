import type { WebhookEvent } from "../event.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import type { HmacHash } from "../signing/hmac.ts";
import type { Acknowledgement, VerifierConfig } from "./provider.ts";
import type { KeySource, PublicKeyAlgorithm, SecretAlgorithm } from "./signature-keys.ts";
import { publicKeySource, secretSource } from "./signature-keys.ts";
import type { SignedRequest } from "./signed-request.ts";
import type { TimestampUnit } from "./timestamp.ts";

/**
 * How signatures come to be; `hmac`, `digest` and `publicKey` make one. It brings the code that imports its keys along,
 * so that a bundle holds only what its platforms need.
 */
export type SignatureAlgorithm<E extends object> = (SecretAlgorithm<E> | PublicKeyAlgorithm<E>) & {
  readonly createKeySource: () => KeySource<E>;
};

/**
 * HMAC with a shared secret.
 * @param options.keyBytes the keys that a secret may stand for; default its UTF-8 bytes
 * @param options.secrets where the secrets stand; default `config.secret`
 */
export function hmac<E extends object>(
  hash: HmacHash,
  options: Pick<SecretAlgorithm<E>, "keyBytes" | "secrets"> = {},
): SignatureAlgorithm<E> {
  return ofSecret({ kind: "hmac", hash, ...options });
}

/**
 * A plain hash over content that holds the secret itself, as some platforms do in place of an HMAC.
 * @param options.secrets where the secrets stand; default `config.secret`
 */
export function digest<E extends object>(
  hash: HmacHash,
  options: Pick<SecretAlgorithm<E>, "secrets"> = {},
): SignatureAlgorithm<E> {
  return ofSecret({ kind: "digest", hash, ...options });
}

function ofSecret<E extends object>(algorithm: SecretAlgorithm<E>): SignatureAlgorithm<E> {
  return { ...algorithm, createKeySource: () => secretSource(algorithm) };
}

/**
 * A signature that anybody can verify with the sender's public key.
 * @param scheme one scheme, or the choice of one by the configuration, never by what the message says of itself
 * @param options.keys the keys that may have signed this request, such as the one with its serial; default `config.publicKey`
 */
export function publicKey<E extends object>(
  scheme: PublicKeyAlgorithm<E>["scheme"],
  options: Pick<PublicKeyAlgorithm<E>, "keys"> = {},
): SignatureAlgorithm<E> {
  const algorithm: PublicKeyAlgorithm<E> = { kind: "public-key", scheme, ...options };
  return { ...algorithm, createKeySource: () => publicKeySource(algorithm) };
}

/** Where signatures stand in a request and how they were made. */
export interface SignatureScheme<E extends object> {
  readonly algorithm: SignatureAlgorithm<E>;
  readonly encoding: "hex" | "base64";
  /**
   * The signatures as text, any of which may be the right one; none where the request has none of this scheme.
   * Those that cannot be decoded count as wrong.
   */
  readonly read: (request: SignedRequest<E>) => string | readonly string[];
}

/** What was signed: texts in UTF-8 and bytes, concatenated. */
export type SignedContent = readonly (string | Uint8Array)[];

/** Several contents, one of which was signed, for platforms that do not say which canonical form they used. */
export interface Alternatives {
  readonly alternatives: Iterable<SignedContent>;
}

/** What a definition reads from a request whose signature is right. */
export interface EventParts {
  readonly id?: string | undefined;
  readonly type?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly timestamp?: number | undefined;
  /** Beside the provider's name, which is always there; entries that are `undefined` are left out. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /**
   * Which of the above, entries of `metadata` included, come from a part of the request that the signature does not cover.
   * Those that are there are named in `metadata.unsigned`.
   */
  readonly unsigned?: readonly string[];
  /** For a body that is itself an event: delivered as it is, in place of all the above. */
  readonly whole?: WebhookEvent | undefined;
}

/**
 * One platform's rules, as data for the interpreter. The functions run in the order in which they stand here; each may
 * end the verification with `refuse`.
 */
export interface ProviderDefinition<E extends object = Readonly<Record<string, unknown>>> {
  /** The platform's name: the `source` of its events. */
  readonly id: string;
  /** The page of the platform's documentation that this definition was written from. */
  readonly docs?: string;
  /** Refuses a configuration with code `CONFIG`, for what lies in `extra`; secrets and keys are checked anyway. */
  readonly checkConfig?: (config: VerifierConfig<E>) => void;
  /** Whether a request without a body can be genuine; default `refuse`. */
  readonly emptyBody?: "refuse" | "accept";
  /** One scheme, or several of which one is enough. Those for which no key is configured are passed over. */
  readonly signature: SignatureScheme<E> | readonly SignatureScheme<E>[];
  /**
   * The content that was signed, or several candidates for it.
   * @param secret the secret that is being tried, for platforms that sign it as well; empty for public keys
   */
  readonly signedContent: (
    request: SignedRequest<E>,
    secret: string,
  ) => MaybePromise<SignedContent | Alternatives>;
  /** The timestamp that the signature covers. It is read when it is first needed and judged once the signature is right. */
  readonly timestamp?: {
    readonly read: (request: SignedRequest<E>) => string | undefined;
    readonly unit: TimestampUnit;
    /** How far it may be from now on either side, in milliseconds. */
    readonly toleranceMs: number;
  };
  /**
   * What becomes the event's payload. `json` refuses a body that is not JSON, `json-or-text` hands it on as a text;
   * default `json-or-text`. A function may decrypt, and is told which of several contents was the signed one.
   */
  readonly payload?:
    "json" | "json-or-text" | ((request: SignedRequest<E>, alternative: number) => unknown);
  /** Reads the event from the request and its payload; default: an event of no known type. */
  readonly event?: (request: SignedRequest<E>, payload: unknown) => EventParts;
  /** How the platform wants to be answered, where a bare status is not enough. */
  readonly acknowledge?: Acknowledgement<VerifierConfig<E>>;
}
