import { WebhookError } from "../../errors.ts";
import type { Database } from "./database.ts";
import type { ResolvedSqliteOptions } from "./options.ts";
import { closedError, isBusy, SQLITE_BUSY, storeError } from "./store-error.ts";

/** A part of a transaction. Runs again, from the beginning, if the transaction fails. */
interface Operation<T> {
  run(): T;
  /** About how many deliveries it writes. */
  readonly weight: number;
  /** Runs after all others of the transaction, and so sees what they did. */
  readonly isClaim?: boolean;
}

/** What the store does around the operations of a transaction. */
export interface TransactionHooks {
  begun(): void;
  beforeClaims(): void;
  beforeCommit(): void;
  committed(): void;
  /** Nothing has happened; what was done in memory is to be undone. */
  failed(): void;
}

/** Gathers what is to be written into transactions. */
export interface GroupCommit {
  /** How many operations wait. */
  size(): number;
  /**
   * Resolves when the transaction has been committed.
   * @throws WebhookError STORE_FAILED, CLOSED; by rejection
   */
  add<T>(operation: Operation<T>): Promise<T>;
  /**
   * Commits all that waits, and then this, before it returns.
   * @throws WebhookError STORE_FAILED, CLOSED
   */
  now<T>(run: () => T): T;
  /** Commits all that waits; nothing can be added any more. */
  close(): void;
}

interface Waiting {
  readonly operation: Operation<unknown>;
  readonly since: number;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  result: unknown;
}

/** A locked database is tried again after so many ms, the longer the more often it was locked in a row. */
const BUSY_DELAYS_MS = [0, 1, 2, 4, 8, 16, 25] as const;
const LAST_BUSY_DELAY_MS = 25;
/** So many full transactions in a row go without the claims. */
const MOST_PASSED_OVER = 3;

/** Waiting would be for ever: whoever is to end it has called this. */
function openTransactionError(): WebhookError {
  return new WebhookError(
    "STORE_FAILED",
    "a transaction is open on the database handle that the store was given: end it before subscriptions are changed",
  );
}

function lockedError(): WebhookError {
  return storeError({ errcode: SQLITE_BUSY });
}

