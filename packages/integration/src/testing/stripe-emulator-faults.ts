/** What a request meets in place of the usual answer. */
export type StripeFaultKind =
  /** The connection is cut with an RST, before the work or after it. */
  | { readonly kind: "reset"; readonly when: "before" | "after" }
  /**
   * An answer of this status. `before`: nothing was done. `after`: it was done, and a repeat with the key gets the real
   * answer. `kept`: it was done, and this is what a repeat with the key gets too.
   */
  | {
      readonly kind: "status";
      readonly status: 401 | 409 | 429 | 500 | 502 | 503;
      readonly when?: "before" | "after" | "kept";
      /** The header, in seconds or as a date. */
      readonly retryAfter?: string;
    }
  /** No answer at all; the connection stays open. */
  | { readonly kind: "hang"; readonly when: "before" | "after" }
  /** The work begins late; meanwhile its idempotency key is in use. */
  | { readonly kind: "slow"; readonly delayMs: number };

export type StripeFault = StripeFaultKind & {
  /** Only for requests of this method. */
  readonly method?: "GET" | "POST";
  /** Only for requests whose path, without the query, is this or matches this. */
  readonly path?: string | RegExp;
  /** How many requests meet it, default 1. */
  readonly times?: number;
};

/** The faults that wait for their requests, in order. */
export interface FaultQueue {
  add(fault: StripeFault): void;
  clear(): void;
  /** The fault of a request, which is used up by it. */
  next(method: string, path: string): StripeFault | undefined;
}

export function createFaultQueue(): FaultQueue {
  const waiting: { readonly fault: StripeFault; left: number }[] = [];
  return {
    add: (fault) => void waiting.push({ fault, left: fault.times ?? 1 }),
    clear: () => void (waiting.length = 0),
    next(method, path) {
      const entry = waiting.find(({ fault, left }) => left > 0 && isFor(fault, method, path));
      if (!entry) return undefined;
      entry.left -= 1;
      return entry.fault;
    },
  };
}

function isFor(fault: StripeFault, method: string, path: string): boolean {
  if (fault.method !== undefined && fault.method !== method) return false;
  if (fault.path === undefined) return true;
  return typeof fault.path === "string" ? fault.path === path : fault.path.test(path);
}
