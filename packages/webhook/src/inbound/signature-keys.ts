import type { Bytes } from "../signing/bytes.ts";
import type { CryptoBackend, HmacHash } from "../signing/hmac.ts";
import { createDigest, createHmacKey } from "../signing/hmac.ts";
import { utf8 } from "../signing/bytes.ts";
import type { PublicKeyInput, PublicKeyScheme } from "../signing/public-key.ts";
import { createPublicKey } from "../signing/public-key.ts";
import type { VerifierConfig } from "./provider.ts";
import { refuse } from "./refusal.ts";
import type { SignedRequest } from "./signed-request.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import { isPromise, mapMaybe } from "../maybe-promise.ts";

/** Something that may have made a signature. */
interface SignatureKey {
  /** The secret that it stands for; empty for a public key. */
  readonly secret: string;
  /** Whether one of the signatures is this key's over the parts. */
  verify(parts: readonly Uint8Array[], signatures: readonly Uint8Array[]): MaybePromise<boolean>;
}

/** The keys of one scheme: which are configured, and which may have signed a request. */
export interface KeySource<E extends object> {
  /** Whether anything is configured at all; refuses with `CONFIG` what is configured wrongly. */
  isConfigured(config: VerifierConfig<E>): boolean;
  keysFor(request: SignedRequest<E>): MaybePromise<readonly SignatureKey[]>;
  /** How many signatures a request may offer; bounded where each one costs a verification of its own. */
  readonly maxSignatures: number;
}

/** One or more secrets; nothing where none is configured. */
type Secrets = string | readonly string[] | undefined;

/** HMAC, or a plain hash over content that holds the secret itself. */
export interface SecretAlgorithm<E extends object> {
  readonly kind: "hmac" | "digest";
  readonly hash: HmacHash;
  /** The keys that a secret may stand for; default its UTF-8 bytes. */
  readonly keyBytes?: (secret: string) => readonly Bytes[];
  /** Where the secrets stand; default `config.secret`. */
  readonly secrets?: (config: VerifierConfig<E>) => Secrets;
}

interface ImportedSecrets {
  readonly secrets: readonly string[];
  readonly backend: CryptoBackend | undefined;
  readonly keys: readonly SignatureKey[];
}

export function secretSource<E extends object>(algorithm: SecretAlgorithm<E>): KeySource<E> {
  const imported = new WeakMap<object, ImportedSecrets>();
  const keysOf = (config: VerifierConfig<E>): readonly SignatureKey[] => {
    const secrets = algorithm.secrets ? algorithm.secrets(config) : config.secret;
    const known = imported.get(config);
    // Compared each time, so that a secret taken out of a live configuration stops to count at once.
    if (known && known.backend === config.crypto && isSame(known.secrets, secrets))
      return known.keys;
    const checked = checkSecrets(secrets);
    const keys = checked.flatMap((secret) => importSecret(algorithm, secret, config.crypto));
    imported.set(config, { secrets: checked, backend: config.crypto, keys });
    return keys;
  };
  return {
    maxSignatures: Infinity,
    isConfigured: (config) => keysOf(config).length > 0,
    keysFor: (request) => keysOf(request.config),
  };
}

function isSame(known: readonly string[], secrets: unknown): boolean {
  if (!Array.isArray(secrets)) return known.length === 1 && known[0] === secrets;
  return (
    known.length === secrets.length && known.every((secret, index) => secret === secrets[index])
  );
}

function checkSecrets(secrets: unknown): readonly string[] {
  if (secrets === undefined || secrets === null) return [];
  const list: readonly unknown[] = Array.isArray(secrets) ? secrets : [secrets];
  return list.map((secret) => {
    if (typeof secret !== "string") {
      refuse("CONFIG", "a configured secret is not a text: is its environment variable set?");
    }
    if (secret === "") {
      refuse("CONFIG", "a configured secret is empty: is its environment variable set?");
    }
    // Not trimmed for the operator: where such a secret is meant, trimming it would fail without a word.
    if (secret.trim() !== secret) {
      refuse(
        "CONFIG",
        "a configured secret begins or ends with white space, usually a line break copied along: remove it",
      );
    }
    return secret;
  });
}

