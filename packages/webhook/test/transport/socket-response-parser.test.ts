import { describe, expect, test } from "vitest";
import { createResponseParser } from "../../src/transport/response-parser.ts";
import { createTextTable } from "../../src/transport/text-table.ts";
import { fuzzParser, latin1, parse, told } from "./parse-response.ts";
import { allBehaviours, SHORT_RESPONSES } from "./server-behaviours.ts";

const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

const fields = (count: number): string => "x: y\r\n".repeat(count);
const chunk = (length: number): string => `1;${"a".repeat(length)}\r\nx\r\n`;
const body = (length: number): string =>
  `${OK}Content-Length: ${length}\r\n\r\n${"a".repeat(length)}`;

function parseText(text: string, options: { max?: number; end?: boolean } = {}) {
  return parse([latin1(text)], options);
}

describe("a response in pieces", () => {
  test("is the same response, wherever it is cut in two, and byte by byte", () => {
    const short = allBehaviours()
      .map(({ pieces, afterwards }) => ({ text: pieces.join(""), end: afterwards === "end" }))
      .filter(({ text }) => text.length < 200);
    expect(short.length).toBeGreaterThan(2_000);
    for (const { text, end } of short) {
      const bytes = latin1(text);
      const whole = told(parse([bytes], { end }));
      const singles = Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1));
      expect({ text, told: told(parse(singles, { end })) }).toEqual({ text, told: whole });
    }
    for (const text of SHORT_RESPONSES) {
      const bytes = latin1(text);
      const whole = parse([bytes]);
      expect(whole.state).toBe("complete");
      for (let at = 0; at <= bytes.length; at += 1) {
        expect(parse([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
      }
    }
  }, 30_000);

  test("is complete with its last byte, and not before", () => {
    for (const text of SHORT_RESPONSES) {
      expect(parseText(text).state).toBe("complete");
      expect(["head", "body"]).toContain(parseText(text.slice(0, -1)).state);
    }
  });

  test("does not stay in the memory that it came in", () => {
    const text = `${OK}x-request-id: abc\r\nContent-Length: 5\r\n\r\nhello`;
    const bytes = latin1(text);
    const parser = createResponseParser(createTextTable());
    parser.begin(100);
    parser.push(bytes, bytes.length);
    bytes.fill(0x2a);
    expect(parser.head().headers).toEqual({ "x-request-id": "abc", "content-length": "5" });
    expect(new TextDecoder().decode(parser.takeBody())).toBe("hello");
  });
});

describe("fields", () => {
  test("have the text of this response, though that of an earlier one is at hand", () => {
    const parser = createResponseParser(createTextTable());
    for (const [name, value] of [
      ["X-One", "a"],
      ["x-one", "b"],
      ["X-ONE", "ab"],
      ["x-one", "ba"],
      ["x-two", "ab"],
      ["x-one", "x".repeat(100)],
      ["x-one", "y".repeat(100)],
      ["x-one", "\xe9\x80"],
      ["x-one", ""],
    ] as const) {
      const parsed = parse([latin1(`${OK}${name}: ${value}\r\nContent-Length: 0\r\n\r\n`)], {
        parser,
      });
      expect(parsed.headers).toEqual({ [name.toLowerCase()]: value, "content-length": "0" });
    }
  });

  test("are the object's own, whatever their names", () => {
    const { headers = {} } = parseText(
      `${OK}__proto__: a\r\n__proto__: b\r\nconstructor: c\r\nContent-Length: 0\r\n\r\n`,
    );
    expect(Object.entries(headers)).toEqual([
      ["__proto__", "a, b"],
      ["constructor", "c"],
      ["content-length", "0"],
    ]);
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
  });
});

describe("bounds", () => {
  test("16 KiB of status line and fields, in one piece or in many", () => {
    const base = `${OK}Content-Length: 0\r\nx: \r\n\r\n`;
    for (const [extra, state] of [
      [0, "complete"],
      [1, "failed"],
    ] as const) {
      const value = "a".repeat(16_384 - base.length + extra);
      const bytes = latin1(base.replace("x: ", `x: ${value}`));
      expect(parse([bytes]).state).toBe(state);
      const pieces = Array.from({ length: Math.ceil(bytes.length / 100) }, (_each, index) =>
        bytes.subarray(index * 100, index * 100 + 100),
      );
      expect(parse(pieces).state).toBe(state);
    }
  });

  test("16 KiB over informational responses too", () => {
    const early = `HTTP/1.1 103 Early Hints\r\nlink: ${"a".repeat(6_000)}\r\n\r\n`;
    const final = `${OK}Content-Length: 0\r\n\r\n`;
    expect(parseText(early.repeat(2) + final).state).toBe("complete");
    expect(parseText(early.repeat(3) + final)).toMatchObject({ code: "HPE_HEADER_OVERFLOW" });
  });

  test("a line without an end is given up at 16 KiB, and no sooner refused than at its end", () => {
    expect(parseText(`${OK}x: ${"a".repeat(16_000)}`).state).toBe("head");
    expect(parseText(`${OK}x: ${"a".repeat(17_000)}`)).toMatchObject({
      code: "HPE_HEADER_OVERFLOW",
    });
  });

  test("128 fields", () => {
    expect(parseText(`${OK}${fields(127)}Content-Length: 0\r\n\r\n`).state).toBe("complete");
    expect(parseText(`${OK}${fields(128)}Content-Length: 0\r\n\r\n`)).toMatchObject({
      code: "HPE_HEADER_OVERFLOW",
    });
  });

  test("16 informational responses", () => {
    const early = "HTTP/1.1 100 Continue\r\n\r\n";
    const final = "HTTP/1.1 204 No Content\r\n\r\n";
    expect(parseText(early.repeat(16) + final).status).toBe(204);
    expect(parseText(early.repeat(17) + final).state).toBe("failed");
  });

  test("4 KiB of chunk extensions, over all chunks", () => {
    expect(parseText(`${CHUNKED}${chunk(1_000).repeat(4)}0\r\n\r\n`).state).toBe("complete");
    expect(parseText(`${CHUNKED}${chunk(1_000).repeat(5)}0\r\n\r\n`)).toMatchObject({
      code: "HPE_CHUNK_EXTENSIONS_OVERFLOW",
    });
  });

  test("13 digits of a chunk's size", () => {
    expect(parseText(`${CHUNKED}${"2".padStart(13, "0")}\r\nab\r\n0\r\n\r\n`).state).toBe(
      "complete",
    );
    expect(parseText(`${CHUNKED}${"f".repeat(13)}\r\nab`).state).toBe("body");
    for (const size of ["2".padStart(14, "0"), "1".padEnd(14, "0"), "0".repeat(100)]) {
      expect(parseText(CHUNKED + size)).toMatchObject({ code: "HPE_INVALID_CHUNK_SIZE" });
    }
  });

  test("16 KiB and 128 fields of trailers", () => {
    expect(parseText(`${CHUNKED}0\r\n${fields(128)}\r\n`).state).toBe("complete");
    for (const trailers of [fields(129), `x: ${"a".repeat(17_000)}\r\n`]) {
      expect(parseText(`${CHUNKED}0\r\n${trailers}\r\n`)).toMatchObject({
        code: "HPE_HEADER_OVERFLOW",
      });
    }
  });

  test.each(["content-length", "Transfer-Encoding"])("no %s among the trailers", (name) => {
    expect(parseText(`${CHUNKED}0\r\n${name}: 3\r\n\r\n`).state).toBe("failed");
    expect(parseText(`${CHUNKED}0\r\nx-${name}: 3\r\n\r\n`).state).toBe("complete");
  });
});

describe("a body that is longer than is kept", () => {
  test("is read on, as long as 64 KiB are not exceeded, for the sake of the connection", () => {
    for (const [length, reusable] of [
      [11, true],
      [10 + 65_536, true],
      [10 + 65_537, false],
    ] as const) {
      expect(parseText(body(length), { max: 10 })).toMatchObject({
        state: "complete",
        truncated: true,
        reusable,
        body: "a".repeat(10),
      });
    }
  });

  test("is told as soon as more has come than is kept", () => {
    const head = `${OK}Content-Length: 20\r\n\r\n`;
    expect(parseText(`${head}${"a".repeat(10)}`, { max: 10 }).state).toBe("body");
    expect(parseText(`${head}${"a".repeat(11)}`, { max: 10 }).state).toBe("surplus");
    expect(parseText(head, { max: 0 }).state).toBe("surplus");
  });

  test("is not read on where its end is that of the connection", () => {
    for (const text of [
      `${OK}\r\n${"a".repeat(11)}`,
      `${OK}Connection: close\r\nContent-Length: 20\r\n\r\n${"a".repeat(11)}`,
    ]) {
      expect(parseText(text, { max: 10 })).toMatchObject({
        state: "complete",
        truncated: true,
        reusable: false,
      });
    }
  });

  test("cannot fail the attempt any more", () => {
    expect(parseText(`${CHUNKED}b\r\n${"a".repeat(11)}\r\nzz`, { max: 10 })).toMatchObject({
      state: "complete",
      truncated: true,
      reusable: false,
    });
    const chunks = `1000\r\n${"a".repeat(4_096)}\r\n`.repeat(20);
    expect(parseText(CHUNKED + chunks, { max: 10 })).toMatchObject({
      state: "complete",
      reusable: false,
    });
  });

  test("is announced, but takes no memory before it comes", () => {
    const parsed = parseText(`${OK}Content-Length: 9007199254740991\r\n\r\nab`, { max: 2 ** 40 });
    expect(parsed).toMatchObject({ state: "body", body: "ab" });
  });
});

describe("a connection may be used again", () => {
  const end = "Content-Length: 0\r\n\r\n";
  test.each([
    [`HTTP/1.1 200 OK\r\n${end}`, true],
    [`HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n${end}`, true],
    [`HTTP/1.1 200 OK\r\nConnection: close\r\n${end}`, false],
    [`HTTP/1.1 200 OK\r\nConnection: Keep-Alive , CLOSE\r\n${end}`, false],
    [`HTTP/1.1 200 OK\r\nConnection: x\r\nConnection: close\r\n${end}`, false],
    [`HTTP/1.0 200 OK\r\n${end}`, false],
    [`HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n${end}`, true],
    [
      "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      false,
    ],
    ["HTTP/1.1 204 No Content\r\n\r\n", true],
    ["HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", true],
  ])("after %j: %s", (text, reusable) => {
    expect(parseText(text)).toMatchObject({ state: "complete", reusable });
  });

  test.each([
    ["timeout=5", 5],
    ["timeout=5, max=100", 5],
    ["max=100, timeout=30", 30],
    ["max=100", -1],
    ["timeout=", -1],
    ["timeout=-1", -1],
    ["timeout=abc", -1],
  ])("for as long as %j says: %d s", (value, seconds) => {
    const parser = createResponseParser(createTextTable());
    const bytes = latin1(`${OK}Keep-Alive: ${value}\r\nContent-Length: 0\r\n\r\n`);
    parser.begin(10);
    parser.push(bytes, bytes.length);
    expect(parser.head().keepAliveSeconds).toBe(seconds);
  });
});

test("what is wrong is said without a byte of what came", () => {
  for (const text of [
    "SECRET\r\n\r\n",
    `${OK}SEC RET: SECRET\r\n\r\n`,
    `${OK}Content-Length: SECRET\r\n\r\n`,
    `${OK}Transfer-Encoding: SECRET\r\n\r\n`,
    `${CHUNKED}SECRET\r\n`,
  ]) {
    const { fault } = parseText(text);
    expect(fault).toMatch(/^The endpoint's response is malformed: /);
    expect(fault).not.toMatch(/SEC/);
  }
});

test("mutated responses throw nothing, grow nothing, and are the same in pieces", () => {
  const outcomes = fuzzParser(60_000, 1);
  expect(outcomes.get("complete")).toBeGreaterThan(10_000);
  for (const code of ["HPE_INVALID_HEADER_TOKEN", "HPE_CR_EXPECTED", "HPE_INVALID_CHUNK_SIZE"]) {
    expect(outcomes.get(code)).toBeGreaterThan(100);
  }
}, 30_000);
