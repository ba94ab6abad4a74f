import { describe, expect, it } from "vitest";
import {
  equalBytes,
  fromBase64,
  fromHex,
  toBase64,
  toHex,
  viewOf,
} from "../../src/signing/bytes.ts";

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);

describe("hex", () => {
  it("holds every byte", () => {
    expect(fromHex(toHex(EVERY_BYTE))).toEqual(EVERY_BYTE);
    expect(toHex(EVERY_BYTE)).toBe(Buffer.from(EVERY_BYTE).toString("hex"));
    expect(fromHex("AbCd")).toEqual(Uint8Array.of(0xab, 0xcd));
    expect(fromHex("")).toEqual(new Uint8Array());
  });

  it.each(["a", "0x", "g0", "0g", " 00", "00 ", "é".repeat(2), "@`", "/0", ":0", "G0"])(
    "is not %j",
    (text) => {
      expect(fromHex(text)).toBeUndefined();
    },
  );
});

describe("base64", () => {
  it("holds every byte, padded or not", () => {
    for (let length = 0; length < 5; length += 1) {
      const bytes = EVERY_BYTE.subarray(250, 250 + length);
      const text = toBase64(bytes);
      expect(text).toBe(Buffer.from(bytes).toString("base64"));
      expect(fromBase64(text)).toEqual(bytes);
      expect(fromBase64(text.replaceAll("=", ""))).toEqual(bytes);
    }
  });

  it.each(["A", "AA=A", "A===", "AA==\n", " AA==", "A A=", "-_==", "é", "===="])(
    "is not %j",
    (text) => {
      expect(fromBase64(text)).toBeUndefined();
    },
  );
});

function decoded(text: string): number[] | undefined {
  try {
    return /[^A/=]/.test(text) ? undefined : [...Buffer.from(atob(text), "latin1")];
  } catch {
    return undefined;
  }
}

/** All texts of a length that are made of four characters. */
function texts(length: number): string[] {
  if (length === 0) return [""];
  return texts(length - 1).flatMap((text) => ["A", "/", "=", " "].map((last) => text + last));
}

describe("the lengths of base64", () => {
  it("are told as the runtime tells them", () => {
    for (const text of [0, 1, 2, 3, 4, 5, 6].flatMap(texts)) {
      const bytes = fromBase64(text);
      expect([text, bytes && [...bytes]]).toEqual([text, decoded(text)]);
    }
  });
});

describe("comparison", () => {
  it("tells equal from different, also by length", () => {
    expect(equalBytes(EVERY_BYTE, new Uint8Array(EVERY_BYTE))).toBe(true);
    expect(equalBytes(EVERY_BYTE, EVERY_BYTE.subarray(1))).toBe(false);
    expect(equalBytes(Uint8Array.of(1), Uint8Array.of(2))).toBe(false);
    expect(equalBytes(new Uint8Array(), new Uint8Array())).toBe(true);
  });
});

it("views memory without copying it", () => {
  const bytes = EVERY_BYTE.slice();
  const view = viewOf(bytes.subarray(2, 4));
  bytes[2] = 99;
  expect(view).toEqual(Uint8Array.of(99, 3));
  expect(viewOf(new DataView(bytes.buffer, 2, 2))).toEqual(view);
  expect(viewOf(bytes.buffer)).toHaveLength(256);
});
