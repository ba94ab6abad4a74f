import type { SignedContent } from "@ventostack/webhook";
import { fromByteString } from "@ventostack/webhook";
import type { AlipayParam } from "./alipay-params.ts";

const FORMS = [
  { signType: false, empty: true },
  { signType: false, empty: false },
  { signType: true, empty: true },
  { signType: true, empty: false },
];

/**
 * The sets of parameters that may have been signed: always without `sign`, for trade notifications without `sign_type` too,
 * and with or without those that are empty; the vendor's pages and its SDKs differ on that.
 */
export function signedForms(params: readonly AlipayParam[]): readonly (readonly AlipayParam[])[] {
  const hasType = params.some(({ name }) => name === "sign_type");
  const hasEmpty = params.some(({ value }) => value === "");
  return FORMS.filter(({ signType, empty }) => (hasType || !signType) && (hasEmpty || empty)).map(
    ({ signType, empty }) =>
      params.filter(
        ({ name, value }) =>
          name !== "sign" && (signType || name !== "sign_type") && (empty || value !== ""),
      ),
  );
}

/** What is signed of each of these sets, made when it is asked for: the first is nearly always right. */
export function* signedContents(params: readonly AlipayParam[]): Generator<SignedContent> {
  for (const form of signedForms(params)) yield [fromByteString(contentOf(form))];
}

/** `name=value`, joined by `&`. */
function contentOf(params: readonly AlipayParam[]): string {
  return params.map(({ signed }) => signed).join("&");
}
