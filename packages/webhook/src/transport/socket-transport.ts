import type { Connection } from "./connection.ts";
import { assign, closeConnection, newConnection } from "./connection.ts";
import { createDeadlineSweep } from "./deadline-sweep.ts";
import type { Receive } from "./dial-report.ts";
import { createDialer } from "./dial.ts";
import { classOfPhase, codeOf, isConnectionLost, messageOf, timeoutMessage } from "./failure.ts";
import type { NetworkPolicy } from "./network-policy.ts";
import type { Resolve } from "./pinned-lookup.ts";
import { createVettedResolver } from "./pinned-lookup.ts";
import type { ParserState } from "./response-parser.ts";
import { createResponseParser } from "./response-parser.ts";
import { createRoutes } from "./route.ts";
import { createSignalWatch } from "./signal-watch.ts";
import type { AttemptError, SocketAttempt } from "./socket-attempt.ts";
import {
  classOfRefusal,
  errorOutcome,
  hungUp,
  newAttempt,
  refusal,
  responseOutcome,
} from "./socket-attempt.ts";
import { createSocketPool } from "./socket-pool.ts";
import { createTextTable } from "./text-table.ts";
import type {
  Transport,
  TransportErrorClass,
  TransportOutcome,
  TransportRequest,
} from "./transport.ts";
import { integer } from "./whole-number.ts";
import { createWriteTurn } from "./write-turn.ts";

export interface SocketTransportOptions {
  readonly policy: NetworkPolicy;
  /** Looks host names up. Default: the operating system, as `dns.lookup` does. */
  readonly resolve?: Resolve;
  /**
   * Connections kept open in all while no request uses them. 0 or more, default 1,024. Where more endpoints than this take
   * turns, each request dials: several times the work, with TLS more than ten times. One takes about 10 KiB on Bun and 20
   * on Node, with TLS 20 and 60.
   */
  readonly maxIdleSockets?: number;
  /** Of these, how many may lead to one origin with the same TLS settings and proxy. 0 or more, default 64. */
  readonly maxIdlePerOrigin?: number;
  /** How long such a connection is kept, in milliseconds. 1 to 2^31 - 1, default 15,000. */
  readonly idleTimeoutMs?: number;
}

/**
 * Sends HTTP/1.1 over `node:net` and `node:tls` with connections that are kept. The promises are those of
 * `createHttpTransport`, whose work this does with less of it per request.
 *
 * A name is resolved when a connection is opened: every address must pass the policy, and only the checked ones are
 * dialled. A connection keeps its address; while its origin is in use, the name is resolved again every 30 seconds beside
 * the requests. An answer that does not pass, then or at a new connection, ends all connections to that origin once they
 * have no request. No connection is used for longer than five minutes, so that a name that has moved is followed. Of a name
 * with very many addresses, 16 are dialled.
 *
 * With a proxy, the proxy resolves the name: of the policy only what the URL tells is checked (scheme, port, address
 * literals, localhost), so the proxy itself must keep inner networks closed. The proxy's own address is not checked.
 *
 * An idle connection that the endpoint closes just as it is used again is replaced by a new one, once, within the same
 * deadline, unless a byte of a response has come.
 *
 * Of a response, status line and fields together may take 16 KiB and there may be 128 fields. Beyond the part of a body
 * that is kept, up to 64 KiB are read, for at most a second, so that the connection can be used again.
 * @throws WebhookError `INVALID_OPTION`
 */
