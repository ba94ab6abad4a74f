import type { StoredSubscription } from "./delivery-store.ts";

/** Something that stands for a subscription, whose fields may change. */
interface Holder {
  readonly subscription: StoredSubscription;
}

/** Which subscriptions have which pattern; a look-up for each pattern of an event, and no scan. */
export interface PatternIndex<T extends Holder> {
  add(holder: T): void;
  /** To be called before the subscription's patterns or tenant change. */
  remove(holder: T): void;
  /** The active subscriptions of a tenant with one of the patterns, each once. */
  match(patterns: readonly string[], tenant: string | undefined): readonly StoredSubscription[];
  clear(): void;
}

export function createPatternIndex<T extends Holder>(): PatternIndex<T> {
  const tenants = new Map<string | undefined, Map<string, Set<T>>>();

  return {
    add(holder) {
      const { tenant, events } = holder.subscription;
      let byPattern = tenants.get(tenant);
      if (!byPattern) tenants.set(tenant, (byPattern = new Map()));
      for (const pattern of events) {
        let holders = byPattern.get(pattern);
        if (!holders) byPattern.set(pattern, (holders = new Set()));
        holders.add(holder);
      }
    },
    remove(holder) {
      const { tenant, events } = holder.subscription;
      const byPattern = tenants.get(tenant);
      for (const pattern of events) {
        const holders = byPattern?.get(pattern);
        holders?.delete(holder);
        if (holders?.size === 0) byPattern?.delete(pattern);
      }
      if (byPattern?.size === 0) tenants.delete(tenant);
    },
    match(patterns, tenant) {
      const byPattern = tenants.get(tenant);
      if (!byPattern) return [];
      const sets: Set<T>[] = [];
      for (const pattern of patterns) {
        const holders = byPattern.get(pattern);
        if (holders) sets.push(holders);
      }
      const [first] = sets;
      // Only a subscription with several patterns can match twice, and only over several sets.
      const holders = sets.length > 1 ? new Set(sets.flatMap((set) => [...set])) : (first ?? []);
      const found: StoredSubscription[] = [];
      for (const { subscription } of holders) if (subscription.active) found.push(subscription);
      return found;
    },
    clear: () => tenants.clear(),
  };
}
