/** Randomness that a seed repeats. */
export interface Random {
  /** A whole number from 0 up to, but not including, `end`. */
  below(end: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly [T, ...T[]]): T;
  /** One of a list that may be empty. */
  any<T>(list: readonly T[]): T | undefined;
  /** Each item with a probability of one half. */
  some<T>(list: readonly T[]): T[];
}

/** Xorshift with 32 bits. Source: https://doi.org/10.18637/jss.v008.i14 */
export function createRandom(seed: number): Random {
  // Nothing ever comes of zero.
  let state = seed | 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  // Seeds that differ little begin alike.
  for (let turn = 0; turn < 20; turn += 1) next();
  const below = (end: number): number => Math.floor(next() * end);
  return {
    below,
    chance: (probability) => next() < probability,
    pick: (list) => list[below(list.length)] ?? list[0],
    any: (list) => list[below(list.length)],
    some: (list) => list.filter(() => next() < 0.5),
  };
}
