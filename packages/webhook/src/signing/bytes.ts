import { nativeCrypto } from "./native-crypto.ts";

/** Bytes as every Web API takes them: backed by an ordinary, not a shared, buffer. */
export type Bytes = Uint8Array<ArrayBuffer>;

const native = nativeCrypto();
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The UTF-8 bytes of a text. */
export function utf8(text: string): Bytes {
  return encoder.encode(text);
}

/** The text of UTF-8 bytes without a byte order mark; bytes that are no UTF-8 become U+FFFD. */
export function fromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** A view on the same memory; nothing is copied. */
export function viewOf(data: ArrayBuffer | ArrayBufferView): Bytes {
  if (!ArrayBuffer.isView(data)) return new Uint8Array(data);
  // The cast drops SharedArrayBuffer: a body that another thread may still change is no body.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

/** One array with the bytes of all the parts in order. */
export function concatBytes(parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

const HEX_DIGITS = "0123456789abcdef";

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += (HEX_DIGITS[byte >> 4] ?? "") + (HEX_DIGITS[byte & 15] ?? "");
  return hex;
}

/** The value of a hex digit's character code, upper or lower case; -1 where it is none. */
export function hexValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** The bytes, or `undefined` where the text is not hex from the first to the last character. */
export function fromHex(hex: string): Bytes | undefined {
  if (hex.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(hex.length / 2);
  for (let index = 0; index < bytes.length; index += 1) {
    const high = hexValue(hex.charCodeAt(index * 2));
    const low = hexValue(hex.charCodeAt(index * 2 + 1));
    if (high < 0 || low < 0) return undefined;
    bytes[index] = high * 16 + low;
  }
  return bytes;
}

/** Standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(toByteString(bytes));
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The bytes of standard base64, padded or not, or `undefined` where the text is anything else. */
export function fromBase64(base64: string): Bytes | undefined {
  // `atob` alone would skip white space, and so accept many spellings of one signature.
  if (!BASE64.test(base64)) return undefined;
  // The rest of what it refuses is told by the length: a header of a hundred thousand exceptions would take seconds.
  const over = base64.length % 4;
  if (over === 1 || (over > 0 && base64.endsWith("="))) return undefined;
  return fromByteString(atob(base64));
}

const ASCII = /^[\0-\x7f]*$/;
/** Well below what a call takes as arguments. */
const CHUNK = 8192;

/** A string with one character, U+0000 to U+00FF, for each byte. */
export function toByteString(bytes: Uint8Array): string {
  const text = fromUtf8(bytes);
  // As long only where nothing was more than one byte; a byte order mark leaves no trace but the length.
  if (text.length === bytes.length && ASCII.test(text)) return text;
  let characters = "";
  for (let start = 0; start < bytes.length; start += CHUNK) {
    characters += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
  }
  return characters;
}

/** The bytes of a string that has one character for each. */
export function fromByteString(byteString: string): Bytes {
  if (ASCII.test(byteString)) return utf8(byteString);
  const bytes = new Uint8Array(byteString.length);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = byteString.charCodeAt(index);
  return bytes;
}

/** Compares without telling by its duration where two byte strings differ; the lengths are not a secret. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  if (native) return native.timingSafeEqual(a, b);
  let difference = 0;
  for (let index = 0; index < a.length; index += 1) {
    difference |= (a[index] ?? 0) ^ (b[index] ?? 0);
  }
  return difference === 0;
}
