import type { Bytes } from "../signing/bytes.ts";
import { hexValue } from "../signing/bytes.ts";
import { refuse } from "./refusal.ts";

/** One field of a form. Bytes, because some platforms sign and send forms in GBK, which a text would destroy. */
export interface FormField {
  readonly name: Bytes;
  readonly value: Bytes;
}

const MAX_FIELDS = 1000;
const AMPERSAND = 38;
const EQUALS = 61;
const PLUS = 43;
const PERCENT = 37;
const SPACE = 32;

/**
 * The fields of an `application/x-www-form-urlencoded` body, decoded once and kept as bytes, in the order of the body
 * and with repeated names. A percent sign without two hex digits stays as it is.
 * Source: https://url.spec.whatwg.org/#urlencoded-parsing
 */
export function parseForm(body: Uint8Array): readonly FormField[] {
  const fields: FormField[] = [];
  let start = 0;
  while (start < body.length) {
    const found = body.indexOf(AMPERSAND, start);
    const end = found < 0 ? body.length : found;
    if (end > start) {
      if (fields.length === MAX_FIELDS) {
        refuse("MALFORMED_PAYLOAD", `the form has more than ${MAX_FIELDS} fields`);
      }
      fields.push(parseField(body.subarray(start, end)));
    }
    start = end + 1;
  }
  return fields;
}

function parseField(field: Uint8Array): FormField {
  const found = field.indexOf(EQUALS);
  const end = found < 0 ? field.length : found;
  return {
    name: percentDecode(field.subarray(0, end)),
    value: percentDecode(field.subarray(end + 1)),
  };
}

function percentDecode(encoded: Uint8Array): Bytes {
  const decoded = new Uint8Array(encoded.length);
  let length = 0;
  for (let index = 0; index < encoded.length; index += 1) {
    let byte = encoded[index] ?? 0;
    if (byte === PLUS) byte = SPACE;
    else if (byte === PERCENT) {
      const high = hexValue(encoded[index + 1] ?? 0);
      const low = hexValue(encoded[index + 2] ?? 0);
      if (high >= 0 && low >= 0) {
        byte = high * 16 + low;
        index += 2;
      }
    }
    decoded[length] = byte;
    length += 1;
  }
  return decoded.subarray(0, length);
}
