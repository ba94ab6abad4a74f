import { WebhookError } from "../errors.ts";

/** A condition on one value of the payload. */
export interface FilterCondition {
  readonly $eq?: unknown;
  readonly $ne?: unknown;
  readonly $in?: readonly unknown[];
  readonly $gt?: number | string;
  readonly $gte?: number | string;
  readonly $lt?: number | string;
  readonly $lte?: number | string;
  readonly $exists?: boolean;
}

/**
 * Which payloads a subscription wants: values or conditions by path (`"customer.country"`), all of which must hold,
 * and `$and`, `$or`, `$not` over further filters. No regular expressions: a subscriber's filter must not cost time.
 */
export type EventFilter = {
  readonly $and?: readonly EventFilter[];
  readonly $or?: readonly EventFilter[];
  readonly $not?: EventFilter;
} & { readonly [path: string]: unknown };

type Test = (payload: unknown) => boolean;

const MAX_CONDITIONS = 100;
const SCALARS = new Set(["string", "number", "boolean"]);

/**
 * Checks a filter and makes it a function.
 * @throws WebhookError INVALID_OPTION for an unknown operator or a value of the wrong kind
 */
export function compileFilter(filter: unknown): Test {
  return compile(filter, { left: MAX_CONDITIONS });
}

function invalid(message: string): WebhookError {
  return new WebhookError("INVALID_OPTION", `filter: ${message}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function compile(filter: unknown, budget: { left: number }): Test {
  if (!isRecord(filter)) throw invalid("must be an object of paths and conditions");
  const tests = Object.entries(filter).map(([key, value]): Test => {
    budget.left -= 1;
    if (budget.left < 0) throw invalid(`holds more than ${MAX_CONDITIONS} conditions`);
    if (key === "$not") {
      const test = compile(value, budget);
      return (payload) => !test(payload);
    }
    if (key === "$and" || key === "$or") {
      if (!Array.isArray(value)) throw invalid(`${key} takes a list of filters`);
      const parts = value.map((part) => compile(part, budget));
      return key === "$and"
        ? (payload) => parts.every((test) => test(payload))
        : (payload) => parts.some((test) => test(payload));
    }
    if (key.startsWith("$")) throw invalid(`unknown operator ${JSON.stringify(key)}`);
    const path = key.split(".");
    const test = compileCondition(key, value);
    return (payload) => test(valueAt(payload, path));
  });
  return (payload) => tests.every((test) => test(payload));
}

function compileCondition(path: string, condition: unknown): Test {
  if (!isRecord(condition)) return equals(path, condition);
  const tests = Object.entries(condition).map(([operator, operand]) =>
    compileOperator(path, operator, operand),
  );
  if (tests.length === 0) throw invalid(`the condition on ${JSON.stringify(path)} is empty`);
  return (value) => tests.every((test) => test(value));
}

function compileOperator(path: string, operator: string, operand: unknown): Test {
  switch (operator) {
    case "$eq":
      return equals(path, operand);
    case "$ne": {
      const test = equals(path, operand);
      return (value) => !test(value);
    }
    case "$in": {
      if (!Array.isArray(operand)) throw invalid(`$in on ${JSON.stringify(path)} takes a list`);
      const tests = operand.map((item) => equals(path, item));
      return (value) => tests.some((test) => test(value));
    }
    case "$exists":
      if (typeof operand !== "boolean") {
        throw invalid(`$exists on ${JSON.stringify(path)} takes true or false`);
      }
      return (value) => (value !== undefined) === operand;
    case "$gt":
      return compares(path, operator, operand, (order) => order > 0);
    case "$gte":
      return compares(path, operator, operand, (order) => order >= 0);
    case "$lt":
      return compares(path, operator, operand, (order) => order < 0);
    case "$lte":
      return compares(path, operator, operand, (order) => order <= 0);
    default:
      throw invalid(`unknown operator ${JSON.stringify(operator)} on ${JSON.stringify(path)}`);
  }
}

function equals(path: string, expected: unknown): Test {
  if (expected !== null && !SCALARS.has(typeof expected)) {
    throw invalid(
      `${JSON.stringify(path)} can be compared with a string, a number, true, false or null`,
    );
  }
  // A list matches if one of its items does, as subscribers expect of tags.
  return (value) =>
    value === expected || (Array.isArray(value) && value.some((item) => item === expected));
}

function compares(
  path: string,
  operator: string,
  operand: unknown,
  test: (order: number) => boolean,
): Test {
  if (typeof operand !== "number" && typeof operand !== "string") {
    throw invalid(`${operator} on ${JSON.stringify(path)} takes a number or a string`);
  }
  return (value) => {
    // Only like with like: "10" is not less than 9.
    if (typeof value === "number" && typeof operand === "number") return test(value - operand);
    if (typeof value === "string" && typeof operand === "string") {
      return test(value < operand ? -1 : value > operand ? 1 : 0);
    }
    return false;
  };
}

function valueAt(payload: unknown, path: readonly string[]): unknown {
  let value = payload;
  for (const key of path) {
    if (!isRecord(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}
