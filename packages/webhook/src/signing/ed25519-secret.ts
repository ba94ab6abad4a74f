import type { KeyObject } from "node:crypto";
import { WebhookError } from "../errors.ts";
import { concatBytes, fromBase64, toBase64 } from "./bytes.ts";
import { nativeCrypto } from "./native-crypto.ts";

const SECRET_PREFIX = "whsk_";
const PUBLIC_PREFIX = "whpk_";
const SEED_LENGTH = 32;
/** A seed, or a seed with its public key behind it, as signing libraries of the NaCl family keep it. */
const SECRET_LENGTHS: ReadonlySet<number> = new Set([SEED_LENGTH, SEED_LENGTH * 2]);

/** DER of a PKCS#8 private key up to the seed (RFC 8410, section 7). */
const PKCS8_HEAD = Uint8Array.of(
  ...[
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
  ],
);
/** The last bytes of an SPKI public key are the key itself (RFC 8410, section 4). */
const PUBLIC_LENGTH = 32;

/** Whether a signing secret is an Ed25519 private key (`v1a`) rather than one for HMAC (`v1`). */
export function isEd25519Secret(secret: string): boolean {
  return secret.startsWith(SECRET_PREFIX);
}

/**
 * The private key in a `whsk_` secret: the base64 of 32 bytes (the seed) or 64 (the seed and the public key).
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 * @returns `undefined` for what is no such key, or where the runtime has no `node:crypto`
 */
export function ed25519PrivateKey(secret: string): KeyObject | undefined {
  const bytes = fromBase64(secret.slice(SECRET_PREFIX.length));
  const native = nativeCrypto();
  if (!native || !isEd25519Secret(secret) || !bytes || !SECRET_LENGTHS.has(bytes.length)) {
    return undefined;
  }
  const seed = bytes.subarray(0, SEED_LENGTH);
  return native.createPrivateKey({
    // The way to a `Buffer` without naming the global, which not every runtime has.
    key: native.createSecretKey(concatBytes([PKCS8_HEAD, seed])).export(),
    format: "der",
    type: "pkcs8",
  });
}

/** The Ed25519 signature of the content, in base64. */
export function signEd25519(key: KeyObject, content: readonly Uint8Array[]): string {
  const signature = nativeCrypto()?.sign(null, concatBytes(content), key);
  return signature ? toBase64(signature) : "";
}

/** A private key for a subscription, and the public key that its receiver verifies with. */
export interface SigningKeyPair {
  /** `whsk_…`, for `subscribe`. */
  readonly secret: string;
  /** `whpk_…`, for the receiver; no secret. */
  readonly publicKey: string;
}

/**
 * Makes an Ed25519 key pair in the form of the Standard Webhooks specification.
 * @throws WebhookError UNSUPPORTED_ALGORITHM where the runtime has no `node:crypto`
 */
export function generateSigningKeyPair(): SigningKeyPair {
  const native = nativeCrypto();
  if (!native) {
    throw new WebhookError("UNSUPPORTED_ALGORITHM", "making a key pair needs node:crypto");
  }
  const pair = native.generateKeyPairSync("ed25519");
  const pkcs8 = pair.privateKey.export({ format: "der", type: "pkcs8" });
  const spki = pair.publicKey.export({ format: "der", type: "spki" });
  const seed = pkcs8.subarray(PKCS8_HEAD.length, PKCS8_HEAD.length + SEED_LENGTH);
  const publicKey = spki.subarray(-PUBLIC_LENGTH);
  return {
    secret: SECRET_PREFIX + toBase64(concatBytes([seed, publicKey])),
    publicKey: PUBLIC_PREFIX + toBase64(publicKey),
  };
}
