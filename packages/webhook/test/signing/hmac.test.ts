import { describe, expect, it } from "vitest";
import type { CryptoBackend, HmacHash } from "../../src/index.ts";
import { fromHex } from "../../src/index.ts";
import { toHex, utf8 } from "../../src/signing/bytes.ts";
import { createDigest, createHmacKey, isHmacHash, MAC_LENGTH } from "../../src/signing/hmac.ts";

const BACKENDS: readonly CryptoBackend[] = ["auto", "native", "webcrypto"];

/** RFC 4231, test case 2, and RFC 2202, test case 2. */
const JEFE: Readonly<Record<HmacHash, string>> = {
  sha1: "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
  sha256: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  sha384:
    "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
  sha512:
    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
};
const PARTS = [utf8("what do ya "), utf8("want for nothing?")];

describe.each(BACKENDS)("HMAC with %s crypto", (backend) => {
  it.each(Object.entries(JEFE) as [HmacHash, string][])("signs with %s", async (hash, expected) => {
    const key = createHmacKey(hash, utf8("Jefe"), backend);
    const mac = await key.sign(PARTS);
    expect(toHex(mac)).toBe(expected);
    expect(mac).toHaveLength(MAC_LENGTH[hash]);
    expect(Object.getPrototypeOf(mac)).toBe(Uint8Array.prototype);
  });

  it("finds the right one among several MACs", async () => {
    const key = createHmacKey("sha256", utf8("Jefe"), backend);
    const right = fromHex(JEFE.sha256) ?? new Uint8Array();
    const wrong = [
      new Uint8Array(),
      new Uint8Array(32),
      right.subarray(1),
      new Uint8Array([...right, 0]),
    ];
    expect(await key.verify(PARTS, [...wrong, right])).toBe(true);
    expect(await key.verify(PARTS, wrong)).toBe(false);
    expect(await key.verify(PARTS, [])).toBe(false);
  });

  it("hashes without a key", async () => {
    const digest = createDigest("sha1", backend);
    expect(toHex(await digest.sign([utf8("a"), utf8("bc")]))).toBe(
      "a9993e364706816aba3e25717850c26c9cd0d89d",
    );
    expect(await digest.verify([utf8("abc")], [await digest.sign([utf8("abc")])])).toBe(true);
  });
});

it("answers without a promise where node:crypto is at hand", () => {
  expect(createHmacKey("sha256", utf8("k")).sign([])).toBeInstanceOf(Uint8Array);
  expect(createHmacKey("sha256", utf8("k"), "webcrypto").sign([])).toBeInstanceOf(Promise);
});

it("knows the names of its hashes", () => {
  expect(["sha1", "sha256", "sha384", "sha512"].every(isHmacHash)).toBe(true);
  expect(["md5", "SHA256", "constructor", "", 256, undefined].some(isHmacHash)).toBe(false);
});
