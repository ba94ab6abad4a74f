import type { Connection } from "./connection.ts";
import type { Swept } from "./deadline-sweep.ts";
import type { Phase } from "./failure.ts";
import type { ResponseParser } from "./response-parser.ts";
import type { Route } from "./route.ts";
import type {
  TransportErrorClass,
  TransportOutcome,
  TransportRequest,
  TransportTimings,
} from "./transport.ts";

/** What an attempt knows of itself on its way to one outcome. Times are milliseconds since its start; -1 for never. */
export interface SocketAttempt extends Swept<SocketAttempt> {
  readonly request: TransportRequest;
  readonly settle: (outcome: TransportOutcome) => void;
  /** As of `performance.now()`. */
  readonly startedAt: number;
  readonly route: Route;
  /** Head and body. */
  readonly bytes: Uint8Array;
  phase: Phase;
  dnsMs: number;
  connectMs: number;
  firstByteMs: number;
  address: string | undefined;
  connection: Connection | undefined;
  cancelDial: (() => void) | undefined;
  /** Whether the connection has carried a request before. */
  isReused: boolean;
  isSettled: boolean;
}

/** An attempt at its start, without a connection. */
export function newAttempt(
  request: TransportRequest,
  settle: (outcome: TransportOutcome) => void,
  route: Route,
  bytes: Uint8Array,
  startedAt: number,
): SocketAttempt {
  return {
    request,
    settle,
    route,
    bytes,
    startedAt,
    phase: "http",
    dnsMs: -1,
    connectMs: -1,
    firstByteMs: -1,
    address: undefined,
    connection: undefined,
    cancelDial: undefined,
    isReused: false,
    isSettled: false,
    dueAt: 0,
    bucket: undefined,
    before: undefined,
    after: undefined,
  };
}

/** Built in the order in which it happens; a phase that did not happen has no key. */
function timingsOf(attempt: SocketAttempt, totalMs: number): TransportTimings {
  const { dnsMs, connectMs, firstByteMs } = attempt;
  if (connectMs < 0 && dnsMs < 0) return firstByteMs < 0 ? { totalMs } : { firstByteMs, totalMs };
  return {
    ...(dnsMs >= 0 && { dnsMs }),
    ...(connectMs >= 0 && { connectMs }),
    ...(firstByteMs >= 0 && { firstByteMs }),
    totalMs,
  };
}

/** @param totalMs since the attempt's start */
export function responseOutcome(
  attempt: SocketAttempt,
  parser: ResponseParser,
  totalMs: number,
): TransportOutcome {
  const { status, headers } = parser.head();
  const body = parser.takeBody();
  const truncated = parser.isTruncated();
  const timings = timingsOf(attempt, totalMs);
  const { address } = attempt;
  return address === undefined
    ? { kind: "response", status, headers, body, truncated, timings }
    : { kind: "response", status, headers, body, truncated, timings, address };
}

export interface AttemptError {
  readonly errorClass: TransportErrorClass;
  readonly message: string;
  readonly code: string | undefined;
}

/** @param totalMs since the attempt's start */
export function errorOutcome(
  attempt: SocketAttempt,
  { errorClass, message, code }: AttemptError,
  totalMs: number,
): TransportOutcome {
  const { connection, address } = attempt;
  const status = connection?.parser.isAnswered() ? connection.parser.head().status : undefined;
  return {
    kind: "error",
    errorClass,
    message,
    ...(code !== undefined && { code }),
    ...(status !== undefined && { status }),
    timings: timingsOf(attempt, totalMs),
    ...(address !== undefined && { address }),
  };
}

/** The outcome of an attempt that cannot begin. */
export function refusal(error: AttemptError, startedAt: number): TransportOutcome {
  const { errorClass, message, code } = error;
  const timings = { totalMs: performance.now() - startedAt };
  return { kind: "error", errorClass, message, ...(code !== undefined && { code }), timings };
}

/** The class of what a request is refused for before anything is dialled. */
export function classOfRefusal(code: string | undefined): TransportErrorClass {
  if (code === "BLOCKED_ADDRESS" || code === "INVALID_URL") return "blocked";
  return code === "INVALID_OPTION" ? "connect" : "http";
}

/** What a connection is lost with where the runtime gives no reason. */
export function hungUp(isAnswered: boolean): Error {
  const text = isAnswered
    ? "The connection closed in the middle of the body"
    : "The connection closed without a response";
  return Object.assign(new Error(text), { code: "ECONNRESET" });
}
