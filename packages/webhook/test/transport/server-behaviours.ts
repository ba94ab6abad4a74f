import { ILLEGAL } from "./illegal-responses.ts";

/** What a server may do with one request: thousands of ways, most of them legal, generated from a few lists. */

export interface Behaviour {
  /** What kind it is, then which one; for tables and messages. */
  readonly name: string;
  /** Written one after another, each after the one before had a chance to be read. Latin-1. */
  readonly pieces: readonly string[];
  readonly afterwards: "keep-open" | "end";
}

const one = (name: string, bytes: string, afterwards: Behaviour["afterwards"]): Behaviour => ({
  name,
  pieces: [bytes],
  afterwards,
});

/** Numbers that are the same in every run. Source: https://en.wikipedia.org/wiki/Linear_congruential_generator */
export function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return Math.floor(((state >>> 8) / 2 ** 24) * below);
  };
}

const STATUSES = [200, 202, 204, 205, 304, 400, 404, 410, 429, 503, 999];
const VERSIONS = ["1.1", "1.0"];
const CONNECTIONS = [
  "",
  "Connection: keep-alive\r\n",
  "Connection: close\r\n",
  "connection: CLOSE\r\n",
  "Connection: Keep-Alive\r\nKeep-Alive: timeout=5, max=100\r\n",
  "Connection: foo, close\r\n",
];

interface BodyForm {
  readonly name: string;
  readonly fields: string;
  readonly body: string;
  readonly needsEnd?: boolean;
}

const chunked = (
  name: string,
  body: string,
  field = "Transfer-Encoding: chunked\r\n",
): BodyForm => ({
  name: `chunked ${name}`,
  fields: field,
  body,
});

const BODIES: readonly BodyForm[] = [
  { name: "length 0", fields: "Content-Length: 0\r\n", body: "" },
  { name: "length 11", fields: "Content-Length: 11\r\n", body: "hello world" },
  { name: "length 013", fields: "content-length:   013  \r\n", body: "hello\r\nworld!" },
  { name: "length of a long body", fields: "Content-Length: 3000\r\n", body: "a".repeat(3000) },
  { name: "until close", fields: "", body: "to the end", needsEnd: true },
  { name: "until close, empty", fields: "", body: "", needsEnd: true },
  chunked("empty", "0\r\n\r\n"),
  chunked("in one", "5\r\nhello\r\n0\r\n\r\n"),
  chunked("in many", "1\r\nh\r\n2\r\nel\r\n2\r\nlo\r\n0\r\n\r\n"),
  chunked("in capitals", "A\r\n0123456789\r\n00\r\n\r\n", "TRANSFER-ENCODING: Chunked\r\n"),
  chunked("with leading zeros", "0005\r\nhello\r\n000\r\n\r\n"),
  chunked("with an extension", "5;a=b\r\nhello\r\n0\r\n\r\n"),
  chunked("with a quoted extension", '5;a="b c\\"d"\r\nhello\r\n0;last\r\n\r\n'),
  chunked("with trailers", "5\r\nhello\r\n0\r\nX-Sum: 1\r\nx-other:\r\n\r\n"),
];

const hasNoBody = (status: number): boolean => status === 204 || status === 304;

function* everyForm(): Generator<Behaviour> {
  for (const status of STATUSES) {
    for (const version of VERSIONS) {
      for (const connection of CONNECTIONS) {
        for (const form of BODIES) {
          // What has no body is not given one here: see `illegal`.
          if (hasNoBody(status) && form.body !== "") continue;
          const isEnded = (form.needsEnd && !hasNoBody(status)) || /close/i.test(connection);
          yield one(
            `legal: ${status}, HTTP/${version}, ${JSON.stringify(connection)}, ${form.name}`,
            `HTTP/${version} ${status} OK\r\n${connection}${form.fields}\r\n${form.body}`,
            isEnded ? "end" : "keep-open",
          );
        }
      }
    }
  }
}

const TCHARS = "!#$%&'*+-.^_`|~09azAZ";

