import type { StandardSchemaV1 } from "@standard-schema/spec";
import { configError } from "../client/errors.ts";

/** One thing that was wrong with an input. */
export interface MappingIssue {
  /** What was expected. Our own schemas never put the value itself into it; another library's schema may. */
  readonly message: string;
  /** Where, from the outside in; empty for the input as a whole. */
  readonly path: readonly PropertyKey[];
}

/** Why there is no result. */
export interface MappingError {
  /**
   * `VALIDATION_ERROR`: the input is not what the schema asks for. `TRANSFORM_FAILED`: the input was right, but the
   * transform threw.
   */
  readonly code: "VALIDATION_ERROR" | "TRANSFORM_FAILED";
  /** Names the places that were wrong, without their values. */
  readonly message: string;
  readonly issues: readonly MappingIssue[];
  /** What a schema or a transform threw. */
  readonly cause?: unknown;
}

/** What a mapper answers. */
export type MappingResult<T> =
  | { readonly success: true; readonly data: T }
  | { readonly success: false; readonly error: MappingError };

/** Turns somebody else's object into one of ours. Never throws. */
export type Mapper<T, Extra extends readonly unknown[] = []> = (
  input: unknown,
  ...extra: Extra
) => MappingResult<T>;

const MOST_NAMED = 5;

/**
 * Makes a mapper from a schema of the fields that are read and a pure function from those fields to a value of our own.
 *
 * The schema is any Standard Schema that validates synchronously (zod, valibot, arktype, or `object` of this package).
 * @param transform gets what the schema put out, and what the caller of the mapper hands in beside the input
 * @throws CONFIG_ERROR where the schema is no Standard Schema, or the transform is no function
 * @see https://standardschema.dev
 */
export function createMapper<
  Schema extends StandardSchemaV1,
  T,
  Extra extends readonly unknown[] = [],
>(
  schema: Schema,
  transform: (fields: StandardSchemaV1.InferOutput<Schema>, ...extra: Extra) => T,
): Mapper<T, Extra> {
  if (typeof schema?.["~standard"]?.validate !== "function") {
    throw configError(
      "createMapper: the schema is no Standard Schema: hand in one of zod, valibot, arktype or `object`",
    );
  }
  if (typeof transform !== "function") {
    throw configError("createMapper: the transform is not a function");
  }
  return (input, ...extra) => {
    const validated = validate(schema, input);
    if (!validated.success) return validated;
    try {
      return { success: true, data: transform(validated.data, ...extra) };
    } catch (cause) {
      const message = "The transform failed on a valid input: the error is in `cause`";
      return { success: false, error: { code: "TRANSFORM_FAILED", message, issues: [], cause } };
    }
  };
}

function validate<Schema extends StandardSchemaV1>(
  schema: Schema,
  input: unknown,
): MappingResult<StandardSchemaV1.InferOutput<Schema>> {
  try {
    const result = schema["~standard"].validate(input);
    if (result instanceof Promise) {
      // Nobody waits for it, so nobody else would catch it.
      result.catch(() => {});
      return invalid([
        {
          message: "the schema validates asynchronously: a mapper needs one that does not",
          path: [],
        },
      ]);
    }
    if (!result.issues) {
      // What a schema puts out is of its output type; the specification says so, the type of `validate` does not.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return { success: true, data: result.value as StandardSchemaV1.InferOutput<Schema> };
    }
    return invalid(
      result.issues.map(({ message, path = [] }) => ({ message, path: path.map(keyOf) })),
    );
  } catch (cause) {
    // A schema that runs into a getter or a proxy that throws.
    return invalid([{ message: "could not be read", path: [] }], cause);
  }
}

function keyOf(segment: PropertyKey | StandardSchemaV1.PathSegment): PropertyKey {
  return typeof segment === "object" ? segment.key : segment;
}

function invalid(
  issues: readonly MappingIssue[],
  cause?: unknown,
): { readonly success: false; readonly error: MappingError } {
  const named = issues.slice(0, MOST_NAMED).map(({ path, message }) => {
    const place = path.length === 0 ? "the input" : path.map(String).join(".");
    return `${place}: ${message}`;
  });
  const rest = issues.length - named.length;
  const message = `The input does not fit: ${named.join("; ")}${rest > 0 ? `; and ${rest} more` : ""}`;
  return {
    success: false,
    error: {
      code: "VALIDATION_ERROR",
      message,
      issues,
      ...(cause !== undefined && { cause }),
    },
  };
}
