import type * as NodeCrypto from "node:crypto";
import { refuse } from "@ventostack/webhook";

/**
 * `node:crypto`, for what Web Crypto cannot do. Asked for at run time, so that a bundle for the edge does not need it.
 * @param purpose what cannot be done without it
 */
export function nodeCrypto(purpose: string): typeof NodeCrypto {
  return (
    globalThis.process?.getBuiltinModule?.("node:crypto") ??
    refuse("CONFIG", `${purpose} needs node:crypto, which this runtime lacks`)
  );
}
