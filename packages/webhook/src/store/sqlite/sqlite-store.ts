import type { AttemptRecord, DeliveryStore } from "../delivery-store.ts";
import { createByHand } from "./by-hand.ts";
import { createClaims } from "./claims.ts";
import type { Database } from "./database.ts";
import { createDeliveryQuery } from "./delivery-query.ts";
import type { GroupCommit } from "./group-commit.ts";
import { createGroupCommit } from "./group-commit.ts";
import { createIntake } from "./intake.ts";
import { createLanes } from "./lanes.ts";
import { createLeases } from "./leases.ts";
import { createMessageTable } from "./message-table.ts";
import { createMeta } from "./meta.ts";
import type { ResolvedSqliteOptions } from "./options.ts";
import { createOutbox } from "./outbox.ts";
import { createPruning } from "./pruning.ts";
import { createRemoval } from "./removal.ts";
import { createRotation } from "./rotation.ts";
import { clearTables } from "./schema.ts";
import type { Sealer } from "./sealing.ts";
import { createSettlements } from "./settlements.ts";
import { closedError, storeError } from "./store-error.ts";
import { createSubscriptionTable } from "./subscription-table.ts";

export interface SqliteStore extends DeliveryStore<"sync"> {
  /**
   * Encrypts all subscriptions that are not encrypted with the newest key, with that. Without a call each one changes
   * over when it is next changed. What they held is wiped from the file; older copies may be left in unused parts of
   * it, which `VACUUM` removes.
   * @returns how many it were
   * @throws WebhookError INVALID_OPTION without `encryption`, STORE_FAILED; by rejection
   */
  rotateEncryption(): Promise<number>;
  /** Commits what waits, and closes the database, unless that is a handle of yours. Done when it returns. */
  close(options?: { readonly drop?: boolean }): void;
}

