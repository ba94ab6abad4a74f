import { describe, expect, it } from "vitest";
import { queryValue } from "../../src/index.ts";

describe("queryValue", () => {
  it.each([
    ["a URL", { url: "https://receiver.example/hook?a=1%2B1&b=2&a=3#?a=4" }],
    ["a path", { url: "/hook?a=1%2B1" }],
    ["parameters", { query: new URLSearchParams("a=1%2B1&a=2") }],
    ["a record", { query: { a: "1+1" } }],
    ["a record of lists", { query: { a: ["1+1", "2"] } }],
    ["a record rather than the URL", { url: "/?a=other", query: { a: "1+1" } }],
  ])("reads the first value from %s", (_name, context) => {
    expect(queryValue(context, "a")).toBe("1+1");
    expect(queryValue(context, "c")).toBeUndefined();
  });

  it("finds nothing where there is no query, and no inherited names", () => {
    for (const context of [{}, { url: "" }, { url: "/a=1" }, { url: "#?a=1" }, { query: {} }]) {
      expect(queryValue(context, "a")).toBeUndefined();
      expect(queryValue(context, "constructor")).toBeUndefined();
    }
    expect(queryValue({ query: { a: [] } }, "a")).toBeUndefined();
  });
});
