import { Buffer } from "node:buffer";
import { TOKEN_LOWER } from "./octets.ts";

const ENTRIES = 512;
/** Longer texts are rarely the same twice. */
const MAX_LENGTH = 64;

/**
 * Turns octets into strings, and gives out the string of an earlier time where the octets are the same. Responses repeat
 * themselves; what is kept of them should neither be made again for each one, nor be a slice that keeps a whole head in
 * memory.
 */
export interface TextTable {
  /** @param hash any number that follows from the octets; it decides only where the string is kept */
  text(bytes: Uint8Array, start: number, end: number, hash: number): string;
  /** The same in lower case, for octets that may stand in a field name. */
  name(bytes: Uint8Array, start: number, end: number, hash: number): string;
}

/** A table of 512 strings of at most 64 characters; a newer one takes the place of an older one. */
export function createTextTable(): TextTable {
  const texts = Array<string>(ENTRIES).fill("");
  const names = Array<string>(ENTRIES).fill("");
  return {
    text(bytes, start, end, hash) {
      const slot = hash & (ENTRIES - 1);
      const known = texts[slot] ?? "";
      if (isSameText(known, bytes, start, end)) return known;
      const made = latin1(bytes, start, end);
      if (end - start <= MAX_LENGTH) texts[slot] = made;
      return made;
    },
    name(bytes, start, end, hash) {
      const slot = hash & (ENTRIES - 1);
      const known = names[slot] ?? "";
      if (isSameName(known, bytes, start, end)) return known;
      const made = latin1(bytes, start, end).toLowerCase();
      if (end - start <= MAX_LENGTH) names[slot] = made;
      return made;
    },
  };
}

function isSameText(known: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let index = 0; index < known.length; index += 1) {
    if (known.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}

function isSameName(known: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let index = 0; index < known.length; index += 1) {
    if (known.charCodeAt(index) !== TOKEN_LOWER[bytes[start + index] ?? 0]) return false;
  }
  return true;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}
