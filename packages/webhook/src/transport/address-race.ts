import type { Socket } from "node:net";

/** Opens connections until one stands. */
export interface AddressRace {
  /** In the order in which they are to be tried; one or more. */
  readonly addresses: readonly string[];
  /** Begins to connect; may throw. */
  readonly open: (address: string) => Socket;
  /** Called at most once, with the first socket that is connected; nothing listens to it any more. */
  readonly won: (socket: Socket, address: string) => void;
  /** Called at most once, with what the first address failed with. */
  readonly lost: (error: unknown) => void;
  /** Runs a task later. @returns cancels it */
  readonly after?: (delayMs: number, task: () => void) => () => void;
}

/** As long as RFC 8305 recommends (section 5). */
const NEXT_ADDRESS_AFTER_MS = 250;

const afterTimeout = (delayMs: number, task: () => void): (() => void) => {
  const timer = setTimeout(task, delayMs);
  return () => clearTimeout(timer);
};

/**
 * Connects to the first address, to the next one 250 ms later or as soon as the one before has failed, and so on: the
 * first to connect wins, and the others are given up.
 * Source: https://www.rfc-editor.org/rfc/rfc8305#section-5
 * @returns gives up
 */
export function raceAddresses(race: AddressRace): () => void {
  const { addresses, after = afterTimeout } = race;
  const pending = new Set<Socket>();
  let next = 0;
  let isOver = false;
  let firstError: unknown;
  let cancelNext: (() => void) | undefined;

  const end = (winner?: Socket): void => {
    isOver = true;
    cancelNext?.();
    for (const socket of pending) if (socket !== winner) socket.destroy();
    pending.clear();
  };

  const failOne = (error: unknown): void => {
    firstError ??= error;
    if (next < addresses.length) return startNext();
    if (pending.size > 0) return;
    end();
    race.lost(firstError);
  };

  const startNext = (): void => {
    cancelNext?.();
    const address = addresses[next];
    if (isOver || address === undefined) return;
    next += 1;
    let socket: Socket;
    try {
      socket = race.open(address);
    } catch (error) {
      failOne(error);
      return;
    }
    pending.add(socket);
    if (next < addresses.length) cancelNext = after(NEXT_ADDRESS_AFTER_MS, startNext);

    // It stays: a socket that is given up may still report an error, which must not end the process.
    const onError = (error: unknown): void => {
      if (!isOver && pending.delete(socket)) failOne(error);
    };
    const onClose = (): void => onError(new Error("The connection closed before it stood"));
    socket.on("error", onError);
    socket.on("close", onClose);
    socket.once("connect", () => {
      if (isOver) return;
      socket.off("error", onError);
      socket.off("close", onClose);
      end(socket);
      race.won(socket, address);
    });
  };

  startNext();
  return () => {
    if (!isOver) end();
  };
}

/** Addresses of the two families in turn, beginning with that of the first (RFC 8305, section 4). */
export function inTurn(
  addresses: readonly { readonly address: string; readonly family: 4 | 6 }[],
): readonly string[] {
  const first = addresses.filter(({ family }) => family === addresses[0]?.family);
  const second = addresses.filter(({ family }) => family !== addresses[0]?.family);
  const ordered: string[] = [];
  for (let index = 0; index < Math.max(first.length, second.length); index += 1) {
    for (const list of [first, second]) {
      const found = list[index];
      if (found) ordered.push(found.address);
    }
  }
  return ordered;
}
