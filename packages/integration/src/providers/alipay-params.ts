import type { FormField, SignedRequest } from "@ventostack/webhook";
import { fromByteString, refuse, toByteString } from "@ventostack/webhook";

/** One parameter of a notification, decoded once. */
export interface AlipayParam {
  readonly name: string;
  readonly value: string;
  /** `name=value` as it was signed: one character for each byte of the notification's charset. */
  readonly signed: string;
}

/** Where the form may stand that a framework has parsed. */
export interface AlipayForm {
  readonly bodyParams?: Readonly<Record<string, unknown>> | undefined;
}

const ASCII = /^[\0-\x7f]*$/;

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
    [...textsOf(parsed)].map(([name, value]) => ({
      name: utf8ByteString(name),
      value: utf8ByteString(value),
    })),
  );
  if (params.some(({ name, value }) => name === "charset" && isGbk(value)) && !isAscii(params)) {
    malformed("bodyParams cannot tell the bytes of a form in GBK: pass the raw body");
  }
  return params;
}

// Names are compared and sorted as bytes, before the charset is known.
function toParams(fields: readonly FormField[]): readonly AlipayParam[] {
  const names = new Set(fields.map(({ name }) => name));
  if (names.size < fields.length) malformed("the notification has a parameter twice");
  for (const { value } of fields) if (value.includes("&")) checkUnambiguous(value, names);

  const decode = decoderFor(fields.find(({ name }) => name === "charset")?.value ?? "");
  return fields
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, value }) => {
      const signed = `${name}=${value}`;
      // All charsets write ASCII alike.
      return ASCII.test(signed)
        ? { name, value, signed }
        : { name: decode(name), value: decode(value), signed };
    });
}

// The first three are one encoding in ever larger editions.
const DECODERS: ReadonlyMap<string, () => TextDecoder> = new Map(
  (["gbk", "gb2312", "gb18030", "utf-8", "utf8"] as const).map((label) => {
    let decoder: TextDecoder | undefined;
    return [label, () => (decoder ??= new TextDecoder(label, { ignoreBOM: true }))];
  }),
);

function decoderFor(charset: string): (byteString: string) => string {
  const decoder = DECODERS.get(charset.toLowerCase() || "utf-8");
  if (!decoder) return malformed("the parameter charset is neither UTF-8 nor GBK");
  return (byteString) => decoder().decode(fromByteString(byteString));
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
  return params.every(({ signed }) => ASCII.test(signed));
}

function utf8ByteString(text: string): string {
  return toByteString(new TextEncoder().encode(text));
}

function malformed(reason: string): never {
  return refuse("MALFORMED_PAYLOAD", reason);
}
