import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { WebhookError } from "../../errors.ts";
import { concatBytes, fromBase64, fromHex, fromUtf8, toHex, utf8 } from "../../signing/bytes.ts";
import type { EncryptionKey } from "./options.ts";

/** Writes down what only the owner of a key may read. */
export interface Sealer {
  /** Which key seals now; `null` where none is given and texts stay as they are. */
  readonly keyId: string | null;
  /** Whether what was sealed with this key can be opened. */
  knows(keyId: string | null): boolean;
  /** @param owner what the text belongs to: it can be opened for the same only */
  seal(text: string, owner: string): Uint8Array | string;
  /** @throws WebhookError STORE_FAILED */
  open(sealed: Uint8Array | string, keyId: string | null, owner: string): string;
}

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_BYTES = 8;

function keyBytes(key: EncryptionKey): Uint8Array {
  const bytes =
    typeof key !== "string"
      ? key
      : key.length === KEY_BYTES * 2
        ? fromHex(key)
        : fromBase64(key.trim());
  if (!(bytes instanceof Uint8Array) || bytes.length !== KEY_BYTES) {
    throw new WebhookError(
      "INVALID_KEY",
      `an encryption key must have ${KEY_BYTES} bytes, as they are or in base64 or hex: ` +
        "`openssl rand -base64 32` makes one",
    );
  }
  return Uint8Array.from(bytes);
}

/** Tells keys apart without telling anything about them: they are random, so that a hash gives nothing away. */
function keyIdOf(key: Uint8Array): string {
  const hash = createHash("sha256").update("webhook store key").update(key).digest();
  return toHex(hash.subarray(0, KEY_ID_BYTES));
}

function decrypt(key: Uint8Array, sealed: Uint8Array, owner: string): string {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const tagStart = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(utf8(owner));
  decipher.setAuthTag(sealed.subarray(tagStart));
  const text = concatBytes([
    decipher.update(sealed.subarray(NONCE_BYTES, tagStart)),
    decipher.final(),
  ]);
  return fromUtf8(text);
}

/**
 * AES-256-GCM with a random nonce per text.
 * Source: https://csrc.nist.gov/pubs/sp/800/38/d/final
 * @param keys the newest first
 * @throws WebhookError INVALID_KEY
 */
export function createSealer(keys: readonly EncryptionKey[]): Sealer {
  const byId = new Map(
    keys.map((key) => {
      const bytes = keyBytes(key);
      return [keyIdOf(bytes), bytes] as const;
    }),
  );
  const newest = [...byId][0];

  return {
    keyId: newest?.[0] ?? null,
    knows: (keyId) => keyId === null || byId.has(keyId),
    seal(text, owner) {
      if (!newest) return text;
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", newest[1], nonce, {
        authTagLength: TAG_BYTES,
      });
      cipher.setAAD(utf8(owner));
      const sealed = [nonce, cipher.update(utf8(text)), cipher.final(), cipher.getAuthTag()];
      return concatBytes(sealed);
    },
    open(sealed, keyId, owner) {
      if (typeof sealed === "string") return sealed;
      const key = keyId === null ? undefined : byId.get(keyId);
      if (!key) throw unknownKeyError();
      try {
        return decrypt(key, sealed, owner);
      } catch (cause) {
        throw new WebhookError(
          "STORE_FAILED",
          "the SQLite store failed: the encrypted part of a subscription has been changed or damaged",
          { cause },
        );
      }
    },
  };
}

/** For a database that was encrypted with a key which is not among those given. */
export function unknownKeyError(): WebhookError {
  return new WebhookError(
    "STORE_FAILED",
    "this database holds subscriptions that are encrypted with a key which the encryption option does not list: " +
      "pass that key too, in encryption.keys after the newest one",
  );
}