export function createGroupCommit(
  database: Database,
  options: Pick<ResolvedSqliteOptions, "busyTimeoutMs" | "maxSize" | "maxDelayMs">,
  hooks: TransactionHooks,
): GroupCommit {
  const { busyTimeoutMs, maxSize, maxDelayMs } = options;
  let queue: Waiting[] = [];
  let weight = 0;
  let cancelFlush: (() => void) | undefined;
  let isUrgent = false;
  let busyInARow = 0;
  let claimsPassedOver = 0;
  let isClosed = false;

  const flushAfter = (delayMs: number): void => {
    cancelFlush?.();
    if (delayMs === 0) {
      const immediate = setImmediate(flush);
      cancelFlush = () => clearImmediate(immediate);
      return;
    }
    const timer = setTimeout(flush, delayMs);
    cancelFlush = () => clearTimeout(timer);
  };

  const scheduleFlush = (): void => {
    const isFull = weight >= maxSize;
    if (cancelFlush && (isUrgent || !isFull)) return;
    isUrgent = isFull;
    flushAfter(isFull ? 0 : maxDelayMs);
  };

  /**
   * The oldest that fit into one transaction. Claims come with the last ones, so that they find all that is new, unless
   * there is so much that they would have to wait for long.
   */
  const takeBatch = (): Waiting[] => {
    let room = maxSize;
    const batch: Waiting[] = [];
    const claims: Waiting[] = [];
    const rest: Waiting[] = [];
    for (const each of queue) {
      if (each.operation.isClaim) {
        claims.push(each);
        continue;
      }
      if (room > 0) batch.push(each);
      else rest.push(each);
      room -= each.operation.weight;
    }
    const isTheirTurn = rest.length === 0 || claimsPassedOver >= MOST_PASSED_OVER;
    claimsPassedOver = isTheirTurn ? 0 : claimsPassedOver + 1;
    queue = isTheirTurn ? rest : [...claims, ...rest];
    weight = rest.reduce((sum, each) => sum + each.operation.weight, 0);
    return isTheirTurn ? [...batch, ...claims] : batch;
  };

  const putBack = (batch: readonly Waiting[]): void => {
    queue = [...batch, ...queue];
    weight += batch.reduce((sum, each) => sum + each.operation.weight, 0);
  };

  const begin = (waitMs: number): "begun" | "busy" => {
    if (database.isInTransaction()) {
      // Somebody else's, on a handle that was handed in: it goes on when they have ended it.
      if (!database.isOwn) return "busy";
      // Left over from a rollback that failed; what was read since may have been of it.
      database.rollback();
      hooks.failed();
    }
    try {
      database.begin(waitMs);
      return "begun";
    } catch (error) {
      if (isBusy(error)) return "busy";
      throw error;
    }
  };

  const runAll = (batch: readonly Waiting[]): void => {
    hooks.begun();
    const claims: Waiting[] = [];
    for (const each of batch) {
      if (each.operation.isClaim) claims.push(each);
      else each.result = each.operation.run();
    }
    if (claims.length > 0) hooks.beforeClaims();
    for (const each of claims) each.result = each.operation.run();
    hooks.beforeCommit();
  };

  /** @returns those for which the database was locked */
  const commit = (batch: readonly Waiting[], waitMs: number): readonly Waiting[] => {
    try {
      if (begin(waitMs) === "busy") return batch;
    } catch (error) {
      for (const each of batch) each.reject(storeError(error));
      return [];
    }
    try {
      runAll(batch);
      database.commit();
    } catch (error) {
      database.rollback();
      hooks.failed();
      // Alone, so that one that cannot be does not take the others with it.
      if (batch.length > 1) return batch.flatMap((each) => commit([each], waitMs));
      for (const each of batch) each.reject(storeError(error));
      return [];
    }
    hooks.committed();
    for (const each of batch) each.resolve(each.result);
    return [];
  };

  function flush(): void {
    cancelFlush = undefined;
    isUrgent = false;
    const locked = commit(takeBatch(), 0);
    if (locked.length === 0) {
      busyInARow = 0;
      if (queue.length > 0) scheduleFlush();
      return;
    }
    const now = performance.now();
    const hasTime = (each: Waiting): boolean => now - each.since < busyTimeoutMs;
    for (const each of locked) if (!hasTime(each)) each.reject(lockedError());
    putBack(locked.filter(hasTime));
    const delay = BUSY_DELAYS_MS[busyInARow] ?? LAST_BUSY_DELAY_MS;
    busyInARow += 1;
    if (queue.length > 0) flushAfter(delay);
  }

  /** Commits what waits, waiting for the lock; what cannot be committed is rejected. */
  const flushNow = (): void => {
    cancelFlush?.();
    cancelFlush = undefined;
    while (queue.length > 0) {
      for (const each of commit(takeBatch(), busyTimeoutMs)) each.reject(lockedError());
    }
  };

  return {
    size: () => queue.length,
    add: (operation) => {
      if (isClosed) return Promise.reject(closedError());
      return new Promise((resolve, reject) => {
        queue.push({
          operation,
          since: performance.now(),
          // The result that it gets is its own operation's.
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion
          resolve: (value) => resolve(value as Awaited<ReturnType<typeof operation.run>>),
          reject,
          result: undefined,
        });
        weight += operation.weight;
        scheduleFlush();
      });
    },
    now(run) {
      if (isClosed) throw closedError();
      if (!database.isOwn && database.isInTransaction()) throw openTransactionError();
      flushNow();
      const results: ReturnType<typeof run>[] = [];
      const errors: unknown[] = [];
      const alone: Waiting = {
        operation: { run, weight: 1 },
        since: 0,
        // As above.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        resolve: (value) => void results.push(value as ReturnType<typeof run>),
        reject: (error) => void errors.push(error),
        result: undefined,
      };
      if (commit([alone], busyTimeoutMs).length > 0) throw lockedError();
      if (errors.length > 0) throw errors[0];
      // It was neither locked nor refused: the one result is there.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return results[0] as ReturnType<typeof run>;
    },
    close() {
      flushNow();
      isClosed = true;
    },
  };
}
