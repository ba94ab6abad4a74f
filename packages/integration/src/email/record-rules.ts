import { integerOption } from "../client/check.ts";
import { configError } from "../client/errors.ts";
import { mailboxOf } from "./address.ts";
import { advance } from "./delivery-status.ts";
import type {
  DeliveryNews,
  EmailQuery,
  EmailRecord,
  HandOverResult,
  NewEmail,
} from "./log-store.ts";

/** A record at its first beginning. */
export function newRecord(email: NewEmail, at: number): EmailRecord {
  return {
    ...email,
    handOver: "sending",
    attempt: 1,
    status: "none",
    flags: [],
    createdAt: at,
    updatedAt: at,
  };
}

/** The record begun anew; `undefined` where it must not be. */
export function begunAgain(
  record: EmailRecord,
  email: NewEmail,
  at: number,
): EmailRecord | undefined {
  if (record.handOver !== "rejected" && record.handOver !== "not_sent") return undefined;
  if (!isSameEmail(record, email)) return undefined;
  const { errorCode: _settled, ...rest } = record;
  return { ...rest, handOver: "sending", attempt: record.attempt + 1, updatedAt: at };
}

/** Whether both mean the same e-mail: mailbox and template. The data is not compared, it may hold the time. */
export function isSameEmail(record: EmailRecord, email: NewEmail): boolean {
  return mailboxOf(record.to) === mailboxOf(email.to) && record.templateId === email.templateId;
}

/** The record with its call ended; `undefined` where the call is not the one that is under way. */
export function settled(
  record: EmailRecord,
  attempt: number,
  result: HandOverResult,
  at: number,
): EmailRecord | undefined {
  if (record.attempt !== attempt) return undefined;
  const { errorCode: _before, ...rest } = record;
  const handOver = record.handOver === "sent" ? "sent" : result.handOver;
  const known = {
    ...rest,
    ...(result.provider !== undefined && { provider: result.provider }),
    ...(result.messageId !== undefined && { messageId: result.messageId }),
    ...(result.errorCode !== undefined && handOver !== "sent" && { errorCode: result.errorCode }),
    handOver,
    updatedAt: at,
  };
  if (handOver !== "sent") return known;
  const { status, flags } = advance(known, "queued");
  return { ...known, status, flags };
}

/** The record with an event taken into account. */
export function informed(record: EmailRecord, news: DeliveryNews, at: number): EmailRecord {
  const { errorCode: _disproved, ...rest } = record;
  const progress = advance(advance(record, "queued"), news.type);
  return {
    ...rest,
    handOver: "sent",
    status: progress.status,
    flags: progress.flags,
    updatedAt: at,
  };
}

/** A query with its defaults and in the form in which addresses are compared. */
export interface CheckedQuery extends Omit<EmailQuery, "limit" | "cursor"> {
  readonly limit: number;
  /** The sequence number of the last record of the page before; 0 at the beginning. */
  readonly after: number;
}

const MOST_RECORDS = 1000;

/** @throws CONFIG_ERROR */
export function checkQuery(query: EmailQuery = {}): CheckedQuery {
  const { limit, cursor = "0", to, ...rest } = query;
  if (!/^\d{1,15}$/.test(cursor)) throw configError("cursor must be the `next` of a page");
  return {
    ...rest,
    ...(to !== undefined && { to: mailboxOf(to) }),
    limit: integerOption("limit", limit, { min: 1, max: MOST_RECORDS, fallback: 100 }),
    after: Number(cursor),
  };
}
