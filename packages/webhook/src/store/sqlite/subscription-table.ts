import type { EndpointState, StoredSubscription } from "../delivery-store.ts";
import type { Sql } from "./database.ts";
import type { Meta, Totals } from "./meta.ts";
import type { Sealer } from "./sealing.ts";
import { unknownKeyError } from "./sealing.ts";
import type { SubscriptionRow } from "./subscription-row.ts";
import {
  isHeld,
  isMatchedOtherwise,
  storedSubscription,
  SUBSCRIPTION_COLUMNS,
  subscriptionValues,
} from "./subscription-row.ts";

/** A subscription as it stands, in the file or in the transaction that is being put together. */
export interface Entry {
  readonly sub: number;
  readonly id: string;
  stored: StoredSubscription;
}

/** The subscriptions, most of them in memory. Changes are made within a transaction. */
export interface SubscriptionTable {
  find(id: string): Entry | undefined;
  bySub(sub: number): Entry | undefined;
  list(): StoredSubscription[];
  match(patterns: readonly string[], tenant: string | undefined): StoredSubscription[];
  /** @returns the entry of before, as it was, and the new one */
  put(subscription: StoredSubscription): { before: Entry | undefined; after: Entry };
  remove(entry: Entry): void;
  setEndpoint(entry: Entry, endpoint: EndpointState): void;
  /** Whether another connection has changed it since the epoch. */
  isChangedSince(sub: number, epoch: number): boolean;
  epoch(): number;
  /** Writes the endpoints' states that have changed. */
  save(): void;
  /** @returns what another connection has changed since the totals of before */
  refresh(before: Totals): number[];
  /** What is in memory is not to be relied on. */
  forget(): void;
  /** Encrypts so many more with the newest key. Returns how many, fewer when it is done. */
  reseal(limit: number): number;
}

const MOST_ENTRIES = 10_000;
const MOST_MATCHES = 1000;
/** Neither part can hold a NUL. */
const SEPARATOR = "\0";

