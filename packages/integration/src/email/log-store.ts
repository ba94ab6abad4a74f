import type { MaybePromise } from "@ventostack/webhook";
import type { EmailEventType } from "../mapping/sendgrid-email-log.ts";
import type { DeliveryFlag, DeliveryStatus } from "./delivery-status.ts";

/**
 * What is known of the call to the provider. `sending`: it was begun, and its end is not written yet. `unknown`: the
 * provider may have taken the e-mail. Only after `rejected` and `not_sent` may it be begun again.
 */
export type HandOverState = "sending" | "sent" | "rejected" | "not_sent" | "unknown";

/** One e-mail to one recipient. */
export interface EmailRecord {
  readonly id: string;
  readonly operationId: string;
  /** What tells the e-mails of one operation apart: empty for a single one, the mailbox in a bulk. */
  readonly slot: string;
  /** The address. Whoever reads the log sees it: that is what the log is for. */
  readonly to: string;
  readonly templateId: string;
  readonly handOver: HandOverState;
  /** How often the call was begun. Grows by 1 each time, so it also tells an old call from a new one. */
  readonly attempt: number;
  readonly provider?: string;
  /** The provider's id of the request. Several recipients may share it. */
  readonly messageId?: string;
  /** Why the last call failed. */
  readonly errorCode?: string;
  readonly status: DeliveryStatus;
  readonly flags: readonly DeliveryFlag[];
  /** Milliseconds since the epoch, by the clock of the service. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** An e-mail that is about to be sent. */
export type NewEmail = Pick<EmailRecord, "id" | "operationId" | "slot" | "to" | "templateId">;

/** What `begin` found. */
export interface Begun {
  /** Whether the caller is to make the call. */
  readonly started: boolean;
  /** The record as it is now, with its own id where the operation was known before. */
  readonly record: EmailRecord;
}

/** How a call ended. */
export interface HandOverResult {
  readonly handOver: Exclude<HandOverState, "sending">;
  readonly provider?: string;
  readonly messageId?: string;
  readonly errorCode?: string;
}

/** What an event says. */
export interface DeliveryNews {
  readonly eventId: string;
  readonly type: EmailEventType;
  /** Our id of the e-mail. */
  readonly reference?: string;
  /** What the provider's id of the request may be, the most likely first. */
  readonly messageIds: readonly string[];
  readonly to?: string;
}

/** What an event changed. `unmatched`: no e-mail of this log. */
export type Applied =
  | { readonly outcome: "applied"; readonly record: EmailRecord }
  | { readonly outcome: "duplicate" | "unmatched" };

/** Which records; all conditions must hold. */
export interface EmailQuery {
  readonly operationId?: string;
  /** In any case. */
  readonly to?: string;
  readonly handOver?: readonly HandOverState[];
  readonly flag?: DeliveryFlag;
  /** Last changed before, in milliseconds since the epoch. */
  readonly updatedBefore?: number;
  /** 1 to 1000, default 100. */
  readonly limit?: number;
  /** The `next` of the page before. */
  readonly cursor?: string;
}

/** Records in the order in which they were begun first. */
export interface EmailPage {
  readonly records: readonly EmailRecord[];
  readonly next?: string;
}

/**
 * Where e-mails are on record. All times are handed in. Each method is atomic and, in a durable store, on disk when it
 * returns; a method may answer with a promise.
 */
export interface EmailLogStore {
  readonly durable: boolean;
  /**
   * Puts e-mails on record before they are sent, and answers for each, in order, whether to send it. One whose operation
   * and slot are known is started again only after `rejected` or `not_sent`, and only to the same mailbox with the same
   * template.
   */
  begin(emails: readonly NewEmail[], at: number): MaybePromise<readonly Begun[]>;
  /**
   * Writes down how a call ended. Nothing where the record's attempt is another one. What a webhook has proved to be
   * sent stays `sent`.
   */
  settle(
    calls: readonly { readonly id: string; readonly attempt: number }[],
    result: HandOverResult,
    at: number,
  ): MaybePromise<void>;
  /**
   * Takes events into account, in order, each event id once, and answers for each. An event proves that its e-mail was
   * sent. All are written, or none.
   */
  apply(news: readonly DeliveryNews[], at: number): MaybePromise<readonly Applied[]>;
  get(id: string): MaybePromise<EmailRecord | undefined>;
  list(query?: EmailQuery): MaybePromise<EmailPage>;
  /**
   * Forgets records that were last changed before a time, unless their end is unknown, and event ids that came before it.
   * @param limit how many records at most; 1 or more, default 1000
   * @returns how many records
   */
  prune(before: number, limit?: number): MaybePromise<number>;
  close(): MaybePromise<void>;
}
