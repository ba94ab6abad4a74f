import { WebhookError } from "../errors.ts";

/**
 * Checks an option that is a count or a time.
 * @returns the value, at least `min` and at most 2^31 - 1
 * @throws WebhookError `INVALID_OPTION`
 */
export function integer(name: string, value: number, min: number): number {
  if (!Number.isInteger(value) || value < min || value > 2 ** 31 - 1) {
    throw new WebhookError(
      "INVALID_OPTION",
      `${name} is ${String(value)}; it takes a whole number from ${min} to 2147483647`,
    );
  }
  return value;
}
