import { describe, expect, it } from "vitest";
import type { Field } from "../../src/mapping/index.ts";
import {
  count,
  exactly,
  flag,
  idOrObject,
  lenient,
  moment,
  object,
  optional,
  text,
  textOrTexts,
  textsByName,
  unixSeconds,
} from "../../src/mapping/index.ts";

function values(field: Field<unknown>, inputs: readonly unknown[]): readonly unknown[] {
  return inputs.map((input) => {
    const result = field(input);
    return result.issues ? "refused" : result.value;
  });
}

describe("the fields", () => {
  it("count takes whole numbers that are exact, and digits", () => {
    expect(
      values(count, [
        0,
        7,
        "142863",
        2 ** 53 - 1,
        2 ** 53,
        -1,
        1.5,
        NaN,
        Infinity,
        "1e3",
        "",
        "-1",
        " 1",
        1n,
      ]),
    ).toEqual([0, 7, 142_863, 2 ** 53 - 1, ...Array<string>(10).fill("refused")]);
    expect(values(count, ["9007199254740993"])).toEqual(["refused"]);
  });

  it("times come out in milliseconds", () => {
    expect(values(unixSeconds, [1_700_000_000, 1.5, "1700000000", NaN, 1e300])).toEqual([
      1_700_000_000_000,
      1500,
      "refused",
      "refused",
      "refused",
    ]);
    expect(
      values(moment, [
        new Date(5),
        "2026-01-12T17:50:30.000Z",
        "2026-01-12T18:50:30+01:00",
        new Date(NaN),
        "2026-01-12",
        "2026-01-12T17:50:30",
        "Tuesday",
        5,
      ]),
    ).toEqual([5, 1_768_240_230_000, 1_768_240_230_000, ...Array<string>(5).fill("refused")]);
  });

  it("an id may be expanded", () => {
    expect(values(idOrObject, ["x", { id: "y", more: 1 }, { id: 1 }, {}, [], "", 5])).toEqual([
      "x",
      "y",
      ...Array<string>(5).fill("refused"),
    ]);
  });

  it("the small ones do what their names say", () => {
    expect(values(flag, [true, false, 0, "true"])).toEqual([true, false, "refused", "refused"]);
    expect(values(exactly("charge"), ["charge", "refund"])).toEqual(["charge", "refused"]);
    expect(values(optional(text), [undefined, null, "", 1])).toEqual([
      undefined,
      undefined,
      "",
      "refused",
    ]);
    expect(values(lenient(text), [undefined, null, "a", 1])).toEqual([
      undefined,
      undefined,
      "a",
      undefined,
    ]);
    expect(
      values(textOrTexts, ["a", ["a", "b"], ["a", 1], { 0: "a" }, Array(1001).fill("a")]),
    ).toEqual([["a"], ["a", "b"], ...Array<string>(3).fill("refused")]);
    expect(values(textsByName, [{ a: "b" }, { a: 1 }, [], null])).toEqual([
      { a: "b" },
      ...Array<string>(3).fill("refused"),
    ]);
    const many = Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [`k${n}`, "v"]));
    expect(values(textsByName, [many])).toEqual(["refused"]);
  });

  it("an object within an object reports the whole path", () => {
    const nested = object({ outer: object({ inner: object({ name: text }).read }).read });
    expect(nested.read({ outer: { inner: { name: 1 } } })).toMatchObject({
      issues: [{ path: ["outer", "inner", "name"] }],
    });
  });
});
