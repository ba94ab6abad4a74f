import type { TransportErrorClass } from "./transport.ts";

/** How far an attempt has come; what fails there belongs to the error class of the same name. */
export type Phase = "dns" | "connect" | "tls" | "http" | "body";

const DOING: Readonly<Record<Phase, string>> = {
  dns: "while the name was being resolved",
  connect: "while connecting",
  tls: "in the TLS handshake",
  http: "while waiting for the response",
  body: "while reading the response body",
};

/** What is said of an attempt that had not ended when its time was over. */
export function timeoutMessage(timeoutMs: number, phase: Phase): string {
  return `Not done within ${timeoutMs} ms: given up ${DOING[phase]}`;
}

const DNS_CODES: ReadonlySet<string> = new Set([
  "ENOTFOUND",
  "ENODATA",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EAI_NODATA",
  "EAI_NONAME",
  "ESERVFAIL",
  "EREFUSED",
  "ETIMEOUT",
  "DNS_FAILED",
]);

const CONNECT_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "EACCES",
  "EMFILE",
  "ENFILE",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
]);

// OpenSSL's and BoringSSL's names; an alert such as "certificate required" may arrive after the handshake.
const TLS_CODE =
  /^(?:ERR_SSL_|ERR_TLS_|ERR_OSSL_|EPROTO$|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|ERROR_IN_CERT_)/;

const CONNECTION_LOST: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED"]);

/**
 * The class of an error whose phase is known from the socket's own events. The codes only correct it where the two
 * runtimes, or the peers, report late.
 */
export function classOfPhase(phase: Phase, code: string | undefined): TransportErrorClass {
  if (code === "BLOCKED_ADDRESS") return "blocked";
  if (code !== undefined && TLS_CODE.test(code)) return "tls";
  return phase;
}

/** The class of an error of which no more is known than its code, as `fetch` throws it. */
export function classOfCode(code: string | undefined): TransportErrorClass {
  if (code === undefined) return "http";
  if (DNS_CODES.has(code)) return "dns";
  if (CONNECT_CODES.has(code)) return "connect";
  return TLS_CODE.test(code) ? "tls" : "http";
}

/** Whether the peer, or the network, dropped a connection that stood. */
export function isConnectionLost(code: string | undefined): boolean {
  return code !== undefined && CONNECTION_LOST.has(code);
}

/**
 * The code of whatever was thrown: its own, else that of its cause (Node's `fetch`), else that of the first of several
 * (a name with more than one address).
 */
export function codeOf(error: unknown): string | undefined {
  const own = property(error, "code");
  if (typeof own === "string") return own;
  const inner = property(error, "cause") ?? firstOf(property(error, "errors"));
  return inner === undefined || inner === error ? undefined : codeOf(inner);
}

/** One line about whatever was thrown. */
export function messageOf(error: unknown): string {
  const own = property(error, "message");
  const inner = firstOf(property(error, "errors")) ?? property(error, "cause");
  const innerText = inner === undefined || inner === error ? "" : messageOf(inner);
  const ownText = typeof own === "string" ? own : "";
  // "fetch failed" and the empty text of an AggregateError say nothing without what caused them.
  const text = [ownText, innerText].filter((part) => part !== "").join(": ");
  // A certificate's names are the endpoint's to choose, and so are in part the texts about them.
  return (text === "" ? "unknown error" : text)
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim()
    .slice(0, 500);
}

function property(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const read: unknown = Reflect.get(value, key);
  return read;
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined;
}
