/** What is wrong with a response. */
export interface ParseFault {
  /** The name that Node's own parser has for it, where it has one. */
  readonly code?: string;
  readonly message: string;
}

/** One sentence for the record of an attempt; `what` never repeats a byte that the endpoint sent. */
export function parseFault(code: string | undefined, what: string): ParseFault {
  const message = `The endpoint's response is malformed: ${what}`;
  return code === undefined ? { message } : { code, message };
}
