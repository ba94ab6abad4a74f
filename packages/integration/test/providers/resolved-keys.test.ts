import { afterEach, describe, expect, it, vi } from "vitest";
import type { KeyResolver } from "../../src/index.ts";
import { createKeyLookup } from "../../src/providers/resolved-keys.ts";
import { keysOf, NOW } from "./platforms.ts";

const KEY = keysOf("wechat-pay").config.publicKey as string;
const HOUR_MS = 3_600_000;

/** A lookup that records which serials its resolver was asked for. */
function lookupOf(resolve: KeyResolver) {
  const asked: string[] = [];
  const lookup = createKeyLookup((serial) => {
    asked.push(serial);
    return resolve(serial);
  });
  return { asked, lookup };
}

describe("a lookup of keys", () => {
  it("asks once for a key, whether it comes at once or later, and again after 12 hours", async () => {
    for (const resolve of [() => KEY, async () => KEY]) {
      const { asked, lookup } = lookupOf(resolve);
      /* oxlint-disable no-await-in-loop -- one after the other */
      await expect(lookup("A", NOW)).resolves.toBe(KEY);
      await expect(lookup("A", NOW + 12 * HOUR_MS - 1)).resolves.toBe(KEY);
      expect(asked).toEqual(["A"]);
      await expect(lookup("A", NOW + 12 * HOUR_MS)).resolves.toBe(KEY);
      /* oxlint-enable no-await-in-loop */
      expect(asked).toEqual(["A", "A"]);
    }
  });

  it("asks once for all who wait for the same serial", async () => {
    const gate = Promise.withResolvers<string>();
    const { asked, lookup } = lookupOf(() => gate.promise);
    const all = Array.from({ length: 100 }, () => lookup("A", NOW));
    gate.resolve(KEY);
    await expect(Promise.all(all)).resolves.toEqual(all.map(() => KEY));
    expect(asked).toEqual(["A"]);
  });

  it("keeps 32 keys", async () => {
    const { asked, lookup } = lookupOf(() => KEY);
    const serials = Array.from({ length: 33 }, (_, index) => `S${index}`);
    for (const serial of serials) await lookup(serial, NOW); // oxlint-disable-line no-await-in-loop
    await lookup("S32", NOW);
    await lookup("S1", NOW);
    expect(asked).toHaveLength(33);
    await lookup("S0", NOW);
    expect(asked).toHaveLength(34);
  });

  it("remembers for 30 seconds which serials are unknown", async () => {
    const { asked, lookup } = lookupOf(() => undefined);
    const unknown = { code: "UNKNOWN_KEY", message: expect.stringContaining("A") };
    await expect(lookup("A", NOW)).rejects.toMatchObject(unknown);
    await expect(lookup("A", NOW + 29_999)).rejects.toMatchObject(unknown);
    expect(asked).toHaveLength(1);
    await expect(lookup("A", NOW + 30_000)).rejects.toMatchObject(unknown);
    expect(asked).toHaveLength(2);
  });

  it("lets no flood of serials through to the resolver", async () => {
    const { asked, lookup } = lookupOf(async (serial) => (serial === "GOOD" ? KEY : null));
    await expect(lookup("GOOD", NOW)).resolves.toBe(KEY);
    const flood = Array.from({ length: 10_000 }, (_, index) => lookup(`BAD${index}`, NOW));
    const answers = await Promise.allSettled(flood);
    expect(answers.every(({ status }) => status === "rejected")).toBe(true);
    for (let index = 0; index < 1000; index += 1) {
      // oxlint-disable-next-line no-await-in-loop -- a flood after the flood
      await expect(lookup(`WORSE${index}`, NOW + 1)).rejects.toMatchObject({ code: "UNKNOWN_KEY" });
    }
    expect(asked).toHaveLength(1 + 16);
    // What is known is not touched by it, and what is new has its chance again later.
    await expect(lookup("GOOD", NOW)).resolves.toBe(KEY);
    await expect(lookup("BAD9999", NOW + 30_000)).rejects.toMatchObject({
      message: expect.stringContaining("BAD9999"),
    });
  });

  it.each<[string, KeyResolver]>([
    [
      "throws",
      () => {
        throw new Error("no connection");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no connection"))],
    [
      "throws what is no error",
      () => {
        throw undefined;
      },
    ],
    ["returns what is no key", () => "-----BEGIN NONSENSE-----"],
    ["returns what is not even a text", () => 1 as unknown as string],
  ])("refuses as CONFIG when the resolver %s, and asks again later", async (_name, resolve) => {
    const { asked, lookup } = lookupOf(resolve);
    await expect(lookup("A", NOW)).rejects.toMatchObject({ code: "CONFIG" });
    await expect(lookup("A", NOW + 1)).rejects.toMatchObject({ code: "CONFIG" });
    expect(asked).toHaveLength(1);
    await expect(lookup("A", NOW + 30_000)).rejects.toMatchObject({ code: "CONFIG" });
    expect(asked).toHaveLength(2);
  });

  it("counts the 30 seconds from the first that it did not find", async () => {
    const { asked, lookup } = lookupOf(() => undefined);
    for (const [serial, after] of [
      ["A", 0],
      ["B", 29_999],
      ["A", 30_000],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(lookup(serial, NOW + after)).rejects.toMatchObject({ code: "UNKNOWN_KEY" });
    }
    expect(asked).toEqual(["A", "B", "A"]);
  });

  it("survives a clock that is set back", async () => {
    const { asked, lookup } = lookupOf(() => undefined);
    await expect(lookup("A", NOW)).rejects.toThrow("no key A");
    await expect(lookup("A", NOW - HOUR_MS)).rejects.toThrow("no key A");
    expect(asked).toHaveLength(2);
  });

  describe("whose resolver hangs", () => {
    afterEach(() => {
      vi.useRealTimers();
    });

    it("leaves no timer behind where it does not", async () => {
      vi.useFakeTimers();
      await expect(lookupOf(() => KEY).lookup("A", NOW)).resolves.toBe(KEY);
      expect(vi.getTimerCount()).toBe(0);
    });

    it("refuses as CONFIG after 4 seconds, before the platform gives up", async () => {
      vi.useFakeTimers();
      const { lookup } = lookupOf(() => new Promise(() => {}));
      const refused = lookup("A", NOW).catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(3999);
      await expect(Promise.race([refused, Promise.resolve("still waiting")])).resolves.toBe(
        "still waiting",
      );
      await vi.advanceTimersByTimeAsync(1);
      await expect(refused).resolves.toMatchObject({
        code: "CONFIG",
        cause: { message: expect.stringContaining("4000 ms") },
      });
    });
  });
});
