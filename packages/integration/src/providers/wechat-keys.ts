import type { MaybePromise, PublicKeyInput, SignedRequest } from "@ventostack/webhook";
import { fromBase64, refuse } from "@ventostack/webhook";
import { nodeCrypto } from "./node-crypto.ts";
import type { KeyLookup, KeyResolver } from "./resolved-keys.ts";
import { createKeyLookup } from "./resolved-keys.ts";

/** Where the keys of WeChat Pay stand. */
interface WeChatPayKeys {
  readonly certificates?: Readonly<Record<string, string>> | undefined;
  readonly publicKeyId?: string | undefined;
  readonly keyResolver?: KeyResolver | undefined;
}

/** Chooses the keys that may have signed a request by the serial in its header. */
export type KeyChooser = (
  request: SignedRequest<WeChatPayKeys>,
) => MaybePromise<PublicKeyInput | readonly PublicKeyInput[]>;

const SERIAL = /^[\w-]{1,128}$/;

export function createKeyChooser(): KeyChooser {
  const lookups = new WeakMap<KeyResolver, KeyLookup>();
  const serialOf = createCertificateSerials();
  return (request) => {
    const { publicKey, extra = {} } = request.config;
    const serial = request.required("wechatpay-serial");
    if (!SERIAL.test(serial)) refuse("UNKNOWN_KEY", "the header wechatpay-serial is no serial");

    const listed = certificateOf(extra, serial);
    if (listed !== undefined) return listed;
    const keys = [publicKey ?? []].flat();
    const own = keys.filter((key) => {
      // A certificate says its own, a bare key does not.
      const expected = (typeof key === "string" ? serialOf(key) : undefined) ?? extra.publicKeyId;
      return expected === undefined || normalSerial(expected) === normalSerial(serial);
    });
    if (own.length > 0) return own;
    const { keyResolver } = extra;
    if (!keyResolver) {
      refuse(
        "UNKNOWN_KEY",
        `no key ${serial} is configured: add it to extra.certificates, or set extra.publicKeyId to it if it is the id of config.publicKey`,
      );
    }
    const lookup = lookups.get(keyResolver) ?? createKeyLookup(keyResolver);
    lookups.set(keyResolver, lookup);
    return lookup(normalSerial(serial), request.now);
  };
}

// Own properties only: `__proto__` and `constructor` are serials that anybody can send.
function certificateOf({ certificates = {} }: WeChatPayKeys, serial: string): string | undefined {
  if (Object.hasOwn(certificates, serial)) return certificates[serial];
  const wanted = normalSerial(serial);
  const name = Object.keys(certificates).find((known) => normalSerial(known) === wanted);
  return name === undefined ? undefined : certificates[name];
}

const HEX = /^[\dA-Fa-f]+$/;

/** The serials of certificates are hex numbers; the ids of public keys (`PUB_KEY_ID_…`) are texts, case included. */
function normalSerial(serial: string): string {
  return HEX.test(serial) ? serial.toUpperCase().replace(/^0+(?=.)/, "") : serial;
}

const PEM_BODY = /-----BEGIN [^-]+-----([^-]*)-----END /;
// Line breaks, also those that an environment variable holds as a backslash and an n.
const PEM_SPACE = /\s|\\[nr]/g;

/** More than anybody configures; a configuration that changes all the time must not fill the memory. */
const MAX_SERIALS = 64;

/** Reads certificates once: it takes as long as the verification does. */
function createCertificateSerials(): (text: string) => string | undefined {
  const known = new Map<string, string | undefined>();
  return (text) => {
    if (known.has(text)) return known.get(text);
    if (known.size >= MAX_SERIALS) known.clear();
    const serial = certificateSerial(text);
    known.set(text, serial);
    return serial;
  };
}

function certificateSerial(text: string): string | undefined {
  const der = fromBase64((PEM_BODY.exec(text)?.[1] ?? text).replace(PEM_SPACE, ""));
  if (!der) return undefined;
  const { X509Certificate } = nodeCrypto("reading a certificate");
  try {
    return new X509Certificate(der).serialNumber;
  } catch {
    return undefined;
  }
}
