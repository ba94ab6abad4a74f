import type { Phase } from "./failure.ts";
import { classOfPhase, codeOf, messageOf, timeoutMessage } from "./failure.ts";
import type {
  TransportErrorClass,
  TransportOutcome,
  TransportRequest,
  TransportTimings,
} from "./transport.ts";

/** What an attempt knows of itself on its way to one outcome; whatever settles it first wins. */
export interface AttemptProgress {
  readonly outcome: Promise<TransportOutcome>;
  isSettled(): boolean;
  phase(): Phase;
  /** Goes on to a phase, and notes when the one before ended. */
  enter(phase: Phase): void;
  /** Goes to a phase without any before it having happened. */
  startFrom(phase: Phase): void;
  dialled(address: string | undefined): void;
  /** The status line and the headers have come. */
  answered(status: number, headers: Readonly<Record<string, string>>): void;
  succeed(body: Uint8Array, truncated: boolean): void;
  fail(errorClass: TransportErrorClass, message: string, code?: string): void;
  /** Fails with the class of the phase and the code and message of whatever was thrown. */
  failWith(error: unknown): void;
  /** Adds what `stop` has to undo; done at once where the attempt has already ended. */
  onStop(undo: () => void): void;
  /** Fails and undoes the work in hand. */
  stop(errorClass: TransportErrorClass, message: string): void;
}

// `setTimeout` fires at once for anything longer.
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Starts an attempt's clock: its deadline counts from here, over all phases, and its signal is listened to. */
export function createProgress(request: TransportRequest, firstPhase: Phase): AttemptProgress {
  const startedAt = performance.now();
  let settle: ((outcome: TransportOutcome) => void) | undefined;
  const outcome = new Promise<TransportOutcome>((resolve) => (settle = resolve));
  const times: Partial<Record<keyof TransportTimings, number>> = {};
  let phase = firstPhase;
  let settled = false;
  const undos: (() => void)[] = [];
  let address: string | undefined;
  let answer: { status: number; headers: Readonly<Record<string, string>> } | undefined;

  const elapsed = (): number => performance.now() - startedAt;
  const common = () => ({
    timings: { ...times, totalMs: elapsed() },
    ...(address !== undefined && { address }),
  });
  const finish = (result: TransportOutcome): void => {
    settled = true;
    clearTimeout(timer);
    request.signal?.removeEventListener("abort", onAbort);
    settle?.(result);
  };
  const fail = (errorClass: TransportErrorClass, message: string, code?: string): void => {
    if (settled) return;
    finish({
      kind: "error",
      errorClass,
      message,
      ...(code !== undefined && { code }),
      ...(answer && { status: answer.status }),
      ...common(),
    });
  };
  const stop = (errorClass: TransportErrorClass, message: string): void => {
    fail(errorClass, message);
    for (const undo of undos.splice(0)) undo();
  };
  const onAbort = (): void => stop("aborted", "The attempt was aborted");
  const onTimeout = (): void => stop("timeout", timeoutMessage(request.timeoutMs, phase));
  const timer = setTimeout(onTimeout, Math.min(request.timeoutMs, MAX_TIMER_MS));
  request.signal?.addEventListener("abort", onAbort, { once: true });
  if (request.signal?.aborted) onAbort();

  return {
    outcome,
    isSettled: () => settled,
    phase: () => phase,
    enter(next) {
      if (next === "connect") times.dnsMs = elapsed();
      if (next === "http") times.connectMs = elapsed();
      if (next === "body") times.firstByteMs = elapsed();
      phase = next;
    },
    startFrom(first) {
      phase = first;
      address = undefined;
    },
    dialled: (dialled) => void (address = dialled),
    answered: (status, headers) => void (answer = { status, headers }),
    succeed(body, truncated) {
      if (settled || !answer) return;
      finish({ kind: "response", ...answer, body, truncated, ...common() });
    },
    fail,
    failWith(error) {
      const code = codeOf(error);
      fail(classOfPhase(phase, code), messageOf(error), code);
    },
    onStop(undo) {
      if (settled) undo();
      else undos.push(undo);
    },
    stop,
  };
}
