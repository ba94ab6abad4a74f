const MOST_SHOWN = 600;

function show(value: unknown): string {
  const text =
    JSON.stringify(value, (_key, item: unknown) =>
      item instanceof Uint8Array ? `bytes ${[...item].join(" ")}` : item,
    ) ?? "undefined";
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isList(value: object): value is readonly unknown[] {
  return Array.isArray(value) || value instanceof Uint8Array;
}

/** By content, whatever prototype a driver's rows have; a key that is absent is like one that is `undefined`. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (!isObject(a) || !isObject(b)) return false;
  if (isList(a) || isList(b)) {
    if (!isList(a) || !isList(b) || a.length !== b.length) return false;
    if (Array.isArray(a) !== Array.isArray(b)) return false;
    return a.every((item, index) => isSame(item, b[index]));
  }
  for (const key of Object.keys(a)) if (!isSame(a[key], b[key])) return false;
  return Object.keys(b).every((key) => key in a || b[key] === undefined);
}

/** @throws Error with the text, unless the condition holds */
export function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

/**
 * Compares by content.
 * @throws Error that names what differs
 */
export function same(actual: unknown, expected: unknown, what: string): void {
  if (isSame(actual, expected)) return;
  throw new Error(`${what}: expected ${show(expected)}, but got ${show(actual)}`);
}

/** @throws Error when the work neither throws nor rejects */
export async function refused(work: () => unknown, what: string): Promise<void> {
  try {
    await work();
  } catch {
    return;
  }
  throw new Error(`${what}: expected an error, but there was none`);
}
