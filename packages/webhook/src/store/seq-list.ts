/** Items by a growing number, so that pages stay put while items are added and removed. */
export interface SeqList<T> {
  /** Adds at the end and returns the item's number. */
  add(make: (seq: number) => T): T;
  get(seq: number): T | undefined;
  remove(seq: number): void;
  /** The items with greater numbers than `seq`, in order. */
  after(seq: number): Generator<T, void>;
}

const CHUNK_BITS = 10;

/** Chunks of 1024: removing an item is O(1), and a chunk goes when its last item does. */
export function createSeqList<T>(): SeqList<T> {
  const chunks = new Map<number, { items: (T | undefined)[]; live: number }>();
  const mask = (1 << CHUNK_BITS) - 1;
  // Not `seq >> bits`: that would wrap after 2^31 items.
  const chunkOf = (seq: number): number => Math.floor(seq / (mask + 1));
  let last = 0;
  let firstChunk = 0;

  return {
    add(make) {
      last += 1;
      const item = make(last);
      const number = chunkOf(last);
      let chunk = chunks.get(number);
      if (!chunk) {
        chunks.set(number, (chunk = { items: [], live: 0 }));
        // It was spared while it was the newest, and nothing is left in it to be removed.
        if (chunks.get(number - 1)?.live === 0) chunks.delete(number - 1);
      }
      chunk.items[last % (mask + 1)] = item;
      chunk.live += 1;
      return item;
    },
    get: (seq) => chunks.get(chunkOf(seq))?.items[seq % (mask + 1)],
    remove(seq) {
      const number = chunkOf(seq);
      const chunk = chunks.get(number);
      if (!chunk || chunk.items[seq % (mask + 1)] === undefined) return;
      chunk.items[seq % (mask + 1)] = undefined;
      chunk.live -= 1;
      // The newest chunk stays: it is still being filled.
      if (chunk.live === 0 && number !== chunkOf(last)) chunks.delete(number);
      while (firstChunk < chunkOf(last) && !chunks.has(firstChunk)) firstChunk += 1;
    },
    *after(seq) {
      for (
        let number = Math.max(chunkOf(seq + 1), firstChunk);
        number <= chunkOf(last);
        number += 1
      ) {
        const chunk = chunks.get(number);
        if (!chunk) continue;
        const start = number === chunkOf(seq + 1) ? (seq + 1) % (mask + 1) : 0;
        for (let index = start; index < chunk.items.length; index += 1) {
          const item = chunk.items[index];
          if (item !== undefined) yield item;
        }
      }
    },
  };
}
