import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { createSecureContext } from "node:tls";
import type { ConnectionOptions } from "node:tls";
import type { DialReport } from "./dial-report.ts";
import { serverName } from "./host.ts";
import type { ProxyAddress } from "./proxy-tunnel.ts";
import { openTunnel } from "./proxy-tunnel.ts";
import type { Origin, RouteSettings } from "./route.ts";

/** Waits for the handshake of a socket whose TCP connection stands. @returns gives up */
export function awaitTls(
  origin: Origin,
  socket: Socket,
  ready: () => void,
  report: DialReport,
): () => void {
  let isOver = false;
  const onError = (error: unknown): void => {
    if (isOver) return;
    isOver = true;
    origin.session = undefined;
    socket.destroy();
    report.failed(error);
  };
  const onClose = (): void => onError(new Error("The connection closed in the TLS handshake"));
  socket.on("error", onError);
  socket.on("close", onClose);
  socket.once("secureConnect", () => {
    if (isOver) return;
    isOver = true;
    socket.off("error", onError);
    socket.off("close", onClose);
    ready();
  });
  keepSessions(origin, socket);
  return () => {
    isOver = true;
    socket.destroy();
  };
}

/** Many times what a server needs: there are thousands of origins, and each chooses how long its own is. */
const MAX_SESSION_BYTES = 8 * 1024;

/** Tickets may come with any response, and more than once. */
function keepSessions(origin: Origin, socket: Socket): void {
  socket.on("session", (session: Buffer) => {
    if (session.length <= MAX_SESSION_BYTES) origin.session = session;
  });
}

/** Opens a TLS connection through the proxy of an origin that has one. @returns gives up */
export function dialTunnel(origin: Origin, proxy: ProxyAddress, report: DialReport): () => void {
  let cancel: (() => void) | undefined;
  let isOver = false;
  const giveUp = (): void => {
    isOver = true;
    cancel?.();
  };
  const progress = {
    tunnelled: () => {
      if (!isOver) report.connected(undefined);
    },
    secured() {},
    cancelWith: (given: () => void) => void (cancel = given),
  };
  let tls: ConnectionOptions;
  try {
    tls = tlsOptions(origin);
  } catch (error) {
    report.failed(error);
    return giveUp;
  }
  openTunnel(proxy, { host: origin.host, port: origin.port, tls, progress }, (error, socket) => {
    if (isOver) {
      socket?.destroy();
      return;
    }
    isOver = true;
    if (error) {
      origin.session = undefined;
      report.failed(error);
    } else if (socket) {
      keepSessions(origin, socket);
      report.ready(socket, (receive) => {
        socket.on("data", (chunk: Uint8Array) => receive(chunk, chunk.length));
      });
    }
  });
  return giveUp;
}

/**
 * What a connection to an origin is opened with.
 * @throws whatever the runtime says about settings that it cannot read
 */
export function tlsOptions(origin: Origin): ConnectionOptions {
  const { settings, session } = origin;
  settings.secureContext ??= secureContextFor(settings);
  return {
    servername: serverName(origin.host),
    // Not left to the environment, which can switch it off for the whole process.
    rejectUnauthorized: true,
    ALPNProtocols: ["http/1.1"],
    // Made once: a context for each connection costs time, and 40 KiB on Node.
    secureContext: settings.secureContext,
    ...(session && { session }),
  };
}

function secureContextFor({ tls }: RouteSettings) {
  const { ca, cert, key } = tls ?? {};
  return createSecureContext({
    // Not left to the process, whose default can be lowered.
    minVersion: "TLSv1.2",
    ...(ca !== undefined && { ca: typeof ca === "string" ? ca : [...ca] }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  });
}
