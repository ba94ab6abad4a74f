/** Words as paths are made of, such as `v1`, `payment_intents`, `oauth2`, `documents:batch`. */
const WORDS = /^[a-z]{1,32}\d{0,2}(?:[-_.:][a-z]{1,32}\d{0,2}){0,5}$/i;
const VERSION = /^v\d{1,2}(?:\.\d{1,2})?$/i;
const PLACEHOLDER = /^\{[\w.-]{0,64}\}$/;

/**
 * A path for the log: segments that are a word stay, every other one may be an id or worse and becomes `{}`.
 */
export function logTemplate(path: string): string {
  return path
    .slice(0, 2_000)
    .split("/")
    .map((segment) => (isPlain(segment) ? segment : "{}"))
    .join("/");
}

function isPlain(segment: string): boolean {
  return (
    segment === "" || VERSION.test(segment) || PLACEHOLDER.test(segment) || WORDS.test(segment)
  );
}
