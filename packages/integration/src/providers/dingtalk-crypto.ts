import { fromBase64, refuse, toBase64 } from "@ventostack/webhook";
import { nodeCrypto } from "./node-crypto.ts";

const HEAD_BYTES = 20;
const RANDOM_BYTES = 16;
const IV_BYTES = 16;
const AES_BLOCK = 16;
const PAD_BLOCK = 32;
const PURPOSE = "decrypting DingTalk's events";

/** What was encrypted, and for whom. */
export interface Opened {
  readonly message: string;
  readonly owner: string;
}

/** The AES key that an EncodingAESKey of 43 characters stands for; `undefined` where it is none. */
export function aesKeyOf(encodingAesKey: unknown): Uint8Array | undefined {
  if (typeof encodingAesKey !== "string" || encodingAesKey.length !== 43) return undefined;
  return fromBase64(`${encodingAesKey}=`);
}

/**
 * Decrypts a message: AES-256-CBC over 16 random bytes, the length of the message (32 bits, big-endian), the message and
 * its owner, padded to blocks of 32 bytes, more than Web Crypto understands. All faults are one refusal, `DECRYPT_FAILED`,
 * after the same steps.
 * Source: https://github.com/open-dingtalk/dingtalk-callback-Crypto
 */
export function openMessage(key: Uint8Array, encrypted: string): Opened {
  const sealed = fromBase64(encrypted);
  if (!sealed || sealed.length < PAD_BLOCK || sealed.length % AES_BLOCK !== 0) return failed();
  const decipher = nodeCrypto(PURPOSE).createDecipheriv("aes-256-cbc", key, ivOf(key));
  decipher.setAutoPadding(false);
  // Without padding to judge, it comes in one piece and the end adds nothing.
  const plain = new Uint8Array(decipher.update(sealed));
  decipher.final();

  const padding = plain.at(-1) ?? 0;
  const end = plain.length - padding;
  const length = new DataView(plain.buffer).getUint32(RANDOM_BYTES);
  let faults = Number(padding === 0) | Number(padding > PAD_BLOCK);
  for (let back = 1; back <= PAD_BLOCK; back += 1) {
    faults |= Number(back <= padding) & Number(plain.at(-back) !== padding);
  }
  faults |= Number(HEAD_BYTES + length > end);
  if (faults !== 0) return failed();

  const decoder = new TextDecoder();
  return {
    message: decoder.decode(plain.subarray(HEAD_BYTES, HEAD_BYTES + length)),
    owner: decoder.decode(plain.subarray(HEAD_BYTES + length, end)),
  };
}

/** Encrypts a message the same way. */
export function sealMessage(key: Uint8Array, { message, owner }: Opened): string {
  const encoder = new TextEncoder();
  const [text, id] = [encoder.encode(message), encoder.encode(owner)];
  const length = HEAD_BYTES + text.length + id.length;
  const padding = PAD_BLOCK - (length % PAD_BLOCK);
  const plain = new Uint8Array(length + padding).fill(padding, length);
  crypto.getRandomValues(plain.subarray(0, RANDOM_BYTES));
  new DataView(plain.buffer).setUint32(RANDOM_BYTES, text.length);
  plain.set(text, HEAD_BYTES);
  plain.set(id, HEAD_BYTES + text.length);

  const cipher = nodeCrypto(PURPOSE).createCipheriv("aes-256-cbc", key, ivOf(key));
  cipher.setAutoPadding(false);
  const sealed = cipher.update(plain);
  cipher.final();
  return toBase64(sealed);
}

function ivOf(key: Uint8Array): Uint8Array {
  return key.subarray(0, IV_BYTES);
}

/** The signature of an encrypted message: SHA-1 over token, time, nonce and ciphertext in the order of their characters. */
export function signMessage(parts: readonly string[]): string {
  return nodeCrypto(PURPOSE).createHash("sha1").update(parts.toSorted().join("")).digest("hex");
}

function failed(): never {
  return refuse(
    "DECRYPT_FAILED",
    "the event cannot be decrypted: compare extra.encodingAesKey with the one in DingTalk's console",
  );
}
