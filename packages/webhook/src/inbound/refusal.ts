import type { VerificationCode } from "../errors.ts";
import { WebhookError } from "../errors.ts";
import type { Refused } from "./provider.ts";

/** Carries a refusal from the step that found the fault to the interpreter, and no further. */
class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: VerificationCode;

  constructor(code: VerificationCode, reason: string, options?: { cause?: unknown }) {
    super(reason, options);
    this.code = code;
  }
}

/**
 * Ends the verification of a request: for the functions of a provider definition, which the interpreter calls.
 * @param reason what was wrong and what to do about it; never a secret, a signature or a body
 */
export function refuse(
  code: VerificationCode,
  reason: string,
  options?: { cause?: unknown },
): never {
  throw new Refusal(code, reason, options);
}

/**
 * The refusal that an error stands for, whatever it is: nothing a sender puts into a request may surface as an exception.
 * @param believed whether the signature had been found right before
 */
export function refusalOf(error: unknown, provider: string, believed: boolean): Refused {
  if (error instanceof Refusal) {
    const { code, message: reason, cause } = error;
    return { valid: false, code, reason, ...(cause !== undefined && { cause }) };
  }
  if (error instanceof WebhookError) {
    return { valid: false, code: "CONFIG", reason: error.message, cause: error };
  }
  // A fault in the provider. Before the signature is checked anybody may have provoked it, so it is answered like a
  // forgery; after that the sender is genuine, and a server error lets the platform try again once it is mended.
  const code: VerificationCode = believed ? "CONFIG" : "MALFORMED_SIGNATURE";
  const reason = `the provider ${provider} failed on this request: the error is in \`cause\``;
  return { valid: false, code, reason, cause: error };
}
