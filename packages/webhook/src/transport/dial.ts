import { connect as connectTcp } from "node:net";
import type { OnReadOpts, Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { inTurn, raceAddresses } from "./address-race.ts";
import { codeOf } from "./failure.ts";
import type { Resolve, ResolvedAddress } from "./pinned-lookup.ts";
import type { DialReport, Receive } from "./dial-report.ts";
import type { Origin } from "./route.ts";
import { awaitTls, dialTunnel, tlsOptions } from "./tls-dial.ts";

export interface DialerOptions {
  /** Gives out only addresses that may be dialled. */
  readonly resolve: Resolve;
  /** The name of an origin has an address now that may not be dialled. */
  readonly onRefused: (origin: Origin) => void;
}

export interface Dialer {
  /** Opens a connection. @returns gives up */
  dial(origin: Origin, report: DialReport): () => void;
  /** Checks an origin's addresses again where that was long ago. Nobody waits for it. */
  recheck(origin: Origin, now: number): void;
}

/** How old the check of a name's addresses may become while its connections are used. */
const RECHECK_AFTER_MS = 30_000;
/** Dials at the same time share one lookup, but not one that may never end. */
const SHARE_LOOKUP_MS = 5_000;
/** Whoever owns a name says how many addresses it has; an attempt must not become a scan of them. */
const MAX_DIALLED = 16;
/** Of all sockets together: what is in it is used before the next one is read. */
const READ_BUFFER_BYTES = 64 * 1024;
/** What the default of 250 ms allows each address of a proxy is too little for one that is further away. */
const PROXY_ADDRESS_MS = 2_000;

export function createDialer({ resolve, onRefused }: DialerOptions): Dialer {
  const buffer = new Uint8Array(READ_BUFFER_BYTES);

  const startLookup = (origin: Origin): Promise<readonly ResolvedAddress[]> => {
    const lookup = resolve(origin.host).then(
      (addresses) => {
        if (origin.lookup === lookup) origin.lookup = undefined;
        origin.checkedAt = performance.now();
        return addresses;
      },
      (error: unknown) => {
        if (origin.lookup === lookup) origin.lookup = undefined;
        if (codeOf(error) === "BLOCKED_ADDRESS") onRefused(origin);
        throw error;
      },
    );
    origin.lookup = lookup;
    origin.lookupAt = performance.now();
    return lookup;
  };

  const lookUp = (origin: Origin): Promise<readonly ResolvedAddress[]> =>
    origin.lookup && performance.now() - origin.lookupAt < SHARE_LOOKUP_MS
      ? origin.lookup
      : startLookup(origin);

  const connect = (
    origin: Origin,
    addresses: readonly string[],
    report: DialReport,
  ): (() => void) => {
    const { proxy } = origin.settings;
    const readers = new Map<Socket, Reader>();
    if (addresses.length === 1) report.dialling(proxy ? undefined : addresses[0]);
    let undo = raceAddresses({
      addresses,
      open(address) {
        const reader = createReader(buffer);
        const target = {
          host: address,
          port: proxy?.port ?? origin.port,
          autoSelectFamilyAttemptTimeout: PROXY_ADDRESS_MS,
          onread: reader.onread,
        };
        const socket =
          origin.secure && !proxy
            ? connectTls({ ...tlsOptions(origin), ...target })
            : connectTcp(target);
        readers.set(socket, reader);
        return socket;
      },
      won(socket, address) {
        const reader = readers.get(socket);
        readers.clear();
        report.connected(proxy ? undefined : address);
        const ready = (): void => report.ready(socket, (receive) => reader?.readInto(receive));
        if (origin.secure && !proxy) undo = awaitTls(origin, socket, ready, report);
        else ready();
      },
      lost: (error) => report.failed(error),
    });
    return () => undo();
  };

  const dialByName = (origin: Origin, report: DialReport): (() => void) => {
    let undo: (() => void) | undefined;
    let isOver = false;
    const run = async (): Promise<void> => {
      try {
        const addresses = await lookUp(origin);
        if (isOver) return;
        report.resolved();
        undo = connect(origin, inTurn(addresses).slice(0, MAX_DIALLED), report);
      } catch (error) {
        if (!isOver) report.failed(error);
      }
    };
    void run();
    return () => {
      isOver = true;
      undo?.();
    };
  };

  return {
    dial(origin, report) {
      const { proxy } = origin.settings;
      if (proxy && origin.secure) return dialTunnel(origin, proxy, report);
      if (proxy) return connect(origin, [proxy.host], report);
      if (!origin.isResolved) return connect(origin, [origin.host], report);
      return dialByName(origin, report);
    },
    recheck(origin, now) {
      if (!origin.isResolved || now - origin.checkedAt < RECHECK_AFTER_MS) return;
      // Once for this time, even if it fails: a name server that is down must not cost connections that work.
      origin.checkedAt = now;
      lookUp(origin).catch(() => {});
    },
  };
}

interface Reader {
  readonly onread: OnReadOpts;
  readInto(receive: Receive): void;
}

/** Reads without an event or a buffer for each piece. */
function createReader(buffer: Uint8Array): Reader {
  let receive: Receive | undefined;
  return {
    onread: {
      buffer,
      callback(length, bytes) {
        receive?.(bytes, length);
        return true;
      },
    },
    readInto: (given) => void (receive = given),
  };
}
