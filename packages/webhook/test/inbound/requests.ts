import { createHmac } from "node:crypto";
import type { HmacHash } from "../../src/index.ts";

/** Made with `node:crypto` directly, so that the tests do not share an error with what they test. */
export function hmacHex(secret: string, content: string | Uint8Array, hash: HmacHash = "sha256") {
  return createHmac(hash, secret).update(content).digest("hex");
}

export const NOW = 1_700_000_000_000;
export const SECRET = "my-secret";
