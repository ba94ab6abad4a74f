import type { StandardSchemaV1 } from "@standard-schema/spec";

/** Reads one value. What comes out is a copy of its own: no getter, proxy or cycle of the input gets through. */
export type Field<T> = (value: unknown) => StandardSchemaV1.Result<T>;

/** The fields that are read from an object; a Standard Schema, and itself a field of another object. */
export interface ObjectSchema<T> extends StandardSchemaV1<unknown, T> {
  readonly read: Field<T>;
}

/** A vendor's enumeration value: one that we know, or `unknown` and what the vendor said. */
export interface Choice<Known extends string> {
  readonly value: Known | "unknown";
  readonly raw: string;
}

type OutputOf<Shape> = {
  readonly [Name in keyof Shape]: Shape[Name] extends Field<infer T> ? T : never;
};

/**
 * The own properties of an object that are named here; all others are ignored. Each is read once.
 * @param shape the field of each property, by the property's name
 */
export function object<const Shape extends Readonly<Record<string, Field<unknown>>>>(
  shape: Shape,
): ObjectSchema<OutputOf<Shape>> {
  const read: Field<OutputOf<Shape>> = (value) => {
    if (!isObject(value)) return wrong("must be an object");
    const found: Record<string, unknown> = {};
    const issues: StandardSchemaV1.Issue[] = [];
    for (const [name, field] of Object.entries(shape)) {
      const result = readProperty(value, name, field);
      if (!result.issues) found[name] = result.value;
      else
        for (const issue of result.issues)
          issues.push({ message: issue.message, path: [name, ...(issue.path ?? [])] });
    }
    if (issues.length > 0) return { issues };
    // Every property came from the field of that name.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return { value: found as OutputOf<Shape> };
  };
  return schemaOf(read);
}

/**
 * Goes on from the fields of an object to something that not all of their values allow.
 * @param next refuses with `{ issues }`, as a Standard Schema does
 */
export function derive<Fields, T>(
  schema: ObjectSchema<Fields>,
  next: (fields: Fields) => StandardSchemaV1.Result<T>,
): ObjectSchema<T> {
  return schemaOf((value) => {
    const result = schema.read(value);
    return result.issues ? result : next(result.value);
  });
}

function schemaOf<T>(read: Field<T>): ObjectSchema<T> {
  return {
    read,
    "~standard": { version: 1, vendor: "ventostack", validate: (value) => read(value) },
  };
}

/** A text, also an empty one. */
export const text: Field<string> = (value) =>
  typeof value === "string" ? { value } : wrong("must be a text");

/** A text that is not empty. */
export const id: Field<string> = (value) =>
  typeof value === "string" && value !== "" ? { value } : wrong("must be a text that is not empty");

/** Another object, or only its id, as Stripe has it for whatever can be expanded. */
export const idOrObject: Field<string> = (value) =>
  typeof value === "string" ? id(value) : property("id", id)(value);

export const flag: Field<boolean> = (value) =>
  typeof value === "boolean" ? { value } : wrong("must be true or false");

/** A whole number that a double holds exactly, also as a text of decimal digits. Zero or more. */
export const count: Field<number> = (value) => {
  const number = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0
    ? // No minus zero: JSON and comparisons disagree about it.
      { value: number + 0 }
    : wrong("must be a whole number, zero or more, that a double holds exactly");
};

/** Seconds since the epoch; comes out in milliseconds. Fractions are kept to the millisecond. */
export const unixSeconds: Field<number> = (value) => {
  const ms = typeof value === "number" ? Math.round(value * 1000) : NaN;
  return isTime(ms) ? { value: ms } : wrong("must be a time in seconds since 1970");
};

/** A `Date`, or a text in ISO 8601 that says its offset from UTC; comes out in milliseconds since the epoch. */
export const moment: Field<number> = (value) => {
  const ms =
    value instanceof Date
      ? value.getTime()
      : typeof value === "string" && /T.*(?:Z|[+-]\d\d:\d\d)$/.test(value)
        ? Date.parse(value)
        : NaN;
  return isTime(ms) ? { value: ms } : wrong("must be a Date or a time in ISO 8601");
};

/** Absent, `undefined` and `null` come out as `undefined`. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return (value) => (value === undefined || value === null ? { value: undefined } : field(value));
}

/** As `optional`, and a value that the field does not take is as good as absent: for what is nice to have. */
export function lenient<T>(field: Field<T>): Field<T | undefined> {
  return (value) => {
    const result = field(value);
    return result.issues ? { value: undefined } : result;
  };
}

/** One of several texts; any other text becomes `unknown`, with the text beside it. */
export function oneOf<const Known extends string>(
  ...known: readonly Known[]
): Field<Choice<Known>> {
  return (value) => {
    if (typeof value !== "string") return wrong("must be a text");
    const found = known.find((candidate) => candidate === value);
    return { value: { value: found ?? "unknown", raw: value } };
  };
}

/** One text and no other, such as the name of the kind of object. */
export function exactly<const Expected extends string>(expected: Expected): Field<Expected> {
  return (value) => (value === expected ? { value: expected } : wrong(`must be ${expected}`));
}

/** One text, or a list of them; comes out as a list. At most 1000. */
export const textOrTexts: Field<readonly string[]> = (value) => {
  if (typeof value === "string") return { value: [value] };
  if (!Array.isArray(value) || value.length > MOST_ENTRIES) {
    return wrong(`must be a text, or a list of at most ${MOST_ENTRIES} texts`);
  }
  const texts: string[] = [];
  for (let index = 0; index < value.length; index += 1) {
    const item: unknown = value[index];
    if (typeof item !== "string") return wrong("must be a text", [index]);
    texts.push(item);
  }
  return { value: texts };
};

/** Texts by name, such as metadata. At most 1000. A name such as `__proto__` is a name like any other. */
export const textsByName: Field<Readonly<Record<string, string>>> = (value) => {
  if (!isObject(value)) return wrong("must be an object of texts");
  const names = Object.keys(value);
  if (names.length > MOST_ENTRIES) return wrong(`must not have more than ${MOST_ENTRIES} entries`);
  const entries: [string, string][] = [];
  for (const name of names) {
    const result = readProperty(value, name, text);
    if (result.issues) return wrong("must be a text", [name]);
    entries.push([name, result.value]);
  }
  // Unlike an assignment, `fromEntries` makes `__proto__` an own property.
  return { value: Object.fromEntries(entries) };
};

const MOST_ENTRIES = 1000;
const MOST_TIME = 8.64e15;

function property<T>(name: string, field: Field<T>): Field<T> {
  return (value) =>
    isObject(value) ? readProperty(value, name, field) : wrong("must be an object");
}

/** Own properties only, and whatever a getter or a proxy does is an issue of that property. */
function readProperty<T>(
  value: Readonly<Record<string, unknown>>,
  name: string,
  field: Field<T>,
): StandardSchemaV1.Result<T> {
  try {
    return field(Object.hasOwn(value, name) ? value[name] : undefined);
  } catch {
    return wrong("could not be read");
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTime(ms: number): boolean {
  return Number.isFinite(ms) && Math.abs(ms) <= MOST_TIME;
}

function wrong(message: string, path?: readonly PropertyKey[]): StandardSchemaV1.FailureResult {
  return { issues: [path ? { message, path } : { message }] };
}
