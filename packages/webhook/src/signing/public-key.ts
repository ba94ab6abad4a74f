import type * as NodeCrypto from "node:crypto";
import { WebhookError } from "../errors.ts";
import type { Bytes } from "./bytes.ts";
import { concatBytes } from "./bytes.ts";
import type { CryptoBackend } from "./hmac.ts";
import { nativeCrypto } from "./native-crypto.ts";
import { readPublicKey } from "./public-key-format.ts";

/** Signature schemes with a public key that this library verifies. SHA-1 is here only for platforms that still offer it. */
export type PublicKeyScheme = "rsa-sha256" | "rsa-sha1" | "ecdsa-p256-sha256" | "ed25519";

/** What a `CryptoKey` looks like: the types of Node 22 to 24 do not name it outside `node:crypto`. */
export interface CryptoKeyLike {
  readonly type: string;
  readonly extractable: boolean;
  readonly algorithm: { readonly name: string };
  readonly usages: readonly string[];
}

/**
 * A public key as operators have it: PEM (`PUBLIC KEY`, `RSA PUBLIC KEY` or `CERTIFICATE`), the bare base64 of the same,
 * for Ed25519 also 32 bytes in base64, hex or after `whpk_`, or a `CryptoKey`.
 */
export type PublicKeyInput = string | CryptoKeyLike;

/** A public key that is imported once and verifies many times. */
export interface PublicKey {
  /**
   * Whether the signature is one over the parts, as though they were one byte string. A malformed signature is `false`.
   * A value with `node:crypto`, a promise with Web Crypto and for a `CryptoKey`.
   * @throws INVALID_KEY where the runtime refuses the key
   */
  verify(parts: readonly Uint8Array[], signature: Uint8Array): boolean | Promise<boolean>;
}

interface SchemeRule {
  /** As `node:crypto` names the kind of key, and its curve. */
  readonly keyType: "rsa" | "ec" | "ed25519";
  readonly curve?: string;
  readonly keyAlgorithm: {
    readonly name: string;
    readonly hash?: string;
    readonly namedCurve?: string;
  };
  readonly verifyAlgorithm: { readonly name: string; readonly hash?: string };
  /** As `node:crypto` names it; none for Ed25519, which hashes by itself. */
  readonly digest?: string;
  /** Brings a signature into the form that Web Crypto takes; `undefined` where it is malformed. */
  readonly normalise?: (signature: Uint8Array) => Uint8Array | undefined;
}

const RSA = "RSASSA-PKCS1-v1_5";

const SCHEMES: Readonly<Record<PublicKeyScheme, SchemeRule>> = {
  "rsa-sha256": {
    keyType: "rsa",
    keyAlgorithm: { name: RSA, hash: "SHA-256" },
    verifyAlgorithm: { name: RSA },
    digest: "sha256",
  },
  "rsa-sha1": {
    keyType: "rsa",
    keyAlgorithm: { name: RSA, hash: "SHA-1" },
    verifyAlgorithm: { name: RSA },
    digest: "sha1",
  },
  "ecdsa-p256-sha256": {
    keyType: "ec",
    curve: "prime256v1",
    keyAlgorithm: { name: "ECDSA", namedCurve: "P-256" },
    verifyAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    digest: "sha256",
    normalise: rawEcdsaSignature,
  },
  ed25519: {
    keyType: "ed25519",
    keyAlgorithm: { name: "Ed25519" },
    verifyAlgorithm: { name: "Ed25519" },
  },
};

const native = nativeCrypto();

/**
 * Reads a public key for one scheme; it is imported once and kept.
 * @param backend where it is computed; default `auto`. A `CryptoKey` always stays with Web Crypto.
 * @throws INVALID_KEY what is no public key, is a private key, or is for another scheme
 */
export function createPublicKey(
  scheme: PublicKeyScheme,
  input: PublicKeyInput,
  backend: CryptoBackend = "auto",
): PublicKey {
  const rule = SCHEMES[scheme];
  if (typeof input !== "string") return subtleKey(rule, ready(scheme, rule, input));
  const spki = readPublicKey(input, rule.keyType, rule.curve);
  return native !== undefined && backend !== "webcrypto"
    ? nativeKey(native, rule, spki)
    : subtleKey(rule, importer(scheme, rule, spki));
}

