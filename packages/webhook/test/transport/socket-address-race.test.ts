import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { inTurn, raceAddresses } from "../../src/transport/address-race.ts";
import { createManualClock } from "../../src/testing/manual-clock.ts";

const v6 = (address: string) => ({ address, family: 6 as const });
const v4 = (address: string) => ({ address, family: 4 as const });

/** Sockets that do what the test says, at the time of a clock that the test moves. */
function start(addresses: readonly string[], failsToOpen: readonly string[] = []) {
  const clock = createManualClock();
  const opened = new Map<string, EventEmitter & { destroyed: boolean }>();
  const log: string[] = [];
  const cancel = raceAddresses({
    addresses,
    open(address) {
      log.push(`open ${address}`);
      if (failsToOpen.includes(address)) throw new Error(`cannot open ${address}`);
      const socket = Object.assign(new EventEmitter(), {
        destroyed: false,
        destroy() {
          socket.destroyed = true;
          log.push(`destroy ${address}`);
        },
      });
      opened.set(address, socket);
      return socket as unknown as Socket;
    },
    won: (_socket, address) => log.push(`won ${address}`),
    lost: (error) => log.push(`lost: ${(error as Error).message}`),
    after: (delayMs, task) => clock.after(delayMs, task),
  });
  const fail = (address: string) => opened.get(address)?.emit("error", new Error(address));
  const connect = (address: string) => opened.get(address)?.emit("connect");
  return { clock, log, cancel, fail, connect, opened };
}

describe("a race of addresses", () => {
  test("tries the next address after 250 ms, and keeps the first one running", async () => {
    const { clock, log, connect } = start(["a", "b", "c"]);
    await clock.advance(249);
    expect(log).toEqual(["open a"]);
    await clock.advance(1);
    expect(log).toEqual(["open a", "open b"]);
    connect("a");
    expect(log.slice(2)).toEqual(["destroy b", "won a"]);
    await clock.advance(1_000);
    expect(log).toHaveLength(4);
  });

  test("tries the next address as soon as one has failed", async () => {
    const { clock, log, fail, connect } = start(["a", "b", "c"]);
    fail("a");
    expect(log).toEqual(["open a", "open b"]);
    await clock.advance(100);
    expect(log).toHaveLength(2);
    await clock.advance(150);
    expect(log.at(-1)).toBe("open c");
    connect("c");
    expect(log.slice(3)).toEqual(["destroy b", "won c"]);
  });

  test("is lost with the first address's error, once all have failed", () => {
    const { log, fail, opened } = start(["a", "b"], []);
    fail("a");
    fail("b");
    expect(log).toEqual(["open a", "open b", "lost: a"]);
    // A late error of a socket that was given up must not end the process.
    opened.get("a")?.emit("error", new Error("late"));
    expect(log).toHaveLength(3);
  });

  test("goes on where an address cannot even be opened, or closes without an error", () => {
    const { log, opened } = start(["a", "b"], ["a"]);
    opened.get("b")?.emit("close");
    expect(log).toEqual(["open a", "open b", "lost: cannot open a"]);
  });

  test("that is given up destroys what is open, and opens no more", async () => {
    const { clock, log, cancel, connect } = start(["a", "b"]);
    cancel();
    connect("a");
    await clock.advance(1_000);
    expect(log).toEqual(["open a", "destroy a"]);
  });

  test("takes the two families in turn, beginning with that of the first", () => {
    expect(inTurn([v6("1"), v6("2"), v6("3"), v4("a"), v4("b")])).toEqual([
      "1",
      "a",
      "2",
      "b",
      "3",
    ]);
    expect(inTurn([v4("a"), v6("1"), v6("2")])).toEqual(["a", "1", "2"]);
    expect(inTurn([v4("a")])).toEqual(["a"]);
  });
});
