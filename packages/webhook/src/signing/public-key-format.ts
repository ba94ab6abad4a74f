import type * as NodeCrypto from "node:crypto";
import { WebhookError } from "../errors.ts";
import type { Bytes } from "./bytes.ts";
import { concatBytes, fromBase64, fromHex, viewOf } from "./bytes.ts";
import { nativeCrypto } from "./native-crypto.ts";

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----([^-]*)-----END \1-----/;
const PEM_PRIVATE = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY/;
// Line breaks, also those that an environment variable holds as a backslash and an n.
const PEM_SPACE = /\s|\\[nr]/g;
const STANDARD_PUBLIC = "whpk_";
const STANDARD_PRIVATE = "whsk_";
const ED25519_BYTES = 32;
// SubjectPublicKeyInfo of an Ed25519 key up to the key itself; source: https://www.rfc-editor.org/rfc/rfc8410#section-4
const ED25519_SPKI_START = Uint8Array.of(0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0);

const PRIVATE_KEY_GIVEN =
  "this is a private key: configure the sender's public key instead, and replace the pair if the private half is not yours to hold";

const native = nativeCrypto();

/**
 * The SubjectPublicKeyInfo (DER) of a public key in any form that operators are given one.
 *
 * Where `node:crypto` is at hand the key is proved to be of the right kind before Web Crypto sees it: on Bun 1.4 a
 * failed import of Web Crypto makes the next `Bun.CryptoHasher` of the whole process fail.
 *
 * @throws INVALID_KEY
 */
export function readPublicKey(
  text: string,
  keyType: "rsa" | "ec" | "ed25519",
  curve?: string,
): Bytes {
  const trimmed = text.trim();
  if (PEM_PRIVATE.test(trimmed) || trimmed.startsWith(STANDARD_PRIVATE)) invalid(PRIVATE_KEY_GIVEN);
  const raw = keyType === "ed25519" ? rawEd25519(trimmed) : undefined;
  if (raw) return concatBytes([ED25519_SPKI_START, raw]);

  const pem = PEM_BLOCK.exec(trimmed);
  const der = fromBase64((pem?.[2] ?? trimmed).replace(PEM_SPACE, ""));
  if (!der || der.length === 0) {
    invalid(
      "the public key is neither PEM nor base64: copy it whole, with its BEGIN and END lines",
    );
  }
  if (!native) return withoutNative(der, pem?.[1]);
  const key = readDer(native, der, pem?.[1]);
  const found = key.asymmetricKeyType;
  if (found !== keyType)
    invalid(`the public key is of the kind ${found}, this platform's are ${keyType}`);
  const foundCurve = key.asymmetricKeyDetails?.namedCurve;
  if (curve !== undefined && foundCurve !== curve) {
    invalid(`the public key is on the curve ${foundCurve}, this platform's are on ${curve}`);
  }
  return viewOf(key.export({ type: "spki", format: "der" }));
}

function rawEd25519(text: string): Bytes | undefined {
  const bare = text.startsWith(STANDARD_PUBLIC) ? text.slice(STANDARD_PUBLIC.length) : text;
  const bytes = bare.length === 2 * ED25519_BYTES ? fromHex(bare) : fromBase64(bare);
  return bytes?.length === ED25519_BYTES ? bytes : undefined;
}

/** Without `node:crypto` only SubjectPublicKeyInfo can be read; Web Crypto judges it at its first use. */
function withoutNative(der: Bytes, label: string | undefined): Bytes {
  if (label === undefined || label === "PUBLIC KEY") return der;
  return invalid(
    `reading a ${label} needs node:crypto, which this runtime lacks: convert it to a PUBLIC KEY`,
  );
}

function readDer(
  crypto: typeof NodeCrypto,
  der: Bytes,
  label: string | undefined,
): NodeCrypto.KeyObject {
  // First, because `createPublicKey` would take a private key and derive the public one without a word.
  const privateTypes = ["pkcs8", "pkcs1", "sec1"] as const;
  for (const type of privateTypes) {
    if (attempt(() => crypto.createPrivateKey({ key: der, format: "der", type }))) {
      invalid(PRIVATE_KEY_GIVEN);
    }
  }
  const readers: Readonly<Record<string, () => NodeCrypto.KeyObject>> = {
    "PUBLIC KEY": () => crypto.createPublicKey({ key: der, format: "der", type: "spki" }),
    "RSA PUBLIC KEY": () => crypto.createPublicKey({ key: der, format: "der", type: "pkcs1" }),
    CERTIFICATE: () => new crypto.X509Certificate(der).publicKey,
  };
  const labels = label === undefined ? Object.keys(readers) : [label];
  for (const name of labels) {
    const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (!read) {
      invalid(
        `a PEM block ${name} holds no public key: PUBLIC KEY, RSA PUBLIC KEY and CERTIFICATE do`,
      );
    }
    const key = attempt(read);
    if (key) return key;
  }
  return invalid(
    `the ${label ?? "base64 text"} cannot be read as a public key: copy it whole from the platform's console`,
  );
}

function attempt(read: () => NodeCrypto.KeyObject): NodeCrypto.KeyObject | undefined {
  try {
    return read();
  } catch {
    // The library's message would say nothing more than that it failed.
    return undefined;
  }
}

function invalid(message: string): never {
  throw new WebhookError("INVALID_KEY", message);
}