export function createSocketTransport(options: SocketTransportOptions): Transport {
  const pool = createSocketPool({
    maxIdleSockets: integer("maxIdleSockets", options.maxIdleSockets ?? 1_024, 0),
    maxIdlePerOrigin: integer("maxIdlePerOrigin", options.maxIdlePerOrigin ?? 64, 0),
    idleTimeoutMs: integer("idleTimeoutMs", options.idleTimeoutMs ?? 15_000, 1),
    close: closeConnection,
  });
  const routes = createRoutes(options.policy);
  const texts = createTextTable();
  const writes = createWriteTurn();
  const dialer = createDialer({
    resolve: createVettedResolver(options.policy, options.resolve),
    onRefused(origin) {
      origin.generation += 1;
      pool.dropIdle(origin);
    },
  });
  const attempts = createDeadlineSweep<SocketAttempt>({
    onDue: (attempt) =>
      stop(attempt, "timeout", timeoutMessage(attempt.request.timeoutMs, attempt.phase)),
    keepsAlive: true,
  });
  const signals = createSignalWatch((signal) => {
    for (const attempt of attempts.items()) {
      if (attempt.request.signal === signal) stop(attempt, "aborted", ABORTED);
    }
  });
  let isClosed = false;

  const finish = (attempt: SocketAttempt, outcome: TransportOutcome): void => {
    attempt.isSettled = true;
    attempt.connection = undefined;
    attempts.remove(attempt);
    const { signal } = attempt.request;
    if (signal) signals.release(signal);
    attempt.settle(outcome);
  };

  const fail = (
    attempt: SocketAttempt,
    errorClass: TransportErrorClass,
    message: string,
    code?: string,
  ): void => {
    if (attempt.isSettled) return;
    const totalMs = performance.now() - attempt.startedAt;
    finish(attempt, errorOutcome(attempt, errorOf(errorClass, message, code), totalMs));
  };

  const failWith = (attempt: SocketAttempt, error: unknown): void => {
    const code = codeOf(error);
    fail(attempt, classOfPhase(attempt.phase, code), messageOf(error), code);
  };

  /** Fails an attempt and undoes the work in hand. */
  const stop = (attempt: SocketAttempt, errorClass: TransportErrorClass, message: string): void => {
    const { connection, cancelDial } = attempt;
    fail(attempt, errorClass, message);
    if (connection) {
      connection.attempt = undefined;
      closeConnection(connection);
    }
    cancelDial?.();
  };

  const dial = (attempt: SocketAttempt): void => {
    const { origin } = attempt.route;
    // As of now: what is refused while this is under way may concern its address.
    const { generation } = origin;
    attempt.phase = origin.isResolved ? "dns" : "connect";
    attempt.address = undefined;
    const elapsed = (): number => performance.now() - attempt.startedAt;
    const cancel = dialer.dial(origin, {
      resolved() {
        attempt.dnsMs = elapsed();
        attempt.phase = "connect";
      },
      dialling: (address) => void (attempt.address = address),
      connected(address) {
        attempt.address = address;
        if (origin.secure) attempt.phase = "tls";
      },
      ready(socket, readInto) {
        attempt.cancelDial = undefined;
        attempt.connectMs = elapsed();
        const parser = createResponseParser(texts);
        const connection = newConnection({
          socket,
          origin,
          generation,
          address: attempt.address,
          parser,
          openedAt: attempt.startedAt + attempt.connectMs,
        });
        readInto(watch(connection));
        assign(attempt, connection, false);
        socket.write(attempt.bytes);
      },
      failed(error) {
        attempt.cancelDial = undefined;
        failWith(attempt, error);
      },
    });
    if (!attempt.isSettled) attempt.cancelDial = cancel;
  };

  /** Attaches all that a connection ever listens to. @returns takes what is read */
  const watch = (connection: Connection): Receive => {
    const { socket } = connection;
    socket.setNoDelay(true);
    // The attempts' deadlines keep the process alive; an idle connection does not.
    socket.unref();
    socket.on("error", (error) => lose(connection, error));
    socket.on("end", () => endOf(connection));
    socket.on("close", () => lose(connection, undefined));
    return (bytes, length) => receive(connection, bytes, length);
  };

  const receive = (connection: Connection, bytes: Uint8Array, length: number): void => {
    const { attempt, parser } = connection;
    if (connection.isClosed) return;
    if (attempt && !connection.isUnsent) {
      follow(connection, attempt, parser.push(bytes, length));
      return;
    }
    // Bytes that belong to no request.
    if (!connection.isDraining) lose(connection, undefined);
    else if (parser.push(bytes, length) !== "surplus") {
      pool.forget(connection);
      release(connection, performance.now());
    }
  };

  /** Does what has become possible with the last bytes. */
  const follow = (connection: Connection, attempt: SocketAttempt, state: ParserState): void => {
    if (state === "head") return;
    const now = performance.now();
    const { parser } = connection;
    if (attempt.firstByteMs < 0 && parser.isAnswered()) {
      attempt.firstByteMs = now - attempt.startedAt;
      attempt.phase = "body";
    }
    if (state === "body") return;
    connection.attempt = undefined;
    if (state === "failed") {
      closeConnection(connection);
      const { code, message } = parser.fault() ?? { message: "malformed" };
      fail(attempt, classOfPhase(attempt.phase, code), message, code);
      return;
    }
    const outcome = responseOutcome(attempt, parser, now - attempt.startedAt);
    if (state === "surplus") pool.drain(connection, now);
    else release(connection, now);
    finish(attempt, outcome);
  };

  const release = (connection: Connection, now: number): void => {
    const { parser, socket, origin } = connection;
    const isOld = connection.generation !== origin.generation;
    // An endpoint may answer before it has read the whole request.
    if (isClosed || isOld || !parser.isReusable() || socket.writableLength > 0) {
      closeConnection(connection);
      return;
    }
    const keptMs = parser.head().keepAliveSeconds * 1000;
    // Less than it says: a request takes time to get there.
    const keptUntil = keptMs < 0 ? now + MAX_AGE_MS : now + keptMs - Math.min(1000, keptMs / 2);
    connection.usableUntil = Math.min(keptUntil, connection.openedAt + MAX_AGE_MS);
    pool.put(connection, now);
  };

  /** The endpoint sends no more. */
  const endOf = (connection: Connection): void => {
    const { attempt, parser } = connection;
    if (connection.isClosed) return;
    const state = attempt ? parser.end() : "head";
    if (attempt && (state === "complete" || parser.fault())) follow(connection, attempt, state);
    else lose(connection, undefined);
  };

  /** The connection is gone, or is of no more use. */
  const lose = (connection: Connection, error: Error | undefined): void => {
    if (connection.isClosed) return;
    pool.forget(connection);
    closeConnection(connection);
    const { attempt, parser, origin } = connection;
    if (!attempt) return;
    connection.attempt = undefined;
    const isLost = error === undefined || isConnectionLost(codeOf(error));
    if (isLost && attempt.isReused && !parser.hasBegun()) {
      attempt.connection = undefined;
      // The others that were idle may have gone with it. A dialled connection is not a used one: there is no third.
      pool.dropIdle(origin);
      dial(attempt);
      return;
    }
    failWith(attempt, error ?? hungUp(parser.isAnswered()));
  };

  const launch = (attempt: SocketAttempt): void => {
    const { request, startedAt, route } = attempt;
    const { signal, timeoutMs } = request;
    // Whatever is no time is over at once; and without an end there would be no timer to keep the process alive.
    const delayMs = timeoutMs > 0 ? Math.min(timeoutMs, Number.MAX_SAFE_INTEGER) : 0;
    attempts.add(attempt, delayMs, startedAt);
    if (signal) signals.acquire(signal);
    const { origin } = route;
    const connection = pool.take(origin, startedAt);
    if (!connection) return dial(attempt);
    dialer.recheck(origin, startedAt);
    assign(attempt, connection, true);
    // Node says a turn late that it has written to TLS; the answer would be there before, and end the connection.
    if (origin.secure) connection.socket.write(attempt.bytes);
    else writes.add(connection, attempt.bytes);
  };

  const begin = (request: TransportRequest, settle: (outcome: TransportOutcome) => void): void => {
    const now = performance.now();
    if (isClosed) return settle(refusal(errorOf("aborted", CLOSED), now));
    if (request.signal?.aborted) return settle(refusal(errorOf("aborted", ABORTED), now));
    let attempt: SocketAttempt;
    try {
      const route = routes.find(request);
      const bytes = route.writer.bytes(route.requestStart, request.headers, request.body);
      attempt = newAttempt(request, settle, route, bytes, now);
    } catch (error) {
      const code = codeOf(error);
      return settle(refusal(errorOf(classOfRefusal(code), messageOf(error), code), now));
    }
    launch(attempt);
  };

  return {
    send: (request) => new Promise((resolve) => begin(request, resolve)),
    close() {
      isClosed = true;
      for (const attempt of attempts.items()) stop(attempt, "aborted", CLOSED);
      pool.close();
      signals.close();
    },
  };
}

/** What an endpoint has moved away from may go on answering; connections are not kept to it for ever. */
const MAX_AGE_MS = 300_000;

const CLOSED = "The transport was closed";
const ABORTED = "The attempt was aborted";

function errorOf(errorClass: TransportErrorClass, message: string, code?: string): AttemptError {
  return { errorClass, message, code };
}
