import type { Bytes, SignedRequest } from "@ventostack/webhook";
import { fromBase64, parseJson, refuse, stringAt } from "@ventostack/webhook";

/** What decrypts the resource of a notification of WeChat Pay. */
export interface WeChatPaySecrets {
  readonly apiV3Key?: string | readonly string[] | undefined;
}

const ALGORITHM = "AEAD_AES_256_GCM";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;

/** Refuses with `CONFIG` a key that is not one. */
export function checkApiV3Keys({ apiV3Key = [] }: WeChatPaySecrets): void {
  for (const key of [apiV3Key].flat()) {
    if (typeof key !== "string" || utf8(key).length !== KEY_BYTES) {
      refuse("CONFIG", `extra.apiV3Key is not a text of ${KEY_BYTES} bytes, as APIv3 keys are`);
    }
  }
}

/**
 * What is inside the `resource` of a notification, decrypted with AES-256-GCM; nothing where the notification has none or no
 * key is configured. Refuses with `DECRYPT_FAILED`, and `UNSUPPORTED_ALGORITHM`.
 * Source: https://pay.weixin.qq.com/doc/v3/merchant/4012071382
 */
export function decryptResource(
  request: SignedRequest<WeChatPaySecrets>,
): Promise<unknown> | undefined {
  const keys = [request.extra.apiV3Key ?? []].flat();
  const resource = request.json("resource");
  return keys.length === 0 || resource === undefined ? undefined : decrypt(resource, keys);
}

async function decrypt(resource: unknown, keys: readonly string[]): Promise<unknown> {
  if (stringAt(resource, ["algorithm"]) !== ALGORITHM) {
    refuse("UNSUPPORTED_ALGORITHM", `the resource is not encrypted with ${ALGORITHM}`);
  }
  const nonce = utf8(stringAt(resource, ["nonce"]) ?? "");
  const sealed = fromBase64(stringAt(resource, ["ciphertext"]) ?? "");
  if (nonce.length === NONCE_BYTES && sealed) {
    const associated = utf8(stringAt(resource, ["associated_data"]) ?? "");
    for (const key of keys) {
      // oxlint-disable-next-line no-await-in-loop -- one at a time: the first is nearly always right
      const opened = await open(key, nonce, associated, sealed);
      if (opened) {
        const text = new TextDecoder().decode(opened);
        return parseJson(text) ?? text;
      }
    }
  }
  return refuse(
    "DECRYPT_FAILED",
    "the resource cannot be decrypted: compare extra.apiV3Key with the merchant platform's APIv3 key",
  );
}

// Imported for each notification: that takes less time than the signature did, and keeps no keys.
async function open(
  key: string,
  nonce: Bytes,
  associated: Bytes,
  sealed: Bytes,
): Promise<ArrayBuffer | undefined> {
  const imported = await crypto.subtle.importKey("raw", utf8(key), "AES-GCM", false, ["decrypt"]);
  try {
    return await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: nonce, additionalData: associated },
      imported,
      sealed,
    );
  } catch {
    // A wrong key or a changed ciphertext; the runtime does not say which.
    return undefined;
  }
}

function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}
