import { describe, expect, it } from "vitest";
import type { SeqList } from "../../src/store/seq-list.ts";
import { createSeqList } from "../../src/store/seq-list.ts";
import { createRandom } from "../../src/testing/delivery-store-cases/random.ts";

interface Item {
  readonly seq: number;
}

/** More than fit into several chunks. */
const MANY = 5000;

function filled(count: number): SeqList<Item> {
  const list = createSeqList<Item>();
  for (let index = 0; index < count; index += 1) list.add((seq) => ({ seq }));
  return list;
}

function seqsAfter(list: SeqList<Item>, seq: number): number[] {
  return [...list.after(seq)].map((item) => item.seq);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

describe("a list by number", () => {
  it("is empty at first", () => {
    const list = createSeqList<Item>();
    expect(list.get(0)).toBeUndefined();
    expect(list.get(1)).toBeUndefined();
    expect(seqsAfter(list, 0)).toEqual([]);
    list.remove(1);
    expect(list.add((seq) => ({ seq }))).toEqual({ seq: 1 });
  });

  it("numbers what is added from 1, and finds it", () => {
    const list = filled(MANY);
    expect(seqsAfter(list, 0)).toEqual(range(1, MANY));
    for (const seq of [1, 1023, 1024, 1025, MANY]) expect(list.get(seq)).toEqual({ seq });
    expect(list.get(MANY + 1)).toBeUndefined();
  });

  it("lists what comes after a number, which need not be there any more", () => {
    const list = filled(MANY);
    list.remove(2000);
    for (const seq of [1022, 1023, 1024, 2000, MANY - 1]) {
      expect(seqsAfter(list, seq)).toEqual(range(seq + 1, MANY).filter((each) => each !== 2000));
    }
    expect(seqsAfter(list, MANY)).toEqual([]);
    expect(seqsAfter(list, MANY * 10)).toEqual([]);
  });

  it("never gives a number a second time", () => {
    const list = createSeqList<Item>();
    for (let expected = 1; expected <= MANY; expected += 1) {
      const { seq } = list.add((next) => ({ seq: next }));
      expect(seq).toBe(expected);
      list.remove(seq);
      list.remove(seq);
      expect(list.get(seq)).toBeUndefined();
    }
    expect(seqsAfter(list, 0)).toEqual([]);
  });

  it("removes nothing else when an item is removed again and again", () => {
    const list = filled(MANY);
    for (let time = 0; time < MANY; time += 1) list.remove(1500);
    expect(seqsAfter(list, 0)).toEqual(range(1, MANY).filter((seq) => seq !== 1500));
  });

  it("passes over whole stretches that were removed", () => {
    const list = filled(MANY);
    for (const seq of range(2, 4500)) list.remove(seq);
    expect(seqsAfter(list, 0)).toEqual([1, ...range(4501, MANY)]);
    expect(seqsAfter(list, 3000)).toEqual(range(4501, MANY));
    list.remove(1);
    expect(seqsAfter(list, 0)).toEqual(range(4501, MANY));
  });

  it("goes on from where it is while items come and go", () => {
    const list = filled(2000);
    const seen: number[] = [];
    for (const { seq } of list.after(0)) {
      seen.push(seq);
      list.remove(seq);
      list.remove(seq + 1);
      if (seq < 100) list.add((next) => ({ seq: next }));
    }
    // Every second one; of the ones that were added on the way as well.
    expect(seen).toEqual(range(1, 2050).filter((seq) => seq % 2 === 1));
    expect(seqsAfter(list, 0)).toEqual([]);
  });

  it("agrees with a map while items come and go at random", () => {
    const random = createRandom(1);
    const list = createSeqList<Item>();
    const map = new Map<number, Item>();
    for (let step = 0; step < 20_000; step += 1) {
      const seq = random.below(12_000);
      expect(list.get(seq)).toBe(map.get(seq));
      if (random.chance(0.55)) {
        const item = list.add((next) => ({ seq: next }));
        map.set(item.seq, item);
      } else {
        list.remove(seq);
        map.delete(seq);
      }
      if (step % 500 !== 0) continue;
      const after = random.below(12_000);
      expect(seqsAfter(list, after)).toEqual([...map.keys()].filter((each) => each > after));
    }
  });
});
