/** A map of bounded size that forgets what has not been asked for lately. */
export interface RecentMap<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): void;
}

/**
 * Keeps two generations: when the younger one is full it becomes the older one, and what nobody has asked for since is
 * dropped as a whole. Unlike a list in order of use, it costs nothing where it is only read.
 * @param maxEntries 2 or more
 */
export function createRecentMap<K, V>(maxEntries: number): RecentMap<K, V> {
  let young = new Map<K, V>();
  let old = new Map<K, V>();
  const set = (key: K, value: V): void => {
    if (young.size >= maxEntries >> 1) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
  };
  return {
    get(key) {
      const found = young.get(key);
      if (found !== undefined) return found;
      const earlier = old.get(key);
      if (earlier !== undefined) {
        old.delete(key);
        set(key, earlier);
      }
      return earlier;
    },
    set,
  };
}
