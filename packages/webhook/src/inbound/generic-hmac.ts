import { WebhookError } from "../errors.ts";
import { checkHeaderName } from "../header-name.ts";
import type { HmacHash } from "../signing/hmac.ts";
import { interpretProvider } from "./interpret-provider.ts";
import { hmac } from "./provider-definition.ts";
import type { WebhookProvider } from "./provider.ts";

const HASHES = ["sha256", "sha384", "sha512"] as const satisfies readonly HmacHash[];

/**
 * Verifies a HMAC of the body in hex, bare or after `<algorithm>=`: what most in-house senders do, this library's own
 * outbound half included. The algorithm is the one given here, whatever a header says.
 * @throws UNSUPPORTED_ALGORITHM, INVALID_HEADER
 */
export function createGenericHmacVerifier(
  algorithm: "sha256" | "sha384" | "sha512",
  header: string,
): WebhookProvider {
  if (!HASHES.includes(algorithm)) {
    throw new WebhookError(
      "UNSUPPORTED_ALGORITHM",
      `the algorithm must be one of ${HASHES.join(", ")}`,
    );
  }
  const name = checkHeaderName(header).toLowerCase();
  const prefix = `${algorithm}=`;
  return interpretProvider({
    id: "generic-hmac",
    emptyBody: "accept",
    signature: {
      algorithm: hmac(algorithm),
      encoding: "hex",
      read(request) {
        const value = request.required(name);
        return value.startsWith(prefix) ? value.slice(prefix.length) : value;
      },
    },
    signedContent: (request) => [request.body],
  });
}
