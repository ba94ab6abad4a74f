import { describe, expect, test } from "vitest";
import { createSignalWatch } from "../../src/transport/signal-watch.ts";

/** A signal that counts its listeners. */
function watched() {
  const controller = new AbortController();
  const { signal } = controller;
  const counts = { added: 0, removed: 0 };
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    counts.added += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    counts.removed += 1;
    remove(...args);
  };
  return { controller, signal, counts };
}

describe("a watch of signals", () => {
  test("listens once to a signal that thousands of attempts share", () => {
    const aborted: AbortSignal[] = [];
    const watch = createSignalWatch((signal) => aborted.push(signal));
    const { controller, signal, counts } = watched();
    for (let index = 0; index < 5_000; index += 1) {
      watch.acquire(signal);
      if (index > 10) watch.release(signal);
    }
    expect(counts).toEqual({ added: 1, removed: 0 });
    controller.abort();
    expect(aborted).toEqual([signal]);
    watch.close();
    expect(counts).toEqual({ added: 1, removed: 1 });
  });

  test("does not stay on thousands of signals of one attempt each", () => {
    const watch = createSignalWatch(() => {});
    const signals = Array.from({ length: 1_000 }, watched);
    for (const { signal } of signals) {
      watch.acquire(signal);
      watch.release(signal);
    }
    const left = signals.filter(({ counts }) => counts.added - counts.removed > 0);
    expect(left.length).toBeLessThanOrEqual(4);
    // What is in use stays.
    const used = watched();
    watch.acquire(used.signal);
    for (const { signal } of Array.from({ length: 50 }, watched)) {
      watch.acquire(signal);
      watch.release(signal);
    }
    expect(used.counts).toEqual({ added: 1, removed: 0 });
  });
});