const ODD_HEADS: Readonly<Record<string, string>> = {
  "no reason": "HTTP/1.1 200 \r\n",
  "no reason and no space": "HTTP/1.1 200\r\n",
  "a long reason": `HTTP/1.1 200 ${"very ".repeat(200)}fine\r\n`,
  "a reason in Latin-1": "HTTP/1.1 200 \xdcber\ttab\r\n",
  "an empty value": "HTTP/1.1 200 OK\r\nx-empty:\r\nx-blank:  \t \r\n",
  "blanks around a value": "HTTP/1.1 200 OK\r\nx-a: \t b c \t\r\nx-b:d\r\n",
  "every character of a name": `HTTP/1.1 200 OK\r\n${TCHARS}: v\r\n`,
  "a value in Latin-1": "HTTP/1.1 200 OK\r\nx-a: \x80\xff \xe9\r\n",
  "a value with a tab": "HTTP/1.1 200 OK\r\nx-a: b\tc\r\n",
  "a value with every visible character":
    "HTTP/1.1 200 OK\r\nx-a: !\"#$%&'()*+,-./0123456789:;<=>?@AZ[\\]^_`az{|}~\r\n",
  "repeated fields":
    "HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n",
  "names that objects know":
    "HTTP/1.1 200 OK\r\nconstructor: 1\r\n__proto__: 2\r\ntoString: 3\r\nhasownproperty: 4\r\n",
  "a hundred fields": `HTTP/1.1 200 OK\r\n${Array.from({ length: 100 }, (_each, index) => `x-${index}: ${index}\r\n`).join("")}`,
  "a long value": `HTTP/1.1 200 OK\r\nx-a: ${"b".repeat(15_000)}\r\n`,
  "a long name": `HTTP/1.1 200 OK\r\n${"x".repeat(3_000)}: b\r\n`,
  "an upgrade on offer": "HTTP/1.1 200 OK\r\nUpgrade: h2c\r\n",
  "an upgrade required": "HTTP/1.1 426 Upgrade\r\nUpgrade: TLS/1.3\r\nConnection: Upgrade\r\n",
  "retry-after": "HTTP/1.1 503 Busy\r\nRetry-After: 120\r\n",
  "a compressed body's name": "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n",
  "proxy's fields": "HTTP/1.1 200 OK\r\nVia: 1.1 x\r\nProxy-Connection: close\r\n",
};

const INFORMATIONAL: Readonly<Record<string, string>> = {
  "a 100": "HTTP/1.1 100 Continue\r\n\r\n",
  "a 100 without a reason": "HTTP/1.1 100\r\n\r\n",
  "a 102 and a 103":
    "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n",
  "a 199 with fields": "HTTP/1.1 199 Odd\r\nx-a: 1\r\nx-b: 2\r\n\r\n",
  "eight times 100": "HTTP/1.1 100 Continue\r\n\r\n".repeat(8),
};

const FINAL = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

function* oddForms(): Generator<Behaviour> {
  for (const [name, head] of Object.entries(ODD_HEADS)) {
    for (const form of BODIES) {
      yield one(
        `odd: ${name}, ${form.name}`,
        `${head}${form.fields}\r\n${form.body}`,
        form.needsEnd ? "end" : "keep-open",
      );
    }
  }
  for (const [name, before] of Object.entries(INFORMATIONAL)) {
    yield one(`odd: ${name}`, before + FINAL, "keep-open");
    yield { name: `odd: ${name}, apart`, pieces: [before, FINAL], afterwards: "keep-open" };
  }
}

/** Short responses in which every byte matters. */
export const SHORT_RESPONSES: readonly string[] = [
  "HTTP/1.1 204 No Content\r\n\r\n",
  "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\nX-A:  b \r\n\r\nhello",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n3\r\nyou\r\n0\r\nX-T: 1\r\n\r\n",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 Oh\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno",
  "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nyes",
];

function* splits(): Generator<Behaviour> {
  for (const [index, bytes] of SHORT_RESPONSES.entries()) {
    for (let at = 1; at < bytes.length; at += 1) {
      const pieces = [bytes.slice(0, at), bytes.slice(at)];
      yield { name: `split: response ${index} at ${at}`, pieces, afterwards: "keep-open" };
    }
  }
}

function* earlyEnds(): Generator<Behaviour> {
  for (const [index, bytes] of SHORT_RESPONSES.entries()) {
    for (let at = 0; at < bytes.length; at += 1) {
      yield one(`early end: response ${index} at ${at}`, bytes.slice(0, at), "end");
    }
  }
}

function* illegalForms(): Generator<Behaviour> {
  for (const [name, bytes] of Object.entries(ILLEGAL)) yield one(`illegal: ${name}`, bytes, "end");
}

const NOISE = [
  "\0",
  "\t",
  "\n",
  "\r",
  " ",
  ":",
  ",",
  ";",
  "0",
  "9",
  "f",
  "g",
  "\x7f",
  "\xff",
  "\r\n",
];

/** One byte changed, left out or put in. */
export function mutated(bytes: string, random: (below: number) => number): string {
  const at = random(bytes.length);
  const noise = NOISE[random(NOISE.length)] ?? "";
  const kept = random(3) === 0 ? at : at + 1;
  return bytes.slice(0, at) + (random(4) === 0 ? "" : noise) + bytes.slice(kept);
}

function* mutations(count: number): Generator<Behaviour> {
  const random = createRandom(20_260_101);
  for (let index = 0; index < count; index += 1) {
    const source = SHORT_RESPONSES[random(SHORT_RESPONSES.length)] ?? "";
    yield one(`mutated: number ${index}`, mutated(source, random), "end");
  }
}

/** All of them, in the same order in every run. */
export function allBehaviours(): readonly Behaviour[] {
  return [
    ...everyForm(),
    ...oddForms(),
    ...splits(),
    ...earlyEnds(),
    ...illegalForms(),
    ...mutations(1_000),
  ];
}
