import type { FormField } from "./form.ts";
import { parseForm, utf8Text } from "./form.ts";
import type { HeaderReader } from "./headers.ts";
import type { RawBody, RequestContext, VerifierConfig } from "./provider.ts";
import { queryReader } from "./query.ts";
import { bodyText, parseJson } from "./raw-body.ts";
import { refuse } from "./refusal.ts";
import { stringAt, valueAt } from "./value-at.ts";

/**
 * A request as the functions of a definition see it. Everything is read at its first use. Nothing here throws for what a
 * sender may have put into the request; what may refuse it says so.
 */
export interface SignedRequest<E extends object = Readonly<Record<string, unknown>>> {
  readonly body: Uint8Array;
  readonly config: VerifierConfig<E>;
  /** `config.extra`, or nothing. */
  readonly extra: Partial<E>;
  readonly context: RequestContext;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The timestamp as it was sent; refuses with `MALFORMED_SIGNATURE` what is none in the definition's unit. */
  timestamp(): string;
  /** The same in milliseconds since the epoch. */
  sentAt(): number;
  /** A header's value by its lower-case name; `undefined` where it is absent or empty. */
  header(name: string): string | undefined;
  /** Likewise, but refuses with `MISSING_HEADER`. */
  required(name: string): string;
  /** Likewise, without a prefix that it must have; refuses with `MALFORMED_SIGNATURE` where it has not. */
  prefixed(name: string, prefix: string): string;
  /**
   * Every value of a name in a header of the form `k=v,k=v`, in the header's order. Refuses a header that is absent, and one
   * without a single pair as `MALFORMED_SIGNATURE`.
   */
  pairs(header: string, name: string, separator?: string): readonly string[];
  /** The first value of a parameter of the query. */
  query(name: string): string | undefined;
  /** The body as UTF-8, without a byte order mark. */
  text(): string;
  /** What stands at a path of names in the JSON body; `undefined` where nothing does. */
  json(...path: readonly string[]): unknown;
  /** Likewise, where it is a text that is not empty. */
  string(...path: readonly string[]): string | undefined;
  /** Likewise, where it is a number. */
  number(...path: readonly string[]): number | undefined;
  /** The fields of a form body, as byte strings; refuses with `MALFORMED_PAYLOAD` one with more than 1000. */
  form(): readonly FormField[];
  /** The first value of a field of the form body, as UTF-8. */
  field(name: string): string | undefined;
}

/** A timestamp as it was sent, and in milliseconds since the epoch. */
export interface ReadTimestamp {
  readonly text: string;
  readonly ms: number;
}

/** What a request is made of. */
export interface RequestParts<E extends object> {
  readonly rawBody: RawBody;
  readonly body: Uint8Array;
  readonly header: HeaderReader;
  readonly config: VerifierConfig<E>;
  readonly context: RequestContext;
  readonly now: number;
  /** Reads the timestamp by the rules of the definition. */
  readonly readTimestamp: (request: SignedRequest<E>) => ReadTimestamp;
}

export function createSignedRequest<E extends object>(parts: RequestParts<E>): SignedRequest<E> {
  return new RequestView(parts);
}

const NOTHING = {};

// A class, unlike anything else here: each request makes one, and an object of closures took a tenth of the verification.
class RequestView<E extends object> implements SignedRequest<E> {
  readonly body: Uint8Array;
  readonly config: VerifierConfig<E>;
  readonly extra: Partial<E>;
  readonly context: RequestContext;
  readonly now: number;
  readonly header: HeaderReader;
  readonly #parts: RequestParts<E>;
  #text: string | undefined;
  #json: { readonly value: unknown } | undefined;
  #form: readonly FormField[] | undefined;
  #timestamp: ReadTimestamp | undefined;
  #query: ((name: string) => string | undefined) | undefined;

  constructor(parts: RequestParts<E>) {
    this.body = parts.body;
    this.config = parts.config;
    this.extra = parts.config.extra ?? NOTHING;
    this.context = parts.context;
    this.now = parts.now;
    this.header = parts.header;
    this.#parts = parts;
  }

  timestamp(): string {
    return (this.#timestamp ??= this.#parts.readTimestamp(this)).text;
  }

  sentAt(): number {
    return (this.#timestamp ??= this.#parts.readTimestamp(this)).ms;
  }

  required(name: string): string {
    const value = this.header(name);
    return value ?? refuse("MISSING_HEADER", `the header ${name} is missing or empty`);
  }

  prefixed(name: string, prefix: string): string {
    const value = this.required(name);
    return value.startsWith(prefix)
      ? value.slice(prefix.length)
      : refuse("MALFORMED_SIGNATURE", `the header ${name} does not begin with ${prefix}`);
  }

  pairs(header: string, name: string, separator = ","): readonly string[] {
    const pairs = this.required(header);
    if (pairs.includes("=")) return valuesOf(pairs, name, separator);
    return refuse(
      "MALFORMED_SIGNATURE",
      `the header ${header} holds no pairs of a name and a value`,
    );
  }

  query(name: string): string | undefined {
    return (this.#query ??= queryReader(this.context))(name);
  }

  text(): string {
    return (this.#text ??= bodyText(this.#parts.rawBody, this.body));
  }

  json(...path: readonly string[]): unknown {
    return valueAt(this.#parse(), path);
  }

  string(...path: readonly string[]): string | undefined {
    return stringAt(this.#parse(), path);
  }

  number(...path: readonly string[]): number | undefined {
    const value = valueAt(this.#parse(), path);
    return typeof value === "number" ? value : undefined;
  }

  #parse(): unknown {
    return (this.#json ??= { value: parseJson(this.text()) }).value;
  }

  form(): readonly FormField[] {
    return (this.#form ??= parseForm(this.body));
  }

  field(name: string): string | undefined {
    const found = this.form().find((field) => utf8Text(field.name) === name);
    return found && utf8Text(found.value);
  }
}

const SPACE = 32;
const EQUALS = 61;

function valuesOf(pairs: string, name: string, separator: string): readonly string[] {
  const values: string[] = [];
  let start = 0;
  while (start < pairs.length) {
    const found = pairs.indexOf(separator, start);
    const end = found < 0 ? pairs.length : found;
    while (pairs.charCodeAt(start) === SPACE) start += 1;
    const equals = start + name.length;
    if (pairs.charCodeAt(equals) === EQUALS && pairs.startsWith(name, start)) {
      values.push(pairs.slice(equals + 1, end).trim());
    }
    start = end + separator.length;
  }
  return values;
}
