import type {
  Transport,
  TransportOutcome,
  TransportRequest,
} from "../../src/transport/transport.ts";

const TIMINGS = { totalMs: 1 };

/** An answer with a status, and with headers where they matter. */
export function answer(status: number, headers: Record<string, string> = {}): TransportOutcome {
  return {
    kind: "response",
    status,
    headers,
    body: new Uint8Array(),
    truncated: false,
    timings: TIMINGS,
  };
}

export function failure(errorClass: "dns" | "connect" | "timeout"): TransportOutcome {
  return { kind: "error", errorClass, message: `${errorClass} failed`, timings: TIMINGS };
}

export interface ScriptedTransport extends Transport {
  readonly requests: TransportRequest[];
  /** Requests that wait for `release`. */
  readonly waiting: (() => void)[];
}

/**
 * Answers from a script per URL; the last answer repeats. `"hang"` waits until it is aborted or released with a 200.
 */
export function createScriptedTransport(
  script: Record<string, readonly (TransportOutcome | "hang")[]> = {},
): ScriptedTransport {
  const requests: TransportRequest[] = [];
  const waiting: (() => void)[] = [];
  const calls = new Map<string, number>();
  return {
    requests,
    waiting,
    send(request) {
      requests.push(request);
      const call = calls.get(request.url) ?? 0;
      calls.set(request.url, call + 1);
      const answers = script[request.url] ?? [answer(200)];
      const next = answers[Math.min(call, answers.length - 1)] ?? answer(200);
      if (next !== "hang") return Promise.resolve(next);
      return new Promise((resolve) => {
        waiting.push(() => resolve(answer(200)));
        request.signal?.addEventListener("abort", () =>
          resolve({ kind: "error", errorClass: "aborted", message: "aborted", timings: TIMINGS }),
        );
      });
    },
    close() {},
  };
}