function importSecret<E extends object>(
  algorithm: SecretAlgorithm<E>,
  secret: string,
  backend: CryptoBackend | undefined,
): readonly SignatureKey[] {
  if (algorithm.kind === "digest") return [{ secret, ...createDigest(algorithm.hash, backend) }];
  const keys = algorithm.keyBytes?.(secret) ?? [utf8(secret)];
  return keys.map((key) => ({ secret, ...createHmacKey(algorithm.hash, key, backend) }));
}

/** A signature that anybody can verify with the sender's public key. */
export interface PublicKeyAlgorithm<E extends object> {
  readonly kind: "public-key";
  /** Chosen by the configuration, never by what the message says of itself. */
  readonly scheme: PublicKeyScheme | ((request: SignedRequest<E>) => PublicKeyScheme);
  /** The keys that may have signed this request; default `config.publicKey`. */
  readonly keys?: (
    request: SignedRequest<E>,
  ) => MaybePromise<PublicKeyInput | readonly PublicKeyInput[]>;
}

const MAX_IMPORTED = 64;
const MAX_ASYMMETRIC_SIGNATURES = 8;

interface ImportedPublicKey extends SignatureKey {
  readonly scheme: PublicKeyScheme;
  readonly backend: CryptoBackend | undefined;
}

export function publicKeySource<E extends object>(algorithm: PublicKeyAlgorithm<E>): KeySource<E> {
  const imported = new WeakMap<object, Map<PublicKeyInput, ImportedPublicKey>>();
  const importKey = (
    config: VerifierConfig<E>,
    scheme: PublicKeyScheme,
    input: PublicKeyInput,
  ): SignatureKey => {
    const known = imported.get(config) ?? new Map<PublicKeyInput, ImportedPublicKey>();
    imported.set(config, known);
    const cached = known.get(input);
    if (cached?.scheme === scheme && cached.backend === config.crypto) return cached;
    const key = verifyingKey(scheme, input, config.crypto);
    // Keys may come from elsewhere than the configuration, such as a certificate's URL: no growth for ever.
    if (known.size >= MAX_IMPORTED) known.clear();
    known.set(input, key);
    return key;
  };
  return {
    maxSignatures: MAX_ASYMMETRIC_SIGNATURES,
    isConfigured: (config) => algorithm.keys !== undefined || listKeys(config.publicKey).length > 0,
    keysFor(request) {
      const scheme =
        typeof algorithm.scheme === "function" ? algorithm.scheme(request) : algorithm.scheme;
      const keys = algorithm.keys ? algorithm.keys(request) : request.config.publicKey;
      const importAll = (found: VerifierConfig["publicKey"]): readonly SignatureKey[] =>
        listKeys(found).map((input) => importKey(request.config, scheme, input));
      return isPromise(keys) ? keys.then(importAll) : importAll(keys);
    },
  };
}

function listKeys(keys: VerifierConfig["publicKey"]): readonly PublicKeyInput[] {
  if (keys === undefined || keys === null) return [];
  const list: readonly PublicKeyInput[] = isList(keys) ? keys : [keys];
  for (const key of list) {
    if (!key)
      refuse("CONFIG", "a configured public key is empty: is its environment variable set?");
  }
  return list;
}

// `Array.isArray` does not narrow a readonly array.
function isList(
  keys: PublicKeyInput | readonly PublicKeyInput[],
): keys is readonly PublicKeyInput[] {
  return Array.isArray(keys);
}

function verifyingKey(
  scheme: PublicKeyScheme,
  input: PublicKeyInput,
  backend: CryptoBackend | undefined,
): ImportedPublicKey {
  const key = createPublicKey(scheme, input, backend);
  return {
    scheme,
    backend,
    secret: "",
    verify(parts, signatures) {
      // One at a time: the first is nearly always right.
      const verifyFrom = (index: number): MaybePromise<boolean> => {
        const signature = signatures[index];
        if (!signature) return false;
        return mapMaybe(key.verify(parts, signature), (isRight) =>
          isRight ? true : verifyFrom(index + 1),
        );
      };
      return verifyFrom(0);
    },
  };
}
