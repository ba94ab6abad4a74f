import { WebhookError } from "../errors.ts";
import { checkHeaderName } from "../header-name.ts";

/** RFC 9110, 5.5, without obs-text: what every receiver reads alike. */
const FIELD_VALUE = /^[\t\x20-\x7e]*$/;
const MAX_VALUE_LENGTH = 8192;
const MAX_HEADERS = 50;

/** Names that belong to the connection or say what the body is. */
const RESERVED =
  /^(?:host|content-.*|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|proxy-.*|webhook-.*)$/;

/**
 * Checks the headers that a subscription adds. They can add, never replace, what the sender itself sets.
 * @param signatureHeader the manager's, which is reserved too
 * @throws WebhookError INVALID_HEADER; the message names the header, never its value
 */
export function checkHeaders(
  headers: Readonly<Record<string, string>>,
  signatureHeader: string,
): Readonly<Record<string, string>> {
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) {
    throw new WebhookError("INVALID_HEADER", "headers must be an object of names and values");
  }
  const entries = Object.entries(headers);
  if (entries.length > MAX_HEADERS) {
    throw new WebhookError("INVALID_HEADER", `at most ${MAX_HEADERS} headers can be added`);
  }
  const seen = new Set<string>();
  for (const [name, value] of entries) {
    const lower = checkHeaderName(name).toLowerCase();
    if (RESERVED.test(lower) || lower === signatureHeader.toLowerCase()) {
      throw new WebhookError(
        "INVALID_HEADER",
        `the header ${name} is set by the sender itself and cannot be replaced: remove it from headers`,
      );
    }
    if (seen.has(lower)) {
      throw new WebhookError("INVALID_HEADER", `the header ${name} is given twice`);
    }
    seen.add(lower);
    if (typeof value !== "string" || value.length > MAX_VALUE_LENGTH || !FIELD_VALUE.test(value)) {
      throw new WebhookError(
        "INVALID_HEADER",
        `the value of the header ${name} must be at most ${MAX_VALUE_LENGTH} printable ASCII characters ` +
          "without line breaks",
      );
    }
  }
  return { ...headers };
}
