import { readFileSync } from "node:fs";
import { createNetworkPolicy } from "../../src/transport/network-policy.ts";
import { createSocketTransport } from "../../src/transport/socket-transport.ts";
import type {
  TlsSettings,
  Transport,
  TransportOutcome,
  TransportRequest,
} from "../../src/transport/transport.ts";

/** Where a server listens, all on 127.0.0.1. It answers a POST to `/` with 200 and "hello". */
export interface ServerPorts {
  readonly plain?: number;
  readonly tls12?: number;
  readonly tls13?: number;
  /** With a certificate that has expired. */
  readonly expired?: number;
  /** With a certificate that is signed by itself. */
  readonly selfSigned?: number;
  /** Which wants a client certificate. */
  readonly clientCertificate?: number;
  /** Without TLS, and with an end to connections that have been idle for a second. */
  readonly shortLived?: number;
}

/** A server that somebody else has written. */
export interface CheckedServer {
  readonly name: string;
  readonly ports: ServerPorts;
  /** Whether `/large` answers with `LARGE_BYTES` bytes, `/chunked` with as many in chunks, and `/none` with 204. */
  readonly hasPaths: boolean;
  /** Whether `/early` answers 100 and 103 before the final response. */
  readonly hasEarly?: boolean;
  /** Whether it keeps connections. */
  readonly keeps: boolean;
  /** What it answers a POST to `/` with. */
  readonly status: number;
  /** How many connections it can be asked to take at a time. */
  readonly atOnce: number;
  readonly stop: () => unknown;
}

export const LARGE_BYTES = 300_000;

export interface CheckResult {
  readonly check: string;
  /** What went otherwise than it should; `undefined` where nothing did. */
  readonly problem: string | undefined;
}

export function tlsFile(name: string): string {
  return readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), "utf8");
}

const ca = tlsFile("ca.pem");

function requestTo(url: string, changes: Partial<TransportRequest> = {}): TransportRequest {
  return {
    url,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: new TextEncoder().encode('{"orderId":"123"}'),
    timeoutMs: 10_000,
    maxResponseBytes: 16_384,
    ...changes,
  };
}

function describeOutcome(outcome: TransportOutcome): string {
  return outcome.kind === "response"
    ? `${outcome.status}${outcome.truncated ? ", truncated" : ""}`
    : `${outcome.errorClass} ${outcome.code ?? ""}: ${outcome.message}`;
}

type Matcher = (outcome: TransportOutcome) => boolean;

const hasStatus =
  (wanted: number): Matcher =>
  (outcome) =>
    outcome.kind === "response" && outcome.status === wanted;

const isTlsError =
  (code = /^/): Matcher =>
  (outcome) =>
    outcome.kind === "error" && outcome.errorClass === "tls" && code.test(outcome.code ?? "");

const hasBody =
  (length: number, truncated: boolean): Matcher =>
  (outcome) =>
    outcome.kind === "response" &&
    outcome.body.length === length &&
    outcome.truncated === truncated;

const isChunked =
  (length: number): Matcher =>
  (outcome) =>
    hasBody(length, false)(outcome) &&
    outcome.kind === "response" &&
    outcome.headers["transfer-encoding"] === "chunked";

/** One request and what is to come of it. */
interface Expectation {
  readonly check: string;
  readonly request: TransportRequest;
  readonly matches: Matcher;
}

function plainExpectations(port: number, server: CheckedServer): Expectation[] {
  const { status, hasPaths, hasEarly = false } = server;
  const url = `http://hook.example.test:${port}`;
  const long = new Uint8Array(2_000_000).fill(0x61);
  const none = new Uint8Array(0);
  return [
    {
      check: "a body of 2 MB",
      request: requestTo(`${url}/`, { body: long }),
      matches: hasStatus(status),
    },
    {
      check: "no body",
      request: requestTo(`${url}/`, { body: none }),
      matches: hasStatus(status),
    },
    ...(hasPaths
      ? [
          { check: "204", request: requestTo(`${url}/none`), matches: hasStatus(204) },
          {
            check: "the first 16 KiB of a long response",
            request: requestTo(`${url}/large`),
            matches: hasBody(16_384, true),
          },
          {
            check: "all of a long response",
            request: requestTo(`${url}/large`, { maxResponseBytes: 1_000_000 }),
            matches: hasBody(LARGE_BYTES, false),
          },
          {
            check: "a response in chunks",
            request: requestTo(`${url}/chunked`, { maxResponseBytes: 1_000_000 }),
            matches: isChunked(LARGE_BYTES),
          },
        ]
      : []),
    ...(hasEarly
      ? [
          {
            check: "100 and 103 before it",
            request: requestTo(`${url}/early`),
            matches: hasStatus(status),
          },
        ]
      : []),
  ];
}

