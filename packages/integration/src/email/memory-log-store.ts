import { integerOption } from "../client/check.ts";
import { mailboxOf } from "./address.ts";
import type { Applied, DeliveryNews, EmailLogStore, EmailRecord } from "./log-store.ts";
import type { CheckedQuery } from "./record-rules.ts";
import { begunAgain, checkQuery, informed, newRecord, settled } from "./record-rules.ts";

export interface MemoryEmailLogStoreOptions {
  /**
   * How many e-mails are kept. Beyond that the oldest are forgotten, those whose end is unknown last. With an e-mail its
   * operation id is forgotten, so it could be sent anew. What is being sent is never forgotten. 1 or more, default 10,000.
   */
  readonly maxRecords?: number;
}

interface Row {
  readonly sequence: number;
  record: EmailRecord;
}

/**
 * Keeps the log in this process's memory: nothing of it survives a crash, so a restarted application may send again what
 * it had sent. For tests, and for e-mail that may come twice.
 * @throws CONFIG_ERROR
 */
export function createMemoryEmailLogStore(options: MemoryEmailLogStoreOptions = {}): EmailLogStore {
  const maxRecords = integerOption("maxRecords", options.maxRecords, {
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    fallback: 10_000,
  });
  const rows = new Map<string, Row>();
  const byOperation = new Map<string, Row>();
  const byMessage = new Map<string, Set<Row>>();
  const events = new Map<string, number>();
  let sequence = 0;

  const forget = (row: Row): void => {
    rows.delete(row.record.id);
    byOperation.delete(keyOf(row.record));
    if (row.record.messageId !== undefined) byMessage.get(row.record.messageId)?.delete(row);
  };
  const update = (row: Row, record: EmailRecord): void => {
    if (row.record.messageId !== undefined) byMessage.get(row.record.messageId)?.delete(row);
    row.record = record;
    if (record.messageId === undefined) return;
    const sharing = byMessage.get(record.messageId) ?? new Set<Row>();
    byMessage.set(record.messageId, sharing.add(row));
  };
  const makeRoom = (): void => {
    for (const isSpared of [isUnresolved, isUnderWay]) {
      for (const row of rows.values()) {
        if (rows.size <= maxRecords) return;
        if (!isSpared(row.record)) forget(row);
      }
    }
  };
  const find = (news: DeliveryNews): Row | undefined => {
    const referred = news.reference === undefined ? undefined : rows.get(news.reference);
    if (referred) return referred;
    for (const messageId of news.messageIds) {
      const sharing = [...(byMessage.get(messageId) ?? [])];
      const row = sharing.find(({ record }) => isFor(record, news.to));
      if (row) return row;
    }
    return undefined;
  };

  const applyOne = (news: DeliveryNews, at: number): Applied => {
    if (events.has(news.eventId)) return { outcome: "duplicate" };
    const row = find(news);
    if (!row) return { outcome: "unmatched" };
    events.set(news.eventId, at);
    // An e-mail has about six events.
    if (events.size > 6 * maxRecords) {
      const [oldest] = events.keys();
      if (oldest !== undefined) events.delete(oldest);
    }
    update(row, informed(row.record, news, at));
    return { outcome: "applied", record: row.record };
  };

  return {
    durable: false,
    begin(emails, at) {
      const begun = emails.map((email) => {
        const known = byOperation.get(keyOf(email));
        if (!known) {
          sequence += 1;
          const row: Row = { sequence, record: newRecord(email, at) };
          rows.set(email.id, row);
          byOperation.set(keyOf(email), row);
          return { started: true, record: row.record };
        }
        const again = begunAgain(known.record, email, at);
        if (again) update(known, again);
        return { started: again !== undefined, record: known.record };
      });
      makeRoom();
      return begun;
    },
    settle(calls, result, at) {
      for (const { id, attempt } of calls) {
        const row = rows.get(id);
        const record = row && settled(row.record, attempt, result, at);
        if (row && record) update(row, record);
      }
    },
    apply: (news, at) => news.map((event) => applyOne(event, at)),
    get: (id) => rows.get(id)?.record,
    list(given) {
      const query = checkQuery(given);
      const found: Row[] = [];
      for (const row of rows.values()) {
        if (row.sequence <= query.after || !matches(row.record, query)) continue;
        if (found.length === query.limit) {
          return {
            records: found.map(({ record }) => record),
            next: String(found.at(-1)?.sequence),
          };
        }
        found.push(row);
      }
      return { records: found.map(({ record }) => record) };
    },
    prune(before, limit = 1000) {
      let count = 0;
      for (const row of rows.values()) {
        if (count === limit) break;
        if (row.record.updatedAt >= before || isUnresolved(row.record)) continue;
        forget(row);
        count += 1;
      }
      for (const [id, at] of events) if (at < before) events.delete(id);
      return count;
    },
    close() {},
  };
}

function keyOf({ operationId, slot }: Pick<EmailRecord, "operationId" | "slot">): string {
  return JSON.stringify([operationId, slot]);
}

function isUnresolved({ handOver }: EmailRecord): boolean {
  return handOver === "sending" || handOver === "unknown";
}

function isUnderWay({ handOver }: EmailRecord): boolean {
  return handOver === "sending";
}

function isFor(record: EmailRecord, to: string | undefined): boolean {
  return to !== undefined && mailboxOf(record.to) === mailboxOf(to);
}

function matches(record: EmailRecord, query: CheckedQuery): boolean {
  return (
    (query.operationId === undefined || record.operationId === query.operationId) &&
    (query.to === undefined || mailboxOf(record.to) === query.to) &&
    (query.handOver === undefined || query.handOver.includes(record.handOver)) &&
    (query.flag === undefined || record.flags.includes(query.flag)) &&
    (query.updatedBefore === undefined || record.updatedAt < query.updatedBefore)
  );
}
