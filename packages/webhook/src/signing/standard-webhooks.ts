import type { Bytes } from "./bytes.ts";
import { fromBase64, utf8 } from "./bytes.ts";

const SECRET_PREFIX = "whsec_";
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;

/**
 * The key bytes of a signing secret: `whsec_` with the base64 of 24 to 64 bytes is decoded, any other secret is its
 * UTF-8 bytes. Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function standardSecretBytes(secret: string): Bytes {
  if (secret.startsWith(SECRET_PREFIX)) {
    const decoded = fromBase64(secret.slice(SECRET_PREFIX.length));
    if (decoded && isStandardSecretLength(decoded)) return decoded;
  }
  return utf8(secret);
}

/** Whether a key has the length that the specification asks for: 24 to 64 bytes. */
export function isStandardSecretLength(key: Uint8Array): boolean {
  return key.length >= MIN_SECRET_BYTES && key.length <= MAX_SECRET_BYTES;
}

/** What is signed: `id.timestamp.body`, the timestamp in seconds since the epoch. */
export function standardSignedContent(
  id: string,
  timestampSeconds: number | string,
  body: Uint8Array,
): readonly Uint8Array[] {
  return [utf8(`${id}.${timestampSeconds}.`), body];
}
