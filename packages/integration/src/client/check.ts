import { MAX_DELAY_MS } from "./clock.ts";
import { configError } from "./errors.ts";

interface Range {
  readonly min: number;
  readonly max: number;
  readonly fallback: number;
}

/**
 * An integer of the options, or its default.
 * @throws CONFIG_ERROR
 */
export function integerOption(name: string, value: unknown, range: Range): number {
  if (value === undefined) return range.fallback;
  if (
    typeof value === "number" &&
    Number.isSafeInteger(value) &&
    value >= range.min &&
    value <= range.max
  )
    return value;
  throw configError(`${name} must be an integer from ${range.min} to ${range.max}`);
}

/**
 * A time of the options in milliseconds, or its default.
 * @throws CONFIG_ERROR
 */
export function msOption(name: string, value: unknown, fallback: number, min = 1): number {
  return integerOption(name, value, { min, max: MAX_DELAY_MS, fallback });
}

/**
 * A share of the options, from 0 to 1, or its default.
 * @throws CONFIG_ERROR
 */
export function shareOption(name: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && value > 0 && value < 1) return value;
  throw configError(`${name} must be a number between 0 and 1`);
}

/**
 * A function of the options, or its default.
 * @throws CONFIG_ERROR
 */
export function functionOption<T>(name: string, value: T | undefined, fallback: T): T {
  if (value === undefined) return fallback;
  if (typeof value === "function") return value;
  throw configError(`${name} must be a function`);
}

/**
 * The name of an integration.
 * @throws CONFIG_ERROR
 */
export function nameOption(value: unknown): string {
  if (typeof value === "string" && /^[\w.-]{1,64}$/.test(value)) return value;
  throw configError(
    "name must be 1 to 64 letters, digits, dots, hyphens or underscores, such as stripe",
  );
}

/** Whether a value is a part that has been made already, by one of its functions, and not the options of one. */
export function isMade<T extends object>(value: object | undefined, key: keyof T): value is T {
  return typeof value === "object" && value !== null && key in value;
}

/**
 * Refuses names that an object of options does not know: a misspelt limit must not be a missing limit.
 * @throws CONFIG_ERROR
 */
export function knownKeys(name: string, value: unknown, keys: readonly string[]): void {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw configError(`${name} must be an object`);
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined)
    throw configError(`${name} has no option ${unknown}: it takes ${keys.join(", ")}`);
}
