import type { Socket } from "node:net";
import type { Swept } from "./deadline-sweep.ts";
import type { ResponseParser } from "./response-parser.ts";
import type { Origin } from "./route.ts";
import type { SocketAttempt } from "./socket-attempt.ts";

/** A socket to an endpoint that stands, and what it is doing. */
export interface Connection extends Swept<Connection> {
  readonly socket: Socket;
  readonly origin: Origin;
  /** The origin's, when it was dialled. */
  readonly generation: number;
  /** The address that was dialled; `undefined` behind a proxy. */
  readonly address: string | undefined;
  readonly parser: ResponseParser;
  /** As of `performance.now()`. */
  readonly openedAt: number;
  /** The one whose request is under way. */
  attempt: SocketAttempt | undefined;
  /** Until when it may be used again, once it is idle; as of `performance.now()`. */
  usableUntil: number;
  /** Its request is to be written at the end of the turn: whatever comes before that is no answer to it. */
  isUnsent: boolean;
  /** The outcome is told, and the rest of the response is being thrown away. */
  isDraining: boolean;
  isClosed: boolean;
}

/** A connection on which nothing has been sent. */
export function newConnection(
  given: Pick<Connection, "socket" | "origin" | "generation" | "address" | "parser" | "openedAt">,
): Connection {
  return {
    socket: given.socket,
    origin: given.origin,
    generation: given.generation,
    address: given.address,
    parser: given.parser,
    openedAt: given.openedAt,
    attempt: undefined,
    usableUntil: Number.POSITIVE_INFINITY,
    isUnsent: false,
    isDraining: false,
    isClosed: false,
    dueAt: 0,
    bucket: undefined,
    before: undefined,
    after: undefined,
  };
}

/** Gives a connection to an attempt, whose request is to be written then; what comes back is the attempt's. */
export function assign(attempt: SocketAttempt, connection: Connection, isReused: boolean): void {
  attempt.connection = connection;
  attempt.address = connection.address;
  attempt.phase = "http";
  attempt.isReused = isReused;
  connection.attempt = attempt;
  connection.parser.begin(attempt.request.maxResponseBytes);
}

/** Ends a connection; whoever waits for it is to be told by the caller. */
export function closeConnection(connection: Connection): void {
  if (connection.isClosed) return;
  connection.isClosed = true;
  connection.socket.destroy();
}
