import { WebhookError } from "../errors.ts";

const PATTERN = /^(?:\*|[\x21-\x29\x2b-\x7e]+(?:\.\*)?)$/;
const MAX_LENGTH = 255;

/** Checks the `events` of a subscription; none at all means all. */
export function checkPatterns(events: readonly string[]): readonly string[] {
  if (!Array.isArray(events)) {
    throw new WebhookError("INVALID_OPTION", "events must be a list of event names; [] means all");
  }
  for (const event of events) {
    if (typeof event !== "string" || event.length > MAX_LENGTH || !PATTERN.test(event)) {
      throw new WebhookError(
        "INVALID_OPTION",
        'events takes exact names ("order.created"), a prefix with ".*" at its end ("order.*") or "*"; ' +
          `${JSON.stringify(event)} is none of these`,
      );
    }
  }
  return events.length === 0 ? ["*"] : [...new Set(events)];
}

const MAX_REMEMBERED = 1000;
const patternsByType = new Map<string, readonly string[]>();

/**
 * Every pattern that an event's name satisfies, so that matching is a few look-ups and no scan:
 * `a.b.c` satisfies `a.b.c`, `a.b.*`, `a.*` and `*`.
 */
export function patternsOf(type: string): readonly string[] {
  const known = patternsByType.get(type);
  if (known) return known;
  const patterns = [type];
  for (let dot = type.lastIndexOf("."); dot > 0; dot = type.lastIndexOf(".", dot - 1)) {
    patterns.push(`${type.slice(0, dot)}.*`);
  }
  patterns.push("*");
  // Types are few; should they be many, the memory of them begins anew.
  if (patternsByType.size >= MAX_REMEMBERED) patternsByType.clear();
  patternsByType.set(type, patterns);
  return patterns;
}
