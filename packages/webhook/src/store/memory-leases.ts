import type { Lane, Row } from "./memory-lanes.ts";

/** Who holds what until when. */
export interface MemoryLeases {
  add(row: Row, until: number): void;
  delete(row: Row): void;
  /** The deliveries whose leases have run out. They stay in here until they are deleted. */
  expired(now: number): readonly Row[];
  of(lane: Lane): readonly Row[];
  clear(): void;
}

/**
 * Leases in the order of claiming. That is the order in which they run out as long as they are equally long and the
 * clock goes forward; looking for the ones that have run out then costs no more than there are of these.
 */
export function createMemoryLeases(): MemoryLeases {
  const leases = new Set<Row>();
  let latestEnd = Number.NEGATIVE_INFINITY;
  let isInOrder = true;

  return {
    add(row, until) {
      if (leases.size === 0) isInOrder = true;
      else if (until < latestEnd) isInOrder = false;
      latestEnd = until;
      row.leaseUntil = until;
      leases.add(row);
    },
    delete: (row) => void leases.delete(row),
    expired(now) {
      const found: Row[] = [];
      for (const row of leases) {
        if (row.leaseUntil <= now) found.push(row);
        else if (isInOrder) break;
      }
      return found;
    },
    of: (lane) => [...leases].filter((row) => row.lane === lane),
    clear: () => leases.clear(),
  };
}
