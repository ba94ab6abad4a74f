import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  createMapper,
  id,
  object,
  oneOf,
  optional,
  text,
  textsByName,
} from "../../src/mapping/index.ts";

const user = object({ id, name: optional(text), plan: oneOf("free", "paid") });
const toUser = createMapper(user, ({ id: userId, name, plan }) => ({
  userId,
  name: name ?? "anonymous",
  plan: plan.value,
  rawPlan: plan.raw,
}));

function throwing(): never {
  throw new Error("trap");
}

describe("a mapper", () => {
  it("maps what fits and ignores fields that nobody reads", () => {
    expect(toUser({ id: "u1", name: null, plan: "paid", shoeSize: 42 })).toEqual({
      success: true,
      data: { userId: "u1", name: "anonymous", plan: "paid", rawPlan: "paid" },
    });
  });

  it("turns an enumeration value that it does not know into unknown and keeps what was said", () => {
    expect(toUser({ id: "u1", plan: "platinum" })).toMatchObject({
      success: true,
      data: { plan: "unknown", rawPlan: "platinum" },
    });
    expect(toUser({ id: "u1", plan: "__proto__" })).toMatchObject({
      data: { plan: "unknown", rawPlan: "__proto__" },
    });
  });

  it("names every place that is wrong, but no value", () => {
    const result = toUser({ id: "", name: 77_777, plan: ["secret"] });
    expect(result).toMatchObject({
      success: false,
      error: {
        code: "VALIDATION_ERROR",
        issues: [{ path: ["id"] }, { path: ["name"] }, { path: ["plan"] }],
      },
    });
    expect(JSON.stringify(result)).not.toMatch(/77|secret/);
  });

  it("does not change its input and gives equal results for equal inputs", () => {
    const input = Object.freeze({ id: "u1", plan: "free" });
    expect(toUser(input)).toEqual(toUser(input));
    expect(input).toEqual({ id: "u1", plan: "free" });
  });

  it("hands extra arguments to the transform", () => {
    const withTenant = createMapper(user, (from, tenant: string) => `${tenant}/${from.id}`);
    expect(withTenant({ id: "u1", plan: "free" }, "acme")).toEqual({
      success: true,
      data: "acme/u1",
    });
  });

  it("takes any Standard Schema, such as one of zod", () => {
    const mapper = createMapper(
      z.object({ total: z.number().int(), lines: z.array(z.object({ sku: z.string() })) }),
      ({ total, lines }) => ({ total, skus: lines.map(({ sku }) => sku) }),
    );
    expect(mapper({ total: 3, lines: [{ sku: "a", extra: 1 }] })).toEqual({
      success: true,
      data: { total: 3, skus: ["a"] },
    });
    const failed = mapper({ total: 3, lines: [{ sku: 1 }] });
    expect(failed).toMatchObject({
      success: false,
      error: { code: "VALIDATION_ERROR", issues: [{ path: ["lines", 0, "sku"] }] },
    });
  });

  it("answers a schema that validates asynchronously with an issue", () => {
    const refused = {
      success: false,
      error: { issues: [{ message: expect.stringContaining("asynchronously") }] },
    };
    const slow = z.string().refine(async () => true);
    expect(createMapper(slow, (value) => value)("x")).toMatchObject(refused);
    const failing = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: () => Promise.reject(new Error("nobody else would catch this")),
      },
    };
    expect(createMapper(failing, () => 1)("x")).toMatchObject(refused);
  });

  it("takes a path of segments as well as one of keys", () => {
    const schema = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: () => ({ issues: [{ message: "bad", path: [{ key: "a" }, "b"] }] }),
      },
    };
    expect(createMapper(schema, () => 1)({})).toMatchObject({
      error: { issues: [{ path: ["a", "b"] }], message: expect.stringContaining("a.b: bad") },
    });
  });

  it("names five places and counts the others", () => {
    const many = object({ a: text, b: text, c: text, d: text, e: text, f: text, g: text });
    expect(createMapper(many, () => 1)({})).toMatchObject({
      error: { message: expect.stringMatching(/; and 2 more$/), issues: { length: 7 } },
    });
  });

  it("turns a transform that throws into a failure with the cause", () => {
    const cause = new Error("bug");
    const mapper = createMapper(user, () => {
      throw cause;
    });
    expect(mapper({ id: "u1", plan: "free" })).toMatchObject({
      success: false,
      error: { code: "TRANSFORM_FAILED", cause },
    });
  });

  it("turns a schema that throws into a failure", () => {
    const cause = new Error("boom");
    const schema = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate() {
          throw cause;
        },
      },
    };
    expect(createMapper(schema, () => 1)({})).toMatchObject({
      success: false,
      error: { code: "VALIDATION_ERROR", cause },
    });
  });

  it("refuses what is no schema and no function when it is made", () => {
    // @ts-expect-error -- not a schema
    expect(() => createMapper({}, () => 1)).toThrow(/Standard Schema/);
    // @ts-expect-error -- not a schema
    expect(() => createMapper(undefined, () => 1)).toThrow(/Standard Schema/);
    // @ts-expect-error -- not a function
    expect(() => createMapper(user, "name")).toThrow(/not a function/);
  });
});

