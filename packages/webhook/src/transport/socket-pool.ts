import type { Connection } from "./connection.ts";
import { createDeadlineSweep } from "./deadline-sweep.ts";
import type { Origin } from "./route.ts";

export interface SocketPoolOptions {
  readonly maxIdleSockets: number;
  readonly maxIdlePerOrigin: number;
  readonly idleTimeoutMs: number;
  /** Closes a connection that is not to be used again; it has left the pool. */
  readonly close: (connection: Connection) => void;
}

/** Connections without a request. Each call takes the same time, however many there are. */
export interface SocketPool {
  /** The one of the origin that was used last. */
  take(origin: Origin, now: number): Connection | undefined;
  /** Keeps a connection for the next request, or closes it, or the one that has been idle for the longest. */
  put(connection: Connection, now: number): void;
  /** Waits a while for the rest of a response that nobody wants any more. */
  drain(connection: Connection, now: number): void;
  /** The rest has come, or the connection has closed. */
  forget(connection: Connection): void;
  /** Closes the idle connections of one origin. */
  dropIdle(origin: Origin): void;
  /** Closes all of them, and those that are drained. */
  close(): void;
}

/** What is not here by then costs more to wait for than a new connection. */
const DRAIN_MS = 1_000;

export function createSocketPool(options: SocketPoolOptions): SocketPool {
  const { maxIdleSockets, maxIdlePerOrigin, idleTimeoutMs } = options;
  // Two, although one could hold both: the oldest idle one is wanted, not the oldest of all.
  const idle = createDeadlineSweep<Connection>({ onDue: expire, keepsAlive: false });
  const drained = createDeadlineSweep<Connection>({ onDue: options.close, keepsAlive: false });

  function expire(connection: Connection): void {
    leaveOrigin(connection);
    options.close(connection);
  }

  const drop = (connection: Connection | undefined): void => {
    if (!connection) return;
    idle.remove(connection);
    expire(connection);
  };

  const dropIdle = (origin: Origin): void => {
    for (const connection of origin.idle.splice(0)) drop(connection);
  };

  return {
    take(origin, now) {
      for (;;) {
        const connection = origin.idle.pop();
        if (!connection) return undefined;
        idle.remove(connection);
        if (connection.usableUntil > now) return connection;
        options.close(connection);
      }
    },
    put(connection, now) {
      if (maxIdleSockets === 0 || maxIdlePerOrigin === 0) {
        options.close(connection);
        return;
      }
      const { idle: siblings } = connection.origin;
      if (siblings.length >= maxIdlePerOrigin) drop(siblings[0]);
      else if (idle.size() >= maxIdleSockets) drop(idle.oldest(idleTimeoutMs));
      siblings.push(connection);
      idle.add(connection, idleTimeoutMs, now);
    },
    drain(connection, now) {
      connection.isDraining = true;
      drained.add(connection, DRAIN_MS, now);
    },
    forget(connection) {
      if (connection.isDraining) drained.remove(connection);
      else if (connection.bucket) {
        idle.remove(connection);
        leaveOrigin(connection);
      }
      connection.isDraining = false;
    },
    dropIdle,
    close() {
      for (const connection of idle.items()) drop(connection);
      for (const connection of drained.items()) {
        drained.remove(connection);
        options.close(connection);
      }
    },
  };
}

function leaveOrigin(connection: Connection): void {
  const { idle } = connection.origin;
  const index = idle.indexOf(connection);
  if (index >= 0) idle.splice(index, 1);
}
