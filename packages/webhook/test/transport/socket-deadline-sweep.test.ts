import { describe, expect, test } from "vitest";
import type { Swept } from "../../src/transport/deadline-sweep.ts";
import { createDeadlineSweep } from "../../src/transport/deadline-sweep.ts";

interface Item extends Swept<Item> {
  readonly name: string;
}

function item(name: string): Item {
  return { name, dueAt: 0, bucket: undefined, before: undefined, after: undefined };
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function start() {
  const due: string[] = [];
  const sweep = createDeadlineSweep<Item>({
    onDue: ({ name }) => due.push(name),
    keepsAlive: true,
  });
  return { due, sweep };
}
describe("a sweep of deadlines", () => {
  test("reports what is due, in its order, and not what was removed", async () => {
    const { due, sweep } = start();
    const now = performance.now();
    const [a, e] = [item("a"), item("e")];
    sweep.add(a, 30, now);
    sweep.add(item("b"), 10, now);
    sweep.add(item("c"), 30, now);
    sweep.add(item("d"), 20, now);
    sweep.add(e, 10_000, now);
    sweep.remove(a);
    sweep.remove(a);
    expect(sweep.items().map(({ name }) => name)).toEqual(["c", "b", "d", "e"]);
    while (due.length < 3) await wait(5);
    expect(due).toEqual(["b", "d", "c"]);
    expect(sweep.size()).toBe(1);
    sweep.remove(e);
    expect(sweep.size()).toBe(0);
  });

  test("knows the oldest of those with the same time", () => {
    const { sweep } = start();
    const [a, b, c] = [item("a"), item("b"), item("c")];
    for (const each of [a, b, c]) sweep.add(each, 60_000, performance.now());
    expect(sweep.oldest(60_000)).toBe(a);
    sweep.remove(a);
    expect(sweep.oldest(60_000)).toBe(b);
    sweep.remove(c);
    sweep.remove(b);
    expect(sweep.oldest(60_000)).toBeUndefined();
  });

  test("is exact with hundreds of different times, and forgets those that are no longer used", async () => {
    const { due, sweep } = start();
    const now = performance.now();
    const names = Array.from({ length: 300 }, (_each, index) => String(index));
    for (const [index, name] of names.entries()) sweep.add(item(name), 10 + index / 10, now);
    while (due.length < 300) await wait(5);
    expect(due).toEqual(names);
    expect(sweep.items()).toEqual([]);
  });

  test("takes what is added while it reports", async () => {
    const due: string[] = [];
    const sweep = createDeadlineSweep<Item>({
      keepsAlive: true,
      onDue: ({ name }) => {
        due.push(name);
        if (name === "a") sweep.add(item("b"), 5, performance.now());
      },
    });
    sweep.add(item("a"), 5, performance.now());
    while (due.length < 2) await wait(5);
    expect(due).toEqual(["a", "b"]);
  });
});
