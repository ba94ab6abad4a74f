import type * as NodeCrypto from "node:crypto";
import type { Bytes } from "./bytes.ts";
import { concatBytes, equalBytes, toBase64, toHex, viewOf } from "./bytes.ts";
import { nativeCrypto } from "./native-crypto.ts";

/** Hashes that this library signs with. SHA-1 is here only for platforms that know no other. */
export type HmacHash = "sha1" | "sha256" | "sha384" | "sha512";

/** Which implementation computes: `auto` takes `node:crypto` where the runtime has it, Web Crypto elsewhere. */
export type CryptoBackend = "auto" | "native" | "webcrypto";

/** How a MAC is written as text. */
export type MacEncoding = "hex" | "base64";

/** A secret that is imported once and signs many times. */
export interface HmacKey {
  /** The MAC of the parts, as though they were one byte string. A value with `node:crypto`, a promise with Web Crypto. */
  sign(parts: readonly Uint8Array[]): Bytes | Promise<Bytes>;
  /** The same, written as lower-case hex or as base64 with padding. */
  signAs(encoding: MacEncoding, parts: readonly Uint8Array[]): string | Promise<string>;
  /**
   * Whether one of the MACs is that of the parts, which is computed once. Each comparison takes the same time wherever
   * the two differ.
   */
  verify(parts: readonly Uint8Array[], macs: readonly Uint8Array[]): boolean | Promise<boolean>;
}

const SUBTLE_NAMES: Readonly<Record<HmacHash, string>> = {
  sha1: "SHA-1",
  sha256: "SHA-256",
  sha384: "SHA-384",
  sha512: "SHA-512",
};

/** The length in bytes of each hash's MAC. */
export const MAC_LENGTH: Readonly<Record<HmacHash, number>> = {
  sha1: 20,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

/** Whether a value, such as one from a configuration file, names a hash of this library. */
export function isHmacHash(value: unknown): value is HmacHash {
  return typeof value === "string" && Object.hasOwn(SUBTLE_NAMES, value);
}

const native = nativeCrypto();

/**
 * Imports a secret for HMAC (RFC 2104).
 * @param hash the hash function
 * @param secret the key's bytes, one at least
 * @param backend where it is computed; default `auto`
 */
export function createHmacKey(
  hash: HmacHash,
  secret: Uint8Array,
  backend: CryptoBackend = "auto",
): HmacKey {
  return native !== undefined && backend !== "webcrypto"
    ? nativeKey(native, hash, secret)
    : subtleKey(hash, secret);
}

/**
 * A plain hash with the interface of a key, for platforms that hash their secret along with the content.
 * @param backend where it is computed; default `auto`
 */
export function createDigest(hash: HmacHash, backend: CryptoBackend = "auto"): HmacKey {
  return native !== undefined && backend !== "webcrypto"
    ? nativeSigner(() => native.createHash(hash))
    : subtleSigner((content) => crypto.subtle.digest(SUBTLE_NAMES[hash], content));
}

function nativeKey(crypto: typeof NodeCrypto, hash: HmacHash, secret: Uint8Array): HmacKey {
  const key = crypto.createSecretKey(secret);
  return nativeSigner(() => crypto.createHmac(hash, key));
}

function nativeSigner(start: () => NodeCrypto.Hmac | NodeCrypto.Hash): HmacKey {
  const feed = (parts: readonly Uint8Array[]): NodeCrypto.Hmac | NodeCrypto.Hash => {
    const state = start();
    for (const part of parts) state.update(part);
    return state;
  };
  return {
    sign: (parts) => viewOf(feed(parts).digest()),
    // The runtime writes the text itself, faster than it can be made from the bytes.
    signAs: (encoding, parts) => feed(parts).digest(encoding),
    verify: (parts, macs) => includesBytes(macs, feed(parts).digest()),
  };
}

function subtleKey(hash: HmacHash, secret: Uint8Array): HmacKey {
  // Imported at the first use: a promise made here would be an unhandled rejection if nobody ever signs.
  let imported: Promise<CryptoKey> | undefined;
  const key = (): Promise<CryptoKey> =>
    (imported ??= crypto.subtle.importKey(
      "raw",
      new Uint8Array(secret),
      { name: "HMAC", hash: SUBTLE_NAMES[hash] },
      false,
      ["sign"],
    ));
  return subtleSigner(async (content) => crypto.subtle.sign("HMAC", await key(), content));
}

function subtleSigner(compute: (content: Bytes) => Promise<ArrayBuffer>): HmacKey {
  const sign = async (parts: readonly Uint8Array[]): Promise<Bytes> =>
    new Uint8Array(await compute(concatBytes(parts)));
  return {
    sign,
    async signAs(encoding, parts) {
      const mac = await sign(parts);
      return encoding === "hex" ? toHex(mac) : toBase64(mac);
    },
    verify: async (parts, macs) => includesBytes(macs, await sign(parts)),
  };
}

function includesBytes(candidates: readonly Uint8Array[], wanted: Uint8Array): boolean {
  for (const candidate of candidates) if (equalBytes(candidate, wanted)) return true;
  return false;
}
