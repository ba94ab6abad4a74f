/**
 * What each octet may be used for in a head. Source: https://www.rfc-editor.org/rfc/rfc9110#section-5
 */

/** The lower-case form of each octet that a field name may hold; 0 for any other. */
export const TOKEN_LOWER: Uint8Array = new Uint8Array(256);
/** 1 for each octet that a field value may hold: tab, space, visible ASCII, and 0x80 to 0xFF. */
export const VALUE_OCTET: Uint8Array = new Uint8Array(256);

for (let octet = 0; octet < 256; octet += 1) {
  const character = String.fromCharCode(octet);
  if (/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(character)) {
    TOKEN_LOWER[octet] = character.toLowerCase().charCodeAt(0);
  }
  if (octet === 9 || (octet >= 32 && octet !== 127)) VALUE_OCTET[octet] = 1;
}

export const TAB = 9;
export const LF = 10;
export const CR = 13;
export const SPACE = 32;
export const QUOTE = 34;
export const COLON = 58;
export const SEMICOLON = 59;
export const EQUALS = 61;
export const BACKSLASH = 92;
