const COUNTER_BITS = 12;
const COUNTS = Array.from({ length: 1 << COUNTER_BITS }, (_each, count) =>
  count.toString(16).padStart(COUNTER_BITS / 4, "0"),
);
/** Where the rest of a UUID begins, with the dash before it: the variant and 62 random bits. */
const TAIL = 18;

/**
 * Ids that grow with time: UUIDs of version 7, with a counter for those of the same millisecond. An index of a store on
 * such ids grows at its end, where one on random ids is written all over: that is a third of the cost of a delivery.
 * Source: https://www.rfc-editor.org/rfc/rfc9562#section-5.7
 * @param now milliseconds since the epoch; may go backwards, the ids do not
 */
export function createOrderedIds(now: () => number): () => string {
  let lastMs = -1;
  let prefix = "";
  let counter = 0;

  const setTime = (ms: number): void => {
    const hex = ms.toString(16).padStart(12, "0");
    lastMs = ms;
    prefix = `${hex.slice(0, 8)}-${hex.slice(8)}-7`;
    counter = 0;
  };

  return () => {
    const ms = Math.floor(now());
    counter += 1;
    if (ms > lastMs) setTime(ms);
    // A little ahead of time, rather than out of order.
    else if (counter >> COUNTER_BITS > 0) setTime(lastMs + 1);
    // Both runtimes keep random ids in stock.
    return `${prefix}${COUNTS[counter] ?? ""}${crypto.randomUUID().slice(TAIL)}`;
  };
}