// One verification blocks for some 20 µs with RSA. In a worker of Web Crypto it takes the processor longer than that, and
// thrice as long until the answer is there.
function nativeKey(crypto: typeof NodeCrypto, rule: SchemeRule, spki: Bytes): PublicKey {
  const key = crypto.createPublicKey({ key: spki, format: "der", type: "spki" });
  // On Node 24 the options around a key take half as long as the verification.
  const verifyKey = rule.keyType === "ec" ? ({ key, dsaEncoding: "ieee-p1363" } as const) : key;
  return {
    verify(parts, signature) {
      const normalised = rule.normalise ? rule.normalise(signature) : signature;
      return (
        normalised !== undefined &&
        crypto.verify(rule.digest, concatBytes(parts), verifyKey, normalised)
      );
    },
  };
}

function subtleKey(rule: SchemeRule, key: () => Promise<CryptoKey>): PublicKey {
  return {
    async verify(parts, signature) {
      const normalised = rule.normalise ? rule.normalise(signature) : signature;
      if (!normalised) return false;
      return crypto.subtle.verify(
        rule.verifyAlgorithm,
        await key(),
        new Uint8Array(normalised),
        concatBytes(parts),
      );
    },
  };
}

function importer(
  scheme: PublicKeyScheme,
  rule: SchemeRule,
  spki: Bytes,
): () => Promise<CryptoKey> {
  // At the first use: a promise made here would be an unhandled rejection if nobody ever verifies.
  let imported: Promise<CryptoKey> | undefined;
  return () => (imported ??= importSpki(scheme, rule, spki));
}

async function importSpki(
  scheme: PublicKeyScheme,
  rule: SchemeRule,
  spki: Bytes,
): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey("spki", spki, rule.keyAlgorithm, false, ["verify"]);
  } catch (cause) {
    throw new WebhookError("INVALID_KEY", `the public key is not one for ${scheme}`, { cause });
  }
}

function ready(
  scheme: PublicKeyScheme,
  rule: SchemeRule,
  key: CryptoKeyLike,
): () => Promise<CryptoKey> {
  if (!(key instanceof CryptoKey)) {
    throw new WebhookError("INVALID_KEY", "a public key is a text or a CryptoKey");
  }
  if (key.type !== "public") {
    throw new WebhookError(
      "INVALID_KEY",
      `the CryptoKey is ${key.type}, verifying takes a public one`,
    );
  }
  const { name, hash, namedCurve } = describe(key.algorithm);
  const wanted = rule.keyAlgorithm;
  if (name !== wanted.name || hash !== wanted.hash || namedCurve !== wanted.namedCurve) {
    throw new WebhookError("INVALID_KEY", `the CryptoKey is not one for ${scheme}`);
  }
  if (!key.usages.includes("verify")) {
    throw new WebhookError("INVALID_KEY", 'the CryptoKey was imported without the usage "verify"');
  }
  return () => Promise.resolve(key);
}

function describe(algorithm: object): { name?: unknown; hash?: unknown; namedCurve?: unknown } {
  const { name, hash, namedCurve } = { ...algorithm } as Readonly<Record<string, unknown>>;
  const hashName = typeof hash === "object" && hash !== null && "name" in hash ? hash.name : hash;
  return { name, hash: hashName, namedCurve };
}

const P256_BYTES = 32;
const DER_SEQUENCE = 0x30;

/** ECDSA signatures travel as two 32-byte numbers or as DER; Web Crypto takes the former. */
function rawEcdsaSignature(signature: Uint8Array): Uint8Array | undefined {
  if (signature.length === 2 * P256_BYTES) return signature;
  if (signature[0] !== DER_SEQUENCE || signature[1] !== signature.length - 2) return undefined;
  const r = derInteger(signature, 2);
  const s = r && derInteger(signature, r.end);
  if (!r || !s || s.end !== signature.length) return undefined;
  const raw = new Uint8Array(2 * P256_BYTES);
  raw.set(r.value, P256_BYTES - r.value.length);
  raw.set(s.value, 2 * P256_BYTES - s.value.length);
  return raw;
}

const DER_INTEGER = 0x02;

/** An unsigned number of at most 32 bytes, without the zero that keeps DER from taking it for a negative one. */
function derInteger(der: Uint8Array, at: number): { value: Uint8Array; end: number } | undefined {
  const length = der[at + 1] ?? 0;
  const start = at + 2;
  const end = start + length;
  if (der[at] !== DER_INTEGER || length === 0 || end > der.length) return undefined;
  const value = der.subarray(der[start] === 0 ? start + 1 : start, end);
  return value.length <= P256_BYTES ? { value, end } : undefined;
}
