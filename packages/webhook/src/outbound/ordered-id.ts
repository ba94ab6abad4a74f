const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const COUNTER_BITS = 12;
const RANDOM_BYTES = 8;
const POOL_BYTES = RANDOM_BYTES * 128;

/**
 * Ids that grow with time: UUIDs of version 7, with a counter for those of the same millisecond. An index of a store on
 * such ids grows at its end, where one on random ids is written all over: that is a third of the cost of a delivery.
 * Source: https://www.rfc-editor.org/rfc/rfc9562#section-5.7
 * @param now milliseconds since the epoch; may go backwards, the ids do not
 */
export function createOrderedIds(now: () => number): () => string {
  const pool = new Uint8Array(POOL_BYTES);
  let used = POOL_BYTES;
  let lastMs = -1;
  let prefix = "";
  let counter = 0;

  const setTime = (ms: number): void => {
    const hex = ms.toString(16).padStart(12, "0");
    lastMs = ms;
    prefix = `${hex.slice(0, 8)}-${hex.slice(8)}-7`;
    counter = 0;
  };

  const hexOfRandom = (first: number, end: number): string => {
    let hex = "";
    for (let index = used + first; index < used + end; index += 1)
      hex += HEX[pool[index] ?? 0] ?? "";
    return hex;
  };

  return () => {
    if (used >= POOL_BYTES) {
      crypto.getRandomValues(pool);
      used = 0;
    }
    const ms = Math.floor(now());
    counter += 1;
    if (ms > lastMs) setTime(ms);
    // A little ahead of time, rather than out of order.
    else if (counter >> COUNTER_BITS > 0) setTime(lastMs + 1);
    // The variant's two bits.
    pool[used] = ((pool[used] ?? 0) & 0x3f) | 0x80;
    const count = `${(counter >> 8).toString(16)}${HEX[counter & 0xff] ?? ""}`;
    const id = `${prefix}${count}-${hexOfRandom(0, 2)}-${hexOfRandom(2, 8)}`;
    used += RANDOM_BYTES;
    return id;
  };
}
