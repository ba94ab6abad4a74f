import { readFileSync } from "node:fs";

/** A request with the answer that a correct verifier gives; see README.md beside the file for the fields. */
export interface Vector {
  readonly provider: string;
  readonly name: string;
  readonly secret?: string;
  readonly secrets?: readonly string[];
  readonly publicKey?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly method?: string;
  readonly url?: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly query: Readonly<Record<string, string>>;
  readonly rawBody?: string;
  readonly rawBodyBase64?: string;
  readonly bodyParams?: Readonly<Record<string, unknown>>;
  readonly now: number;
  readonly expect: "valid" | "invalid";
  readonly code?: string;
  readonly event?: Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[];
}

export const vectors: readonly Vector[] = JSON.parse(
  readFileSync(new URL("inbound.json", import.meta.url), "utf8"),
);

export function bodyOf(vector: Vector): string | Uint8Array {
  return vector.rawBody ?? new Uint8Array(Buffer.from(vector.rawBodyBase64 ?? "", "base64"));
}
