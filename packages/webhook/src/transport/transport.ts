/** TLS settings of one endpoint; PEM texts. */
export interface TlsSettings {
  /** Certificate authorities to trust instead of the runtime's own list. */
  readonly ca?: string | readonly string[];
  /** Client certificate chain, for endpoints that ask for one. */
  readonly cert?: string;
  /** The client certificate's private key. */
  readonly key?: string;
}

/** One HTTP request to one endpoint. */
export interface TransportRequest {
  /** Canonical, as `new URL(…).href` prints it. */
  readonly url: string;
  readonly method: "POST";
  /** Each name once, whatever its case; validated before they come here. The transport adds those of the connection. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Covers name resolution, connect, TLS, write, headers and body together. */
  readonly timeoutMs: number;
  /** How much of the response body is kept, in bytes; the rest is not read. */
  readonly maxResponseBytes: number;
  /** Ends the attempt at once; the outcome is an error of class `aborted`. */
  readonly signal?: AbortSignal;
  readonly tls?: TlsSettings;
  /** `http://host:port` of a proxy, with `user:password@` where it asks for one. */
  readonly proxy?: string;
}

/**
 * Where an attempt went wrong. `dns`: the name has no address. `blocked`: the network policy refused it. `connect`: no
 * connection to the endpoint, or through the proxy. `tls`: handshake or certificates. `timeout`: the deadline, in
 * whatever phase. `http`: no or a malformed response. `body`: the response broke off after its headers. `aborted`: by
 * the request's signal or by `close`.
 */
export type TransportErrorClass =
  "dns" | "blocked" | "connect" | "tls" | "timeout" | "http" | "body" | "aborted";

/** Milliseconds from the start of the attempt to the end of each phase; absent where the phase did not happen. */
export interface TransportTimings {
  readonly dnsMs?: number;
  readonly connectMs?: number;
  readonly firstByteMs?: number;
  readonly totalMs: number;
}

export type TransportOutcome =
  | {
      readonly kind: "response";
      readonly status: number;
      /** Lower-case names; repeated fields joined with a comma and a space. */
      readonly headers: Readonly<Record<string, string>>;
      /** The first `maxResponseBytes` of the body. */
      readonly body: Uint8Array;
      readonly truncated: boolean;
      readonly timings: TransportTimings;
      /** The address that was dialled, where the transport knows it. */
      readonly address?: string;
    }
  | {
      readonly kind: "error";
      readonly errorClass: TransportErrorClass;
      /** A system or TLS code such as `ECONNREFUSED`, where there is one. */
      readonly code?: string;
      /** The status that had been received when the rest of the response failed. */
      readonly status?: number;
      /** For the attempt's record: what was wrong and, where the operator can mend it, how. */
      readonly message: string;
      readonly timings: TransportTimings;
      readonly address?: string;
    };

/** Carries one request to one endpoint. Never rejects: whatever happens on the network is an outcome. */
export interface Transport {
  send(request: TransportRequest): Promise<TransportOutcome>;
  /** Closes idle connections; requests in flight end with class `aborted`. */
  close(): void;
}
