import type * as NodeCrypto from "node:crypto";

/** `node:crypto` where the runtime has it. Asked for at run time, so that a bundle for the edge does not need it. */
export function nativeCrypto(): typeof NodeCrypto | undefined {
  return globalThis.process?.getBuiltinModule?.("node:crypto");
}