function versionExpectations(version: string, port: number): Expectation[] {
  return [
    {
      check: `${version}: another name is refused`,
      request: requestTo(`https://other.example.test:${port}/`, { tls: { ca } }),
      matches: isTlsError(/ALTNAME/),
    },
    {
      check: `${version}: without the authority`,
      request: requestTo(`https://hook.example.test:${port}/`),
      matches: isTlsError(),
    },
  ];
}

function certificateExpectations({ ports, status }: CheckedServer): Expectation[] {
  const client = { ca, cert: tlsFile("client.pem"), key: tlsFile("client.key") };
  const isRefusal: Matcher = (outcome) => isTlsError()(outcome) || hasStatus(400)(outcome);
  const wanted: readonly [string, number | undefined, TlsSettings, Matcher][] = [
    ["an expired certificate", ports.expired, { ca }, isTlsError(/EXPIRED/)],
    ["self-signed, not trusted", ports.selfSigned, { ca }, isTlsError()],
    [
      "self-signed, trusted",
      ports.selfSigned,
      { ca: tlsFile("self-signed.pem") },
      hasStatus(status),
    ],
    ["a client certificate", ports.clientCertificate, client, hasStatus(status)],
    ["no client certificate where one is wanted", ports.clientCertificate, { ca }, isRefusal],
  ];
  return wanted.flatMap(([check, port, tls, matches]) =>
    port === undefined
      ? []
      : [{ check, request: requestTo(`https://hook.example.test:${port}/`, { tls }), matches }],
  );
}

/** Runs all that a server can be asked. */
export async function checkServer(server: CheckedServer): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  const { plain, tls12, tls13, shortLived } = server.ports;
  const transport = createSocketTransport({
    policy: createNetworkPolicy({ allow: ["127.0.0.1"] }),
    resolve: async () => [{ address: "127.0.0.1", family: 4 }],
  });
  const expectations: Expectation[] = [];
  if (plain !== undefined) {
    const request = requestTo(`http://hook.example.test:${plain}/`);
    results.push(
      { check: "20 in a row", problem: await many(transport, request, server, 1) },
      { check: "many at once", problem: await many(transport, request, server, server.atOnce) },
    );
    expectations.push(...plainExpectations(plain, server));
  }
  if (shortLived !== undefined) {
    const request = requestTo(`http://hook.example.test:${shortLived}/`);
    results.push({
      check: "idle connections that are closed as they are used",
      problem: await closing(transport, request, server),
    });
  }
  for (const [version, port] of Object.entries({ tls12, tls13 })) {
    if (port === undefined) continue;
    const request = requestTo(`https://hook.example.test:${port}/`, { tls: { ca } });
    const problem = await many(transport, request, server, 1);
    results.push({ check: `${version}: 20 in a row`, problem });
    expectations.push(...versionExpectations(version, port));
  }
  for (const { check, request, matches } of [...expectations, ...certificateExpectations(server)]) {
    const outcome = await transport.send(request);
    const problem = matches(outcome) ? undefined : `saw ${describeOutcome(outcome)}`;
    results.push({ check, problem });
  }
  transport.close();
  return results;
}

/** @returns what went wrong */
async function many(
  transport: Transport,
  request: TransportRequest,
  server: CheckedServer,
  atOnce: number,
): Promise<string | undefined> {
  let dialled = 0;
  const rounds = atOnce === 1 ? 20 : 5;
  for (let round = 0; round < rounds; round += 1) {
    const outcomes = await Promise.all(
      Array.from({ length: atOnce }, () => transport.send(request)),
    );
    for (const outcome of outcomes) {
      if (outcome.kind === "error" || outcome.status !== server.status) {
        return `saw ${describeOutcome(outcome)} in round ${round + 1}`;
      }
      if (outcome.timings.connectMs !== undefined) dialled += 1;
    }
  }
  // One may be dialled for what the endpoint has closed meanwhile.
  const most = server.keeps ? atOnce + 1 : rounds * atOnce;
  return dialled <= most ? undefined : `dialled ${dialled} times for ${rounds * atOnce} requests`;
}

const IDLE_MS = 1_000;

/**
 * Uses idle connections just when the server closes them, some before, some after, some at that moment.
 * @returns what went wrong
 */
async function closing(
  transport: Transport,
  request: TransportRequest,
  server: CheckedServer,
): Promise<string | undefined> {
  const sendAt = async (afterMs: number): Promise<TransportOutcome> => {
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    return transport.send(request);
  };
  for (const around of [0, IDLE_MS, IDLE_MS]) {
    const outcomes = await Promise.all(
      Array.from({ length: server.atOnce }, (_each, index) =>
        sendAt(around === 0 ? 0 : around - server.atOnce / 2 + index),
      ),
    );
    const bad = outcomes.find((outcome) => !hasStatus(server.status)(outcome));
    if (bad) return `saw ${describeOutcome(bad)}`;
  }
  return undefined;
}
