/** A priority queue over due times: the earliest first, equal times in the order of insertion. */
export interface DueQueue<T> {
  readonly size: number;
  push(dueAt: number, value: T): void;
  /** The earliest due time; `Infinity` when empty. */
  peekAt(): number;
  peek(): T | undefined;
  pop(): T | undefined;
  /** Drops the entries that fail the test. O(n). */
  retain(test: (value: T, dueAt: number) => boolean): void;
  /**
   * Drops the entries that fail the test, and second ones of a value, once there are more than 64 beside two for each of
   * so many that are live: entries that stand for nothing any more are cheaper to leave than to look for.
   */
  tidy(live: number, test: (value: T, dueAt: number) => boolean): void;
}

const ARITY = 4;
const SMALLEST = 4;
/** So many entries that stand for nothing any more may stay beside two for each that stands for something. */
const SLACK = 64;

/**
 * A 4-ary heap with its keys in typed arrays: 24 bytes an entry at most twice over, no object per entry, and few cache
 * lines touched per step.
 */
export function createDueQueue<T>(): DueQueue<T> {
  let keys = new Float64Array(SMALLEST);
  // Insertion numbers; doubles, because a process that runs for years would overflow 32 bits.
  let orders = new Float64Array(SMALLEST);
  let values: (T | undefined)[] = [];
  let size = 0;
  let inserted = 0;

  const resize = (capacity: number): void => {
    const nextKeys = new Float64Array(capacity);
    nextKeys.set(keys.subarray(0, size));
    keys = nextKeys;
    const nextOrders = new Float64Array(capacity);
    nextOrders.set(orders.subarray(0, size));
    orders = nextOrders;
  };

  const place = (index: number, key: number, order: number, value: T | undefined): void => {
    keys[index] = key;
    orders[index] = order;
    values[index] = value;
  };

  const move = (from: number, to: number): void => {
    keys[to] = keys[from] ?? 0;
    orders[to] = orders[from] ?? 0;
    values[to] = values[from];
  };

  /** Whether the entry at `index` comes before one with this key and order. */
  const isBefore = (index: number, key: number, order: number): boolean => {
    const other = keys[index] ?? 0;
    return other < key || (other === key && (orders[index] ?? 0) < order);
  };

  const siftUp = (start: number, key: number, order: number, value: T | undefined): void => {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 2;
      if (isBefore(parent, key, order)) break;
      move(parent, index);
      index = parent;
    }
    place(index, key, order, value);
  };

  const siftDown = (start: number, key: number, order: number, value: T | undefined): void => {
    let index = start;
    for (;;) {
      const first = index * ARITY + 1;
      if (first >= size) break;
      let least = first;
      const end = Math.min(first + ARITY, size);
      for (let child = first + 1; child < end; child += 1) {
        if (isBefore(child, keys[least] ?? 0, orders[least] ?? 0)) least = child;
      }
      if (!isBefore(least, key, order)) break;
      move(least, index);
      index = least;
    }
    place(index, key, order, value);
  };

  const retain: DueQueue<T>["retain"] = (test) => {
    const kept: { key: number; order: number; value: T }[] = [];
    for (let index = 0; index < size; index += 1) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- there is a value at every index below size
      const value = values[index] as T;
      if (test(value, keys[index] ?? 0)) {
        kept.push({ key: keys[index] ?? 0, order: orders[index] ?? 0, value });
      }
    }
    kept.sort((a, b) => a.key - b.key || a.order - b.order);
    size = 0;
    values = [];
    keys = new Float64Array(Math.max(SMALLEST, kept.length));
    orders = new Float64Array(Math.max(SMALLEST, kept.length));
    // A sorted array is a heap.
    for (const entry of kept) {
      place(size, entry.key, entry.order, entry.value);
      size += 1;
    }
  };

  return {
    get size() {
      return size;
    },
    push(dueAt, value) {
      if (size === keys.length) resize(size * 2);
      inserted += 1;
      size += 1;
      siftUp(size - 1, dueAt, inserted, value);
    },
    peekAt: () => (size === 0 ? Number.POSITIVE_INFINITY : (keys[0] ?? 0)),
    peek: () => (size === 0 ? undefined : values[0]),
    pop() {
      if (size === 0) return undefined;
      const top = values[0];
      size -= 1;
      const last = values[size];
      const key = keys[size] ?? 0;
      const order = orders[size] ?? 0;
      values[size] = undefined;
      if (size > 0) siftDown(0, key, order, last);
      if (size * 4 < keys.length && keys.length > SMALLEST * 4) {
        resize(keys.length / 2);
        values.length = keys.length;
      }
      return top;
    },
    retain,
    tidy(live, test) {
      if (size <= live * 2 + SLACK) return;
      const seen = new Set<T>();
      retain((value, dueAt) => test(value, dueAt) && seen.size < seen.add(value).size);
    },
  };
}
