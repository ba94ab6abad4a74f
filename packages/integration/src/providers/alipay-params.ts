import type { SignedRequest } from "@ventostack/webhook";
import { refuse } from "@ventostack/webhook";

/** One parameter of a notification, decoded once. */
export interface AlipayParam {
  readonly name: string;
  readonly value: string;
  /** `name=value` as it was signed: in the bytes of the notification's charset. */
  readonly signed: Uint8Array;
}

/** Where the form may stand that a framework has parsed. */
export interface AlipayForm {
  readonly bodyParams?: Readonly<Record<string, unknown>> | undefined;
}

const known = new WeakMap<object, readonly AlipayParam[]>();

/** The parameters of a request, read once for all the steps that ask for them; see `readParams`. */
export function paramsOf(request: SignedRequest<AlipayForm>): readonly AlipayParam[] {
  const params = known.get(request) ?? readParams(request);
  known.set(request, params);
  return params;
}

/**
 * The parameters of a notification in the order in which they are signed. Refuses with `MALFORMED_PAYLOAD` repeated names,
 * values that could be read as further parameters, and a raw body that differs from the parsed one.
 */
function readParams(request: SignedRequest<AlipayForm>): readonly AlipayParam[] {
  const parsed = request.context.bodyParams ?? request.extra.bodyParams;
  if (parsed && isNoForm(request, parsed)) return fromParsed(parsed);
  if (request.body.length === 0) {
    malformed("the body is empty: has something read it before the verifier did?");
  }
  const params = toParams(request.form());
  if (parsed && !isSame(new Map(params.map(({ name, value }) => [name, value])), textsOf(parsed))) {
    malformed("the raw body and bodyParams differ: pass the raw body alone");
  }
  return params;
}

/** Whether there is no raw body, or in its place what a framework parsed, as JSON once more. */
function isNoForm(
  request: SignedRequest<AlipayForm>,
  parsed: Readonly<Record<string, unknown>>,
): boolean {
  if (request.body.length === 0) return true;
  const value = request.json();
  return typeof value === "object" && value !== null && isSame(textsOf(value), textsOf(parsed));
}

function fromParsed(parsed: Readonly<Record<string, unknown>>): readonly AlipayParam[] {
  const params = toParams(
    [...textsOf(parsed)].map(([name, value]) => ({ name: utf8(name), value: utf8(value) })),
  );
  if (params.some(({ name, value }) => name === "charset" && isGbk(value)) && !isAscii(params)) {
    malformed("bodyParams cannot tell the bytes of a form in GBK: pass the raw body");
  }
  return params;
}

interface Field {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
}

const EQUALS = 61;

// One character for each byte, whatever the charset: names are compared and sorted before it is known.
const bytewise = new TextDecoder("latin1");

function toParams(fields: readonly Field[]): readonly AlipayParam[] {
  const named = fields.map((field) => ({ ...field, key: bytewise.decode(field.name) }));
  const names = new Set(named.map(({ key }) => key));
  if (names.size < named.length) malformed("the notification has a parameter twice");
  for (const { value } of named) checkUnambiguous(bytewise.decode(value), names);

  const charset = named.find(({ key }) => key === "charset");
  const decoder = decoderFor(charset ? bytewise.decode(charset.value) : "");
  return named
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ name, value }) => ({
      name: decoder.decode(name),
      value: decoder.decode(value),
      signed: pairOf(name, value),
    }));
}

// The first three are one encoding in ever larger editions.
const DECODERS: ReadonlyMap<string, () => TextDecoder> = new Map(
  (["gbk", "gb2312", "gb18030", "utf-8", "utf8"] as const).map((label) => [
    label,
    () => new TextDecoder(label, { ignoreBOM: true }),
  ]),
);

function decoderFor(charset: string): TextDecoder {
  const decoder = DECODERS.get(charset.toLowerCase() || "utf-8");
  return decoder?.() ?? malformed("the parameter charset is neither UTF-8 nor GBK");
}

/** What money and accounts hang on, guarded even where a notification does not have it. */
const GUARDED: ReadonlySet<string> = new Set([
  ...["app_id", "auth_app_id", "seller_id", "buyer_id", "notify_id", "notify_type", "charset"],
  ...["out_trade_no", "trade_no", "out_biz_no", "trade_status", "total_amount", "receipt_amount"],
  ...["buyer_pay_amount", "refund_fee", "gmt_payment", "gmt_refund", "gmt_close", "sign_type"],
]);

// `body=x&total_amount=9` is signed as the two parameters would be that it looks like. Buyers often choose such texts, and
// could move the borders between the parameters of a notification that they hold.
function checkUnambiguous(value: string, names: ReadonlySet<string>): void {
  for (const piece of value.split("&").slice(1)) {
    const name = piece.slice(0, Math.max(0, piece.indexOf("=")));
    if (names.has(name) || GUARDED.has(name)) {
      malformed("a value of the notification reads like another of its parameters");
    }
  }
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
}

/** The texts that a framework's parser may have made something else of. */
function textsOf(parsed: object): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [name, value] of Object.entries<unknown>({ ...parsed })) {
    if (value === undefined || value === null) continue;
    texts.set(name, typeof value === "string" ? value : JSON.stringify(value));
  }
  return texts;
}

function isGbk(charset: string): boolean {
  return charset.toLowerCase().startsWith("gb");
}

function isAscii(params: readonly AlipayParam[]): boolean {
  return params.every(({ signed }) => signed.every((byte) => byte < 128));
}

function pairOf(name: Uint8Array, value: Uint8Array): Uint8Array {
  const pair = new Uint8Array(name.length + 1 + value.length).fill(EQUALS);
  pair.set(name);
  pair.set(value, name.length + 1);
  return pair;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function malformed(reason: string): never {
  return refuse("MALFORMED_PAYLOAD", reason);
}
