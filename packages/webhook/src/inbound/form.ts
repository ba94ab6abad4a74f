import { fromByteString, fromUtf8, hexValue, toByteString } from "../signing/bytes.ts";
import { refuse } from "./refusal.ts";

/**
 * One field of a form, as byte strings: one character for each byte, as `atob` gives them, because some platforms sign and
 * send forms in GBK, which a text would destroy. `fromByteString` makes bytes of them.
 */
export interface FormField {
  readonly name: string;
  readonly value: string;
}

const MAX_FIELDS = 1000;
const AMPERSAND = 38;
const EQUALS = 61;
const PLUS = 43;
const PERCENT = 37;
const SPACE = 32;

/** Where a field stands in the decoded form. */
interface Place {
  readonly start: number;
  /** Where its value begins, too: the equals sign between them is not kept. */
  nameEnd: number;
  end: number;
}

/**
 * The fields of an `application/x-www-form-urlencoded` body, decoded once, in the order of the body and with repeated
 * names. A percent sign without two hex digits stays as it is.
 * Source: https://url.spec.whatwg.org/#urlencoded-parsing
 */
export function parseForm(body: Uint8Array): readonly FormField[] {
  const decoded = new Uint8Array(body.length);
  const places: Place[] = [];
  let field: Place | undefined;
  let length = 0;
  for (let index = 0; index < body.length; index += 1) {
    let byte = body[index] ?? 0;
    if (byte === AMPERSAND) {
      if (field) field.end = length;
      field = undefined;
      continue;
    }
    if (!field) {
      if (places.length === MAX_FIELDS) {
        refuse("MALFORMED_PAYLOAD", `the form has more than ${MAX_FIELDS} fields`);
      }
      field = { start: length, nameEnd: -1, end: -1 };
      places.push(field);
    }
    if (byte === EQUALS && field.nameEnd < 0) {
      field.nameEnd = length;
      continue;
    }
    if (byte === PLUS) byte = SPACE;
    else if (byte === PERCENT) {
      const high = hexValue(body[index + 1] ?? 0);
      const low = hexValue(body[index + 2] ?? 0);
      if (high >= 0 && low >= 0) {
        byte = high * 16 + low;
        index += 2;
      }
    }
    decoded[length] = byte;
    length += 1;
  }
  if (field) field.end = length;
  const text = toByteString(decoded.subarray(0, length));
  return places.map(({ start, nameEnd, end }) => {
    const border = nameEnd < 0 ? end : nameEnd;
    return { name: text.slice(start, border), value: text.slice(border, end) };
  });
}

/** The text that a byte string is in UTF-8. */
export function utf8Text(byteString: string): string {
  return fromUtf8(fromByteString(byteString));
}
