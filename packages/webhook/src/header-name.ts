import { WebhookError } from "./errors.ts";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Checks that a value can be a header's name. Source: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
 * @throws INVALID_HEADER
 */
export function checkHeaderName(name: unknown): string {
  if (typeof name === "string" && TOKEN.test(name)) return name;
  const given = typeof name === "string" ? JSON.stringify(name) : `a value of type ${typeof name}`;
  throw new WebhookError(
    "INVALID_HEADER",
    `${given} is not a header name: use letters, digits and hyphens`,
  );
}
