/** What has a deadline. The sweep alone writes these. */
export interface Swept<T> {
  dueAt: number;
  bucket: Bucket<T> | undefined;
  before: T | undefined;
  after: T | undefined;
}

/** Items that were given the same time: the first to come is the first to be due. */
interface Bucket<T> {
  readonly delayMs: number;
  first: T | undefined;
  last: T | undefined;
}

/** Deadlines of many items over one timer, for items that mostly are removed before they are due. */
export interface DeadlineSweep<T> {
  /** @param now as of `performance.now()`, never less than with the item before */
  add(item: T, delayMs: number, now: number): void;
  /** Does nothing with an item that is not there. */
  remove(item: T): void;
  /** The item that has been there for the longest of those with this delay. */
  oldest(delayMs: number): T | undefined;
  size(): number;
  /** All items at this moment. */
  items(): readonly T[];
}

export interface DeadlineSweepOptions<T> {
  /** Called once with each item that is due; it is removed by then. */
  readonly onDue: (item: T) => void;
  /** Whether the process stays alive while there are items. */
  readonly keepsAlive: boolean;
}

// `setTimeout` fires at once for anything longer.
const MAX_TIMER_MS = 2 ** 31 - 1;
const MAX_EMPTY_BUCKETS = 64;

/**
 * Adding and removing an item costs a few pointers. The timer stays as it is when the item that it was set for is
 * removed: it then fires for nothing, and is set for the next one.
 */
export function createDeadlineSweep<T extends Swept<T>>(
  options: DeadlineSweepOptions<T>,
): DeadlineSweep<T> {
  const buckets = new Map<number, Bucket<T>>();
  let latest: Bucket<T> = { delayMs: Number.NaN, first: undefined, last: undefined };
  let size = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let firesAt = Number.POSITIVE_INFINITY;

  const bucketFor = (delayMs: number): Bucket<T> => {
    if (latest.delayMs === delayMs) return latest;
    let bucket = buckets.get(delayMs);
    if (!bucket) {
      if (buckets.size >= MAX_EMPTY_BUCKETS) dropEmpty();
      bucket = { delayMs, first: undefined, last: undefined };
      buckets.set(delayMs, bucket);
    }
    latest = bucket;
    return bucket;
  };

  const dropEmpty = (): void => {
    for (const bucket of buckets.values()) if (!bucket.first) buckets.delete(bucket.delayMs);
    latest = { delayMs: Number.NaN, first: undefined, last: undefined };
  };

  const arm = (dueAt: number, now: number): void => {
    if (timer !== undefined) clearTimeout(timer);
    firesAt = dueAt;
    timer = setTimeout(fire, Math.min(Math.max(Math.ceil(dueAt - now), 1), MAX_TIMER_MS));
    if (!options.keepsAlive || size === 0) timer.unref();
  };

  const fire = (): void => {
    timer = undefined;
    firesAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    for (const bucket of buckets.values()) {
      while (bucket.first && bucket.first.dueAt <= now) {
        const item = bucket.first;
        remove(item);
        options.onDue(item);
      }
    }
    let next = Number.POSITIVE_INFINITY;
    for (const { first } of buckets.values()) if (first && first.dueAt < next) next = first.dueAt;
    if (next < firesAt) arm(next, now);
  };

  const remove = (item: T): void => {
    const { bucket, before, after } = item;
    if (!bucket) return;
    if (before) before.after = after;
    else bucket.first = after;
    if (after) after.before = before;
    else bucket.last = before;
    item.bucket = undefined;
    item.before = undefined;
    item.after = undefined;
    size -= 1;
    if (size === 0 && options.keepsAlive) timer?.unref();
  };

  return {
    add(item, delayMs, now) {
      const bucket = bucketFor(delayMs);
      item.dueAt = now + delayMs;
      item.bucket = bucket;
      item.before = bucket.last;
      item.after = undefined;
      if (bucket.last) bucket.last.after = item;
      else bucket.first = item;
      bucket.last = item;
      size += 1;
      if (item.dueAt < firesAt) arm(item.dueAt, now);
      else if (size === 1 && options.keepsAlive) timer?.ref();
    },
    remove,
    oldest: (delayMs) => buckets.get(delayMs)?.first,
    size: () => size,
    items() {
      const found: T[] = [];
      for (const { first } of buckets.values()) {
        for (let item = first; item; item = item.after) found.push(item);
      }
      return found;
    },
  };
}