/** The store over an open database whose tables are there. */
export function buildSqliteStore(
  database: Database,
  sealer: Sealer,
  options: ResolvedSqliteOptions,
): SqliteStore {
  const { sql } = database;
  const meta = createMeta(database);
  const subscriptions = createSubscriptionTable(sql, meta, sealer);
  const messages = createMessageTable(sql);
  const lanes = createLanes(sql, meta, subscriptions);
  const leases = createLeases(sql, { lanes, messages, subscriptions });
  const claims = createClaims(sql, { lanes, leases, messages, subscriptions });
  const settlements = createSettlements(sql, { meta, lanes, leases, subscriptions });
  const intake = createIntake(sql, { meta, lanes, messages, subscriptions });
  const query = createDeliveryQuery(sql, messages);
  const outbox = createOutbox(database);
  let onCommit: (() => void)[] = [];
  let isLoaded = false;
  /** Another connection has committed something since the last poll. */
  let hasNews = false;
  let isClosed = false;

  /** Learns what other connections have committed. */
  const refresh = (isInTransaction: boolean): void => {
    if (!isInTransaction) {
      if (isClosed) throw closedError();
      // Somebody's, on the handle that was handed in: what they have written may not come to be.
      if (!database.isOwn && database.isInTransaction()) return;
    }
    const before = meta.refresh(isInTransaction);
    if (!isLoaded) {
      isLoaded = true;
      lanes.load();
    }
    if (!before) return;
    hasNews = true;
    leases.refresh();
    lanes.refresh(before);
    for (const sub of subscriptions.refresh(before)) lanes.changed(sub);
  };

  /** What is in memory is not what is in the file. */
  const forget = (): void => {
    onCommit = [];
    intake.forget();
    lanes.forget();
    subscriptions.forget();
    messages.forget();
    meta.forget();
    leases.refresh();
    isLoaded = false;
  };

  const group = createGroupCommit(database, options, {
    begun: () => refresh(true),
    beforeClaims: () => intake.offer(),
    beforeCommit() {
      intake.write();
      lanes.save();
      subscriptions.save();
      meta.save();
    },
    committed() {
      const tasks = onCommit;
      onCommit = [];
      for (const task of tasks) task();
    },
    failed: forget,
  });
  /** For operations that have to find in the file what the transaction has brought so far. */
  const afterIntake: GroupCommit = {
    ...group,
    add: (operation) =>
      group.add({
        ...operation,
        run() {
          intake.write();
          return operation.run();
        },
      }),
  };
  const byHand = createByHand(sql, { meta, lanes, subscriptions, query, group: afterIntake });
  const prune = createPruning(sql, { meta, messages, group: afterIntake });
  const removal = createRemoval(sql, {
    ...{ meta, lanes, subscriptions, settlements, group: afterIntake },
  });
  const rotateEncryption = createRotation(database, { sealer, subscriptions, group });
  const later = (task: () => void): void => void onCommit.push(task);

  /** A read, of what has been committed. */
  const read = <T>(answer: () => T): T => {
    try {
      refresh(false);
      return answer();
    } catch (error) {
      throw storeError(error);
    }
  };

  const poll = (now: number): boolean =>
    read(() => {
      const hasChanged = hasNews;
      hasNews = false;
      return hasChanged || leases.mayExpire(now);
    });

  removal.resume();
  const isInFile = database.file !== "";
  /** Nobody else can get at it. */
  const isPrivate = !isInFile && database.isOwn;

  return {
    capabilities: {
      durable: isInFile,
      sync: true,
      shared: isInFile,
      transactional: !isPrivate,
    },
    enqueue(message, deliveries, { tx } = {}) {
      if (tx === undefined) {
        return group.add({
          weight: Math.max(1, deliveries.length),
          run: () => intake.enqueue(message, deliveries),
        });
      }
      return read(() => {
        const enqueued = outbox.enqueue(tx, message, deliveries);
        // Its own changes are no news to a connection.
        if (tx === database.handle) meta.forget();
        meta.expectCommit();
        return enqueued;
      });
    },
    claim: (request) =>
      read(() => {
        // First, for it notes who has been freed, whatever becomes of the transaction.
        const mayFind = claims.mayFind(request);
        if (!mayFind && group.size() === 0) return [];
        return group.add({ isClaim: true, weight: 0, run: () => claims.take(request, later) });
      }),
    settle(list) {
      if (list.length === 0) return [];
      const epoch = subscriptions.epoch();
      return group.add({
        weight: list.length,
        run: () => list.map((each) => settlements.settle(each, epoch, later)),
      });
    },
    nextDueAt: () => read(() => lanes.nextDueAt()),
    ...(isPrivate ? {} : { changes: { pollMs: options.pollMs, poll } }),
    subscriptions: {
      put(subscription) {
        group.now(() => {
          const { before, after } = subscriptions.put(subscription);
          settlements.afterPut(before, after);
        });
      },
      get: (id) => read(() => subscriptions.find(id)?.stored),
      list: () => read(() => subscriptions.list()),
      match: (patterns, tenant) => read(() => subscriptions.match(patterns, tenant)),
      delete: (id, at) => removal.remove(id, at),
    },
    deliveries: {
      get: (id) => read(() => query.get(id)),
      list: (filter, page) => read(() => query.list(filter, page)),
    },
    attempts: {
      list: (deliveryId) =>
        // The records were written from this type.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        read(() => query.attempts(deliveryId).map((record) => JSON.parse(record) as AttemptRecord)),
    },
    messages: { list: (filter) => read(() => messages.list(filter)) },
    requeue: (filter, at, moreAttempts) => byHand.requeue(filter, at, moreAttempts),
    cancel: (filter, at, reason) => byHand.cancel(filter, at, reason),
    redeliver: (messageSeq, deliveries) =>
      group.add({
        weight: deliveries.length,
        run: () => intake.redeliver(messageSeq, deliveries),
      }),
    stats: () =>
      read(() => {
        const { subscriptions: count, pending, failed, sent, dead, held } = meta.totals;
        return {
          ...{ subscriptions: count, pending, failed, sent, dead, held },
          // Looked up when it is read: everything else here is a counter.
          get oldestDueAt() {
            return read(() => lanes.oldestDueAt());
          },
        };
      }),
    prune,
    rotateEncryption,
    close({ drop = false } = {}) {
      if (isClosed) return;
      if (drop && !isInFile) {
        group.now(() => clearTables(database));
        forget();
        leases.forget();
        return;
      }
      group.close();
      isClosed = true;
      database.close();
    },
  };
}
