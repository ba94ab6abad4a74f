import { describe, expect, test } from "vitest";
import { createRequestWriter, requestStart } from "../../src/transport/request-bytes.ts";

const start = requestStart("/hook?x=1", "hook.example.test:8080");
const body = new TextEncoder().encode("{}");

function written(headers: Record<string, string>, given: Uint8Array = body): string {
  return new TextDecoder("latin1").decode(createRequestWriter().bytes(start, headers, given));
}

const HEAD =
  "POST /hook?x=1 HTTP/1.1\r\nhost: hook.example.test:8080\r\naccept-encoding: identity\r\n";

describe("a request", () => {
  test("is its head, with the length of the body, and the body", () => {
    expect(written({ "X-Signature": "sha256=00", "content-type": "application/json" })).toBe(
      `${HEAD}X-Signature: sha256=00\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`,
    );
  });

  test("says its length even where there is no body", () => {
    expect(written({}, new Uint8Array(0))).toBe(`${HEAD}content-length: 0\r\n\r\n`);
  });

  test("carries any bytes as its body", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_each, index) => index);
    const whole = createRequestWriter().bytes(start, {}, bytes);
    expect([...whole.subarray(-256)]).toEqual([...bytes]);
  });

  test("may be of any length", () => {
    const value = "v".repeat(100_000);
    const long = "b".repeat(300_000);
    expect(written({ a: value, b: "c" }, new TextEncoder().encode(long))).toBe(
      `${HEAD}a: ${value}\r\nb: c\r\ncontent-length: 300000\r\n\r\n${long}`,
    );
    const longStart = requestStart(`/${"p".repeat(50_000)}`, "h");
    const whole = createRequestWriter().bytes(longStart, {}, body);
    expect(whole.length).toBe(longStart.length + "content-length: 2\r\n\r\n{}".length);
  });

  test("does not show in the next one, which has the same memory", () => {
    const writer = createRequestWriter();
    const first = writer.bytes(start, { a: "1".repeat(500) }, body);
    const copy = first.slice();
    const second = writer.bytes(start, { b: "2" }, body);
    expect(first).toEqual(copy);
    expect(new TextDecoder().decode(second)).toBe(`${HEAD}b: 2\r\ncontent-length: 2\r\n\r\n{}`);
  });
});

describe("headers", () => {
  test.each([
    "Host",
    "content-length",
    "Transfer-Encoding",
    "CONNECTION",
    "keep-alive",
    "Proxy-Connection",
    "te",
    "trailer",
    "upgrade",
    "Expect",
    "accept-encoding",
  ])("%s is the transport's own", (name) => {
    expect(written({ [name]: "x", a: "b" })).toBe(`${HEAD}a: b\r\ncontent-length: 2\r\n\r\n{}`);
  });

  test.each(["", " ", "a b", "a:", "a\r\nb", "a\0", "ä", "a\n", "(a)", "a/b", "a\u010a"])(
    "a name %j is refused",
    (name) => {
      expect(() => written({ [name]: "x" })).toThrow(
        expect.objectContaining({ code: "INVALID_HEADER" }),
      );
    },
  );

  // U+010D and U+010A are CR and LF to whoever takes only their lower eight bits.
  test.each([
    "a\r\nb: c",
    "a\nb",
    "a\rb",
    "a\0b",
    "a\x7f",
    "a\x01",
    "€",
    "a\u010d\u010ab",
    "\ud800",
  ])("a value %j is refused, and not repeated", (value) => {
    let message = "";
    expect(() => {
      try {
        written({ "x-token": `secret${value}` });
      } catch (error) {
        message = (error as Error).message;
        throw error;
      }
    }).toThrow(expect.objectContaining({ code: "INVALID_HEADER" }));
    expect(message).toContain("x-token");
    expect(message).not.toContain("secret");
  });

  test("a value may be empty, and hold tabs, blanks and Latin-1", () => {
    expect(written({ a: "", b: "\tx y", c: "é\xff" })).toContain(
      "\r\na: \r\nb: \tx y\r\nc: é\xff\r\n",
    );
  });

  test("a value that is no text is refused, whatever the types say", () => {
    for (const value of [1, undefined, null, ["a"], { toString: () => "a\r\nb" }]) {
      expect(() => written({ a: value as unknown as string })).toThrow(
        expect.objectContaining({ code: "INVALID_HEADER" }),
      );
    }
  });

  test("only the object's own count", () => {
    const headers = Object.create({ inherited: "x" }) as Record<string, string>;
    headers["own"] = "y";
    expect(written(headers)).toBe(`${HEAD}own: y\r\ncontent-length: 2\r\n\r\n{}`);
  });

  test("thousands of names are no more than a few are", () => {
    const writer = createRequestWriter();
    for (let index = 0; index < 3_000; index += 1) {
      const whole = writer.bytes(start, { [`x-${index}`]: "v", Host: "other" }, body);
      expect(new TextDecoder().decode(whole)).toBe(
        `${HEAD}x-${index}: v\r\ncontent-length: 2\r\n\r\n{}`,
      );
    }
  });
});