/** @throws WebhookError STORE_FAILED for subscriptions that are encrypted with an unknown key */
export function createSubscriptionTable(sql: Sql, meta: Meta, sealer: Sealer): SubscriptionTable {
  const from = "webhook_subscription s JOIN webhook_lane l ON l.sub = s.sub";
  const select = `SELECT ${SUBSCRIPTION_COLUMNS} FROM ${from}`;
  const byId = sql<SubscriptionRow>(`${select} WHERE l.id = ?`);
  const bySub = sql<SubscriptionRow>(`${select} WHERE s.sub = ?`);
  const all = sql<SubscriptionRow>(`${select} ORDER BY s.sub`);
  const laneOf = sql<{ sub: number }>("SELECT sub FROM webhook_lane WHERE id = ?");
  const addLane = sql("INSERT INTO webhook_lane (id, work) VALUES (?, 0)");
  const replace = sql(
    "INSERT OR REPLACE INTO webhook_subscription VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const removeRow = sql("DELETE FROM webhook_subscription WHERE sub = ?");
  const setState = sql(
    "UPDATE webhook_subscription SET version = ?, held = ?, endpoint = ? WHERE sub = ?",
  );
  const addPattern = sql("INSERT OR IGNORE INTO webhook_pattern VALUES (?, ?, ?)");
  const removePattern = sql(
    "DELETE FROM webhook_pattern WHERE tenant = ? AND pattern = ? AND sub = ?",
  );
  const matching = sql<{ sub: number }>(
    "SELECT p.sub FROM webhook_pattern p JOIN webhook_subscription s ON s.sub = p.sub " +
      "WHERE p.tenant = ? AND p.pattern = ? AND s.active = 1",
  );
  const changedSince = sql<{ sub: number }>(
    "SELECT sub FROM webhook_subscription WHERE version > ?",
  );
  const sealedOtherwise = sql<SubscriptionRow>(
    `${select} WHERE s.sealed_key IS NOT ? ORDER BY s.sub LIMIT ?`,
  );
  const keyIds = sql<{ sealed_key: string | null }>(
    "SELECT DISTINCT sealed_key FROM webhook_subscription",
  );
  if (!keyIds.all().every((row) => sealer.knows(row.sealed_key))) throw unknownKeyError();

  const entries = new Map<number, Entry>();
  const subs = new Map<string, number>();
  const matches = new Map<string, readonly number[]>();
  const dirty = new Set<Entry>();
  const foreign = new Map<number, number>();
  let epoch = 0;

  const evict = (entry: Entry | undefined): void => {
    if (!entry) return;
    entries.delete(entry.sub);
    subs.delete(entry.id);
  };

  const keep = (row: SubscriptionRow | undefined): Entry | undefined => {
    if (!row) return undefined;
    const known = entries.get(row.sub);
    if (known) return known;
    const entry = { sub: row.sub, id: row.id, stored: storedSubscription(row, sealer) };
    entries.set(entry.sub, entry);
    subs.set(entry.id, entry.sub);
    return entry;
  };

  const find = (id: string): Entry | undefined => {
    const sub = subs.get(id);
    return (sub === undefined ? undefined : entries.get(sub)) ?? keep(byId.get(id));
  };

  const writeRow = (sub: number, subscription: StoredSubscription): void => {
    meta.totals.config += 1;
    replace.run(sub, meta.totals.config, ...subscriptionValues(subscription, sealer));
  };

  const setPatterns = (
    { tenant = "", events }: StoredSubscription,
    sub: number,
    set: typeof addPattern,
  ): void => {
    for (const pattern of events) set.run(tenant, pattern, sub);
  };

  const matchedSubs = (patterns: readonly string[], tenant = ""): readonly number[] => {
    const key = [tenant, ...patterns].join(SEPARATOR);
    let found = matches.get(key);
    if (!found) {
      const each = patterns.flatMap((pattern) => matching.all(tenant, pattern));
      found = [...new Set(each.map((row) => row.sub))].toSorted((a, b) => a - b);
      if (matches.size >= MOST_MATCHES) matches.clear();
      matches.set(key, found);
    }
    return found;
  };

  const forget = (): void => {
    entries.clear();
    subs.clear();
    matches.clear();
    dirty.clear();
  };

  return {
    find,
    bySub: (sub) => entries.get(sub) ?? keep(bySub.get(sub)),
    list: () => all.all().flatMap((row) => keep(row)?.stored ?? []),
    match: (patterns, tenant) =>
      matchedSubs(patterns, tenant).flatMap((sub) => {
        const entry = entries.get(sub) ?? keep(bySub.get(sub));
        return entry ? [entry.stored] : [];
      }),
    put(subscription) {
      const before = find(subscription.id);
      let sub = before?.sub ?? laneOf.get(subscription.id)?.sub;
      if (sub === undefined) {
        addLane.run(subscription.id);
        sub = laneOf.get(subscription.id)?.sub ?? 0;
      }
      writeRow(sub, subscription);
      if (!before) meta.totals.subscriptions += 1;
      if (!before || isMatchedOtherwise(before.stored, subscription)) {
        if (before) setPatterns(before.stored, sub, removePattern);
        setPatterns(subscription, sub, addPattern);
        meta.totals.members += 1;
        matches.clear();
      }
      evict(before);
      // Read back: what is in memory is what the file says, and no object of the caller's.
      const after = keep(bySub.get(sub));
      if (!after) throw new Error("a subscription that was just written is missing");
      return { before, after };
    },
    remove(entry) {
      removeRow.run(entry.sub);
      setPatterns(entry.stored, entry.sub, removePattern);
      meta.totals.config += 1;
      meta.totals.members += 1;
      meta.totals.subscriptions -= 1;
      matches.clear();
      dirty.delete(entry);
      evict(entry);
    },
    setEndpoint(entry, endpoint) {
      entry.stored = { ...entry.stored, endpoint };
      dirty.add(entry);
    },
    isChangedSince: (sub, since) => (foreign.get(sub) ?? 0) > since,
    epoch: () => epoch,
    save() {
      for (const entry of dirty) {
        meta.totals.config += 1;
        const { endpoint } = entry.stored;
        const held = Number(isHeld(entry.stored));
        setState.run(meta.totals.config, held, JSON.stringify(endpoint), entry.sub);
      }
      dirty.clear();
      for (const entry of entries.values()) {
        if (entries.size <= MOST_ENTRIES) break;
        evict(entry);
      }
    },
    refresh(before) {
      if (before.config === meta.totals.config) return [];
      const changed = changedSince.all(before.config).map((row) => row.sub);
      if (before.members !== meta.totals.members) forget();
      epoch += 1;
      if (foreign.size > MOST_ENTRIES) foreign.clear();
      for (const sub of changed) {
        evict(entries.get(sub));
        foreign.set(sub, epoch);
      }
      return changed;
    },
    forget,
    reseal(limit) {
      const rows = sealedOtherwise.all(sealer.keyId, limit);
      for (const row of rows) writeRow(row.sub, storedSubscription(row, sealer));
      return rows.length;
    },
  };
}
