/** As much of a `Map` with text keys as the store needs. */
export interface ShardedMap<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  delete(key: string): boolean;
  has(key: string): boolean;
}

const SHARDS = 256;

/** Enough to spread ids, which are random or counted: their last characters differ. */
function shardOf(key: string): number {
  const { length } = key;
  return (
    (key.charCodeAt(length - 1) * 31 +
      key.charCodeAt(length - 2) * 7 +
      key.charCodeAt(length - 3)) &
    (SHARDS - 1)
  );
}

/**
 * A map in shards: a `Map` of a million keys stops the process for a tenth of a second when it grows, a shard of one
 * for less than a millisecond.
 */
export function createShardedMap<T>(): ShardedMap<T> {
  const shards: (Map<string, T> | undefined)[] = Array.from({ length: SHARDS });
  return {
    get: (key) => shards[shardOf(key)]?.get(key),
    set: (key, value) => void (shards[shardOf(key)] ??= new Map()).set(key, value),
    delete: (key) => shards[shardOf(key)]?.delete(key) ?? false,
    has: (key) => shards[shardOf(key)]?.has(key) ?? false,
  };
}