describe("hostile input", () => {
  const cyclic: Record<string, unknown> = { id: "u1", plan: "free" };
  cyclic["self"] = cyclic;
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();

  it.each<[string, unknown]>([
    ["null", null],
    ["undefined", undefined],
    ["a number", 1],
    ["a text", "text"],
    ["a function", () => ({ id: "u1" })],
    ["a symbol", Symbol("s")],
    ["a bigint", 1n],
    ["a list", [{ id: "u1", plan: "free" }]],
    ["an empty object", {}],
    [
      "an object whose getter throws",
      Object.defineProperty({ plan: "free" }, "id", { get: throwing }),
    ],
    [
      "a proxy whose every trap throws",
      new Proxy(
        {},
        { get: throwing, has: throwing, ownKeys: throwing, getOwnPropertyDescriptor: throwing },
      ),
    ],
    ["a revoked proxy", revoked.proxy],
    ["fields that are inherited", Object.create({ id: "u1", plan: "free" })],
    ["fields below __proto__", JSON.parse('{"__proto__":{"id":"u1","plan":"free"}}')],
    ["an object for a text", { id: { toString: throwing }, plan: "free" }],
  ])("%s is refused without a throw", (_name, input) => {
    expect(toUser(input)).toMatchObject({ success: false, error: { code: "VALIDATION_ERROR" } });
  });

  it("names the field whose getter throws, and reads the others", () => {
    const input = Object.defineProperty({ plan: 5 }, "id", { get: throwing });
    expect(toUser(input)).toMatchObject({
      error: { issues: [{ path: ["id"], message: "could not be read" }, { path: ["plan"] }] },
    });
  });

  it("does not walk a cycle", () => {
    expect(toUser(cyclic)).toMatchObject({ success: true });
  });

  it("takes an object without a prototype", () => {
    expect(toUser(Object.assign(Object.create(null), { id: "u1", plan: "free" }))).toMatchObject({
      success: true,
    });
  });

  it("reads each field once, so that a getter cannot answer twice", () => {
    let reads = 0;
    const input = Object.defineProperty({ plan: "free" }, "id", {
      get: () => (reads++ === 0 ? "u1" : { evil: true }),
    });
    expect(toUser(input)).toMatchObject({ success: true, data: { userId: "u1" } });
    expect(reads).toBe(1);
  });

  it("keeps a key __proto__ of metadata as a plain entry and pollutes nothing", () => {
    const result = textsByName(JSON.parse('{"__proto__":"x","constructor":"y"}'));
    const value = result.issues ? {} : result.value;
    expect(Object.keys(value)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });
});
