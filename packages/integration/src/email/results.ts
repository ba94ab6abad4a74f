import type { EmailFailure } from "./failure.ts";

/** The provider has it. Whether it arrives, webhooks tell. */
export interface EmailSent {
  readonly success: true;
  /** Our id of the e-mail, for the log. */
  readonly id: string;
  readonly operationId: string;
  /** Who took it. */
  readonly provider?: string;
  /** The provider's id of the request. */
  readonly messageId?: string;
  /** Whether an earlier call with this operation id had sent it, so that this one did not. */
  readonly repeated: boolean;
  /** Whether it was only checked. */
  readonly sandbox: boolean;
}

/** It was not sent, or may not have been: `error.outcome` says which. */
export interface EmailNotSent {
  readonly success: false;
  /** Our id of the e-mail, if it is on record. */
  readonly id?: string;
  readonly operationId: string;
  readonly error: EmailFailure;
}

/** What became of one e-mail. */
export type SendResult = EmailSent | EmailNotSent;

/** What became of one recipient of a bulk. */
export interface RecipientResult {
  /** The place in the list that was handed in. */
  readonly index: number;
  readonly result: SendResult;
}

/** How far a bulk is, after each batch. */
export interface BulkProgress {
  /** Recipients whose result is known. */
  readonly done: number;
  readonly total: number;
  /** What this batch added. */
  readonly results: readonly RecipientResult[];
}

/** What became of a bulk. */
export interface BulkReport {
  readonly operationId: string;
  readonly total: number;
  /** Taken by the provider, now or by an earlier call. */
  readonly sent: number;
  /** Of those, the ones of an earlier call. */
  readonly repeated: number;
  /** Refused by the provider. */
  readonly rejected: number;
  /** Never handed to the provider. Call again with the same operation id for those that can be mended. */
  readonly notSent: number;
  /** Perhaps sent. See `unresolved`. */
  readonly unknown: number;
  /** One for each recipient, in the order of the list. */
  readonly results: readonly RecipientResult[];
}

/** Counts results. */
export function summarise(operationId: string, results: readonly RecipientResult[]): BulkReport {
  const counts = { sent: 0, repeated: 0, rejected: 0, notSent: 0, unknown: 0 };
  for (const { result } of results) {
    if (result.success) {
      counts.sent += 1;
      if (result.repeated) counts.repeated += 1;
    } else if (result.error.outcome === "rejected") counts.rejected += 1;
    else if (result.error.outcome === "unknown") counts.unknown += 1;
    else counts.notSent += 1;
  }
  return { operationId, total: results.length, ...counts, results };
}
