import { describe, expect, it } from "vitest";
import type { DueQueue } from "../../src/store/due-queue.ts";
import { createDueQueue } from "../../src/store/due-queue.ts";
import { createRandom } from "../../src/testing/delivery-store-cases/random.ts";

function filled(times: readonly number[]): DueQueue<string> {
  const queue = createDueQueue<string>();
  for (const [index, at] of times.entries()) queue.push(at, `${at}/${index}`);
  return queue;
}

function drain<T>(queue: DueQueue<T>): (T | undefined)[] {
  return Array.from({ length: queue.size }, () => queue.pop());
}

describe("a due queue", () => {
  it("has nothing to give at first, and nothing when everything was taken", () => {
    const queue = createDueQueue<string>();
    const expectEmpty = (): void => {
      expect(queue.size).toBe(0);
      expect(queue.peekAt()).toBe(Number.POSITIVE_INFINITY);
      expect(queue.peek()).toBeUndefined();
      expect(queue.pop()).toBeUndefined();
    };
    expectEmpty();
    queue.push(5, "a");
    expect([queue.size, queue.peekAt(), queue.peek()]).toEqual([1, 5, "a"]);
    expect(queue.pop()).toBe("a");
    expectEmpty();
  });

  it("gives the earliest first, whatever the order of insertion", () => {
    const queue = filled([5, 1, 4, -3, 2.5, 0, 9e15, 3]);
    expect(drain(queue)).toEqual([
      "-3/3",
      "0/5",
      "1/1",
      "2.5/4",
      "3/7",
      "4/2",
      "5/0",
      "9000000000000000/6",
    ]);
  });

  it("gives equal times in the order of insertion", () => {
    const queue = filled([7, 7, 7, 7, 7, 7, 7, 7, 7, 7]);
    queue.push(1, "first");
    queue.pop();
    queue.push(7, "last");
    expect(drain(queue)).toEqual([
      ...Array.from({ length: 10 }, (_, index) => `7/${index}`),
      "last",
    ]);
  });

  it("agrees with a sorted list while it grows and shrinks", () => {
    const random = createRandom(1);
    const queue = createDueQueue<number>();
    const list: { at: number; value: number }[] = [];
    let added = 0;
    // It mostly grows for a while, then mostly shrinks: over every size from nothing to a thousand and more, twice.
    for (let step = 0; step < 12_000; step += 1) {
      const isGrowing = Math.floor(step / 3000) % 2 === 0;
      let taken: number | undefined;
      let expected: number | undefined;
      if (random.chance(isGrowing ? 0.7 : 0.3)) {
        const at = random.below(500);
        added += 1;
        queue.push(at, added);
        list.splice(list.findLastIndex((entry) => entry.at <= at) + 1, 0, { at, value: added });
      } else {
        taken = queue.pop();
        expected = list.shift()?.value;
      }
      expect(taken).toBe(expected);
      expect(queue.size).toBe(list.length);
      expect(queue.peek()).toBe(list[0]?.value);
      expect(queue.peekAt()).toBe(list[0]?.at ?? Number.POSITIVE_INFINITY);
    }
    expect(drain(queue)).toEqual(list.map((entry) => entry.value));
  });

  it("drops what fails a test and keeps the rest in order", () => {
    const times = Array.from({ length: 200 }, (_, index) => (index * 7) % 10);
    const queue = filled(times);
    queue.retain((value, at) => at % 2 === 0 && !value.endsWith("0"));
    // What comes later stands behind what was there.
    queue.push(4, "late");
    const expected = times
      .map((at, index) => ({ at, value: `${at}/${index}` }))
      .filter(({ at, value }) => at % 2 === 0 && !value.endsWith("0"));
    expected.push({ at: 4, value: "late" });
    expect(queue.size).toBe(expected.length);
    expect(drain(queue)).toEqual(
      expected.toSorted((a, b) => a.at - b.at).map(({ value }) => value),
    );
  });

  it("goes on after everything was dropped", () => {
    const queue = filled([3, 1, 2]);
    queue.retain(() => false);
    expect([queue.size, queue.peekAt(), queue.pop()]).toEqual([
      0,
      Number.POSITIVE_INFINITY,
      undefined,
    ]);
    for (const at of [3, 1, 2, 5, 4, 0]) queue.push(at, `${at}`);
    expect(drain(queue)).toEqual(["0", "1", "2", "3", "4", "5"]);
  });

  it.each([0, 1, 3, 17, 33, 65, 100])("grows and shrinks from any size: %i kept", (kept) => {
    const queue = filled(Array.from({ length: 128 }, (_, index) => index));
    queue.retain((_value, at) => at < kept);
    for (let at = 127; at >= kept; at -= 1) queue.push(at, `${at}/again`);
    expect(drain(queue).map(String)).toEqual(
      Array.from({ length: 128 }, (_, at) => (at < kept ? `${at}/${at}` : `${at}/again`)),
    );
  });
});
