import { IntegrationError } from "./errors.ts";

/** The runtimes' names of one and the same thing. */
const ALIASES: Readonly<Record<string, string>> = {
  // Node, when the other side closes in the middle.
  UND_ERR_SOCKET: "ECONNRESET",
  EPIPE: "ECONNRESET",
  // Bun's names before it took over those of Node.
  ConnectionClosed: "ECONNRESET",
  ConnectionRefused: "ECONNREFUSED",
  FailedToOpenSocket: "ECONNREFUSED",
  // A body that is not what its content-encoding says.
  ZlibError: "BAD_ENCODING",
  BrotliDecompressionError: "BAD_ENCODING",
  ZstdDecompressionError: "BAD_ENCODING",
  Z_DATA_ERROR: "BAD_ENCODING",
  Z_BUF_ERROR: "BAD_ENCODING",
};

/** The name was not found, or nobody took the connection: nothing was sent. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EAI_NODATA",
  "EAI_NONAME",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** We refused the vendor's certificate before anything was sent, and will refuse it next time. */
const CERTIFICATE_CODE =
  /^(?:ERR_TLS_CERT_|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERROR_IN_CERT_|HOSTNAME_MISMATCH$|INVALID_CA$|INVALID_PURPOSE$)[A-Z0-9_]{0,60}$/;

/** What else is a code. Anything else in its place may be anything at all, and would be logged. */
const SYSTEM_CODE = /^(?:E[A-Z]{2,20}|EAI_[A-Z]{2,20}|(?:UND_ERR|HPE|ERR)_[A-Z0-9_]{1,60})$/;

interface NetworkFault {
  /** The runtime's code, where it gave one. */
  readonly reason: string | undefined;
  readonly outcome: "not_sent" | "unknown";
  readonly retryable: boolean;
}

/**
 * Reads the error that `fetch`, or the reader of a body, rejected with: Bun sets `code` on the error itself, Node on its
 * `cause`, and on the first of `errors` where a name has several addresses.
 */
function readNetworkError(error: unknown): NetworkFault {
  const found = findCode(error);
  const reason = found?.code;
  if (reason === undefined) return { reason, outcome: "unknown", retryable: true };
  // Not the other errors of TLS: they can also come when the request has been sent.
  const insecure = CERTIFICATE_CODE.test(reason);
  // Only of a connect: the network can also become unreachable under a connection that stands. And no reset: on Bun
  // that of a connect cannot be told from that of a request.
  const unconnected = found?.syscall === "connect" && reason !== "ECONNRESET";
  const unsent = insecure || unconnected || NEVER_CONNECTED.has(reason);
  return { reason, outcome: unsent ? "not_sent" : "unknown", retryable: !insecure };
}

/** The error of an attempt that ended without an answer. The original's text and its URL are left behind. */
export function networkError(error: unknown, integration: string): IntegrationError {
  const { reason, outcome, retryable } = readNetworkError(error);
  return new IntegrationError({
    code: "NETWORK_ERROR",
    message: `The connection to ${integration} failed${reason === undefined ? "" : ` (${reason})`}`,
    integration,
    outcome,
    reason,
    retryable,
    attempts: 1,
  });
}

interface FoundCode {
  readonly code: string;
  readonly syscall: unknown;
}

/** Causes nest two or three deep; the bound is against a cycle. */
function findCode(error: unknown, depth = 0): FoundCode | undefined {
  if (typeof error !== "object" || error === null || depth > 4) return undefined;
  const given: unknown = Reflect.get(error, "code");
  const code = typeof given === "string" ? (ALIASES[given] ?? given) : "";
  if (code === "BAD_ENCODING" || SYSTEM_CODE.test(code) || CERTIFICATE_CODE.test(code)) {
    return { code, syscall: Reflect.get(error, "syscall") };
  }
  const errors: unknown = Reflect.get(error, "errors");
  return (
    findCode(Reflect.get(error, "cause"), depth + 1) ??
    (Array.isArray(errors) ? findCode(errors[0], depth + 1) : undefined)
  );
}
