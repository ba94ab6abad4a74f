import type { KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { createHmac, generateKeyPairSync, sign, X509Certificate } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import type { PublicKeyInput, PublicKeyScheme } from "../../src/index.ts";
import { createPublicKey, WebhookError } from "../../src/index.ts";
import { utf8 } from "../../src/signing/bytes.ts";

const PARTS = [utf8("a "), utf8("message")];
const MESSAGE = utf8("a message");

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");

const pem = (key: KeyObject, type: "spki" | "pkcs1" = "spki") =>
  key.export({ type, format: "pem" });
const der = (key: KeyObject, type: "spki" | "pkcs1" = "spki") =>
  key.export({ type, format: "der" }).toString("base64");
const imported = (key: KeyObject, algorithm: Parameters<typeof crypto.subtle.importKey>[2]) =>
  crypto.subtle.importKey("spki", key.export({ type: "spki", format: "der" }), algorithm, true, [
    "verify",
  ]);

const rsaSignature = sign("sha256", MESSAGE, rsa.privateKey);
const ecDer = sign("sha256", MESSAGE, ec.privateKey);
const ecRaw = sign("sha256", MESSAGE, { key: ec.privateKey, dsaEncoding: "ieee-p1363" });
const edSignature = sign(null, MESSAGE, ed.privateKey);

type Backend = "auto" | "webcrypto";
const BACKENDS: readonly Backend[] = ["auto", "webcrypto"];

/** What each implementation says, which must be the same. */
async function verify(
  scheme: PublicKeyScheme,
  key: PublicKeyInput,
  signature: Uint8Array,
  parts: readonly Uint8Array[] = PARTS,
): Promise<boolean> {
  const verdicts = await Promise.all(
    BACKENDS.map(async (backend) => createPublicKey(scheme, key, backend).verify(parts, signature)),
  );
  expect(new Set(verdicts).size).toBe(1);
  return verdicts[0] ?? false;
}

interface CertificateVector {
  readonly name: string;
  readonly publicKey?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly rawBody: string;
}

/** The vector of WeChat Pay's own SDK that is signed with the key of a certificate. */
function certificateVector(): CertificateVector {
  const file = new URL("../../../integration/test/vectors/inbound.json", import.meta.url);
  const vectors = JSON.parse(readFileSync(file, "utf8")) as readonly CertificateVector[];
  const found = vectors.find(
    ({ name }) => name === "wechatpay-go vector, platform CERTIFICATE PEM",
  );
  if (!found) throw new Error("the vector is gone");
  return found;
}

describe("a public key may come as", () => {
  const edRaw = ed.publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  it.each<[string, PublicKeyScheme, PublicKeyInput, Uint8Array]>([
    ["PEM", "rsa-sha256", pem(rsa.publicKey), rsaSignature],
    ["PKCS#1 PEM", "rsa-sha256", pem(rsa.publicKey, "pkcs1"), rsaSignature],
    ["base64", "rsa-sha256", der(rsa.publicKey), rsaSignature],
    ["PKCS#1 base64", "rsa-sha256", der(rsa.publicKey, "pkcs1"), rsaSignature],
    [
      "base64 in lines",
      "rsa-sha256",
      der(rsa.publicKey).replaceAll(/.{64}/g, "$&\r\n"),
      rsaSignature,
    ],
    ["PEM with white space around", "rsa-sha256", `\n  ${pem(rsa.publicKey)}\n `, rsaSignature],
    [
      "PEM from an environment variable",
      "rsa-sha256",
      pem(rsa.publicKey).replaceAll("\n", "\\n"),
      rsaSignature,
    ],
    ["PEM in one line", "rsa-sha256", pem(rsa.publicKey).replaceAll("\n", " "), rsaSignature],
    ["PEM of a curve", "ecdsa-p256-sha256", pem(ec.publicKey), ecRaw],
    ["base64 of a curve", "ecdsa-p256-sha256", der(ec.publicKey), ecRaw],
    ["PEM of Ed25519", "ed25519", pem(ed.publicKey), edSignature],
    ["base64 of Ed25519", "ed25519", der(ed.publicKey), edSignature],
    ["32 bytes in base64", "ed25519", edRaw.toString("base64"), edSignature],
    ["32 bytes in hex", "ed25519", edRaw.toString("hex"), edSignature],
    ["32 bytes after whpk_", "ed25519", `whpk_${edRaw.toString("base64")}`, edSignature],
  ])("%s", async (_name, scheme, key, signature) => {
    await expect(verify(scheme, key, signature)).resolves.toBe(true);
    await expect(verify(scheme, key, signature, [MESSAGE, utf8(".")])).resolves.toBe(false);
  });

  it("a certificate, in PEM or base64", async () => {
    const { publicKey = "", headers, rawBody } = certificateVector();
    const signature = Buffer.from(headers["wechatpay-signature"] ?? "", "base64");
    const { "wechatpay-timestamp": timestamp, "wechatpay-nonce": nonce } = headers;
    const parts = [utf8(`${timestamp}\n${nonce}\n${rawBody}\n`)];
    const base64 = new X509Certificate(publicKey).raw.toString("base64");
    for (const text of [publicKey, base64, `${publicKey}\n${publicKey}`]) {
      // oxlint-disable-next-line no-await-in-loop -- three in turn
      await expect(verify("rsa-sha256", text, signature, parts)).resolves.toBe(true);
    }
  });

  it("a CryptoKey", async () => {
    const rsaKey = await imported(rsa.publicKey, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" });
    const ecKey = await imported(ec.publicKey, { name: "ECDSA", namedCurve: "P-256" });
    const edKey = await imported(ed.publicKey, "Ed25519");
    await expect(verify("rsa-sha256", rsaKey, rsaSignature)).resolves.toBe(true);
    await expect(verify("ecdsa-p256-sha256", ecKey, ecRaw)).resolves.toBe(true);
    await expect(verify("ed25519", edKey, edSignature)).resolves.toBe(true);
  });
});

describe("a signature", () => {
  it("has the hash of its scheme", async () => {
    const sha1 = sign("sha1", MESSAGE, rsa.privateKey);
    await expect(verify("rsa-sha1", pem(rsa.publicKey), sha1)).resolves.toBe(true);
    await expect(verify("rsa-sha256", pem(rsa.publicKey), sha1)).resolves.toBe(false);
    await expect(verify("rsa-sha1", pem(rsa.publicKey), rsaSignature)).resolves.toBe(false);
  });

  it("with ECDSA may be DER or two numbers, also where those begin with zeros", async () => {
    const key = pem(ec.publicKey);
    await expect(verify("ecdsa-p256-sha256", key, ecDer)).resolves.toBe(true);
    await expect(verify("ecdsa-p256-sha256", key, ecRaw)).resolves.toBe(true);
    // Until each number has come by with a zero more than usual, and with one byte less.
    const seen = new Set<string>();
    for (let tries = 0; tries < 5000 && seen.size < 4; tries += 1) {
      const signature = sign("sha256", MESSAGE, ec.privateKey);
      const rLength = signature[3] ?? 0;
      const sLength = signature[5 + rLength] ?? 0;
      // oxlint-disable-next-line no-await-in-loop -- each must verify
      await expect(verify("ecdsa-p256-sha256", key, signature)).resolves.toBe(true);
      for (const [name, length] of [
        ["r", rLength],
        ["s", sLength],
      ] as const) {
        if (length === 33) seen.add(`long ${name}`);
        if (length < 32) seen.add(`short ${name}`);
      }
    }
    expect(seen.size).toBe(4);
  });

  it.each<[string, PublicKeyScheme, KeyObject, Uint8Array]>([
    ["RSA", "rsa-sha256", rsa.publicKey, rsaSignature],
    ["ECDSA in DER", "ecdsa-p256-sha256", ec.publicKey, ecDer],
    ["raw ECDSA", "ecdsa-p256-sha256", ec.publicKey, ecRaw],
    ["Ed25519", "ed25519", ed.publicKey, edSignature],
  ])(
    "of %s is refused with any byte changed, cut or added, and never throws",
    async (_name, scheme, publicKey, signature) => {
      const keys = BACKENDS.map((backend) => createPublicKey(scheme, pem(publicKey), backend));
      const bytes = new Uint8Array(signature);
      const changed = [...bytes.keys()].map((at) =>
        bytes.map((byte, index) => (index === at ? byte ^ 1 : byte)),
      );
      const others = [
        ...changed,
        bytes.subarray(1),
        bytes.subarray(0, -1),
        new Uint8Array([...bytes, 0]),
        new Uint8Array(bytes.length),
        new Uint8Array(0),
        Uint8Array.of(0x30),
        Uint8Array.of(0x30, 0),
        Uint8Array.of(0x30, 2, 2, 0),
        Uint8Array.of(0x30, 4, 2, 200, 2, 200),
        Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 1),
        Uint8Array.of(0x30, bytes.length, ...bytes.subarray(2), 0, 0),
      ];
      for (const key of keys) {
        // oxlint-disable-next-line no-await-in-loop -- one implementation after the other
        const verdicts = await Promise.all(others.map(async (other) => key.verify(PARTS, other)));
        expect(verdicts).toEqual(others.map(() => false));
      }
    },
  );
});

describe("what is no key for the scheme", () => {
  const ec384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const x25519 = generateKeyPairSync("x25519");
  const pkcs8 = rsa.privateKey.export({ type: "pkcs8", format: "pem" });
  const PRIVATE = /private key/;
  it.each<[string, PublicKeyScheme, string, RegExp]>([
    ["a private key", "rsa-sha256", pkcs8, PRIVATE],
    ["a private key after a public one", "rsa-sha256", pem(rsa.publicKey) + pkcs8, PRIVATE],
    [
      "a private key in PKCS#1",
      "rsa-sha256",
      rsa.privateKey.export({ type: "pkcs1", format: "pem" }),
      PRIVATE,
    ],
    [
      "a private key in SEC 1",
      "ecdsa-p256-sha256",
      ec.privateKey.export({ type: "sec1", format: "pem" }),
      PRIVATE,
    ],
    [
      "a private key in base64",
      "rsa-sha256",
      rsa.privateKey.export({ type: "pkcs8", format: "der" }).toString("base64"),
      PRIVATE,
    ],
    [
      "a private key in base64 of PKCS#1",
      "rsa-sha256",
      rsa.privateKey.export({ type: "pkcs1", format: "der" }).toString("base64"),
      PRIVATE,
    ],
    [
      "a private Ed25519 key",
      "ed25519",
      ed.privateKey.export({ type: "pkcs8", format: "pem" }),
      PRIVATE,
    ],
    ["a private key after whsk_", "ed25519", "whsk_AAAA", PRIVATE],
    ["nothing", "rsa-sha256", "", /neither PEM nor base64/],
    ["white space", "rsa-sha256", " \n", /neither PEM nor base64/],
    ["words", "rsa-sha256", "my public key!", /neither PEM nor base64/],
    ["base64 of something else", "rsa-sha256", "AAAA", /cannot be read as a public key/],
    [
      "PEM of something else",
      "rsa-sha256",
      "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
      /cannot be read/,
    ],
    ["PEM cut short", "rsa-sha256", pem(rsa.publicKey).slice(0, 200), /neither PEM nor base64/],
    [
      "a certificate request",
      "rsa-sha256",
      "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----",
      /CERTIFICATE REQUEST holds no public key/,
    ],
    [
      "a label called constructor",
      "rsa-sha256",
      "-----BEGIN CONSTRUCTOR-----\nAAAA\n-----END CONSTRUCTOR-----",
      /holds no public key/,
    ],
    [
      "a certificate cut short",
      "rsa-sha256",
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
      /cannot be read/,
    ],
    ["a curve in place of RSA", "rsa-sha256", pem(ec.publicKey), /of the kind ec, .* rsa/],
    ["RSA in place of a curve", "ecdsa-p256-sha256", pem(rsa.publicKey), /of the kind rsa, .* ec/],
    ["another curve", "ecdsa-p256-sha256", pem(ec384.publicKey), /secp384r1/],
    ["X25519 in place of Ed25519", "ed25519", pem(x25519.publicKey), /x25519/],
    ["31 bytes", "ed25519", Buffer.alloc(31).toString("base64"), /cannot be read/],
  ])("such as %s is refused with a reason that does not show it", (_name, scheme, text, reason) => {
    const create = () => createPublicKey(scheme, text);
    expect(create).toThrow(WebhookError);
    expect(create).toThrow(expect.objectContaining({ code: "INVALID_KEY" }));
    expect(create).toThrow(reason);
    const shown = text
      .replaceAll(/-----[A-Z ]+-----|\s/g, "")
      .slice(0, 40)
      .padEnd(8, "?");
    expect(create).not.toThrow(shown);
  });

  it("such as a CryptoKey for something else is refused", async () => {
    const sha1 = await imported(rsa.publicKey, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-1" });
    const ecKey = await imported(ec.publicKey, { name: "ECDSA", namedCurve: "P-256" });
    const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
    const { privateKey } = pair as { privateKey: CryptoKey };
    const unusable = await crypto.subtle.importKey(
      "spki",
      ed.publicKey.export({ type: "spki", format: "der" }),
      "Ed25519",
      true,
      [],
    );
    for (const [scheme, key, reason] of [
      ["rsa-sha256", sha1, /not one for rsa-sha256/],
      ["rsa-sha256", ecKey, /not one for rsa-sha256/],
      ["ed25519", ecKey, /not one for ed25519/],
      ["ed25519", privateKey, /private/],
      ["ed25519", unusable, /usage/],
      ["ed25519", {} as CryptoKey, /a text or a CryptoKey/],
    ] as const) {
      expect(() => createPublicKey(scheme, key)).toThrow(reason);
    }
  });

  it.runIf(process.versions.bun)("leaves other cryptography of the process alone", async () => {
    // On Bun 1.4 a failed import by Web Crypto breaks the next HMAC of Bun.CryptoHasher.
    for (const text of [
      "AAAA",
      pem(ec.publicKey),
      `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----`,
    ]) {
      expect(() => createPublicKey("rsa-sha256", text)).toThrow(WebhookError);
      await Promise.resolve();
      const expected = createHmac("sha256", "k").update("a").digest("hex");
      expect(new Bun.CryptoHasher("sha256", "k").update("a").digest("hex")).toBe(expected);
    }
  });
});

it("imports a key once, however often it verifies", async () => {
  const importKey = vi.spyOn(crypto.subtle, "importKey");
  const key = createPublicKey("rsa-sha256", pem(rsa.publicKey), "webcrypto");
  expect(importKey).not.toHaveBeenCalled();
  await Promise.all([key.verify(PARTS, rsaSignature), key.verify(PARTS, rsaSignature)]);
  expect(importKey).toHaveBeenCalledOnce();
  importKey.mockRestore();
});

it("needs no promise where the runtime has node:crypto", () => {
  expect(createPublicKey("rsa-sha256", pem(rsa.publicKey)).verify(PARTS, rsaSignature)).toBe(true);
});
