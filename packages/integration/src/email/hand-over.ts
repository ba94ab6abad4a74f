import type { EmailAddress } from "./address.ts";
import type { EmailFailure } from "./failure.ts";
import { notSent } from "./failure.ts";
import type { Begun, EmailLogStore, EmailRecord, HandOverResult } from "./log-store.ts";
import type { Envelope, TemplateData } from "./message-input.ts";
import type { EmailProvider, HandOver } from "./provider.ts";
import { isSameEmail } from "./record-rules.ts";
import type { SendResult } from "./results.ts";

/** One e-mail of a batch. */
export interface BatchEntry {
  readonly slot: string;
  readonly to: EmailAddress;
  readonly data: TemplateData;
}

/** E-mails that go to the provider in one request. */
export interface Batch {
  readonly operationId: string;
  readonly envelope: Envelope;
  readonly entries: readonly BatchEntry[];
  readonly signal: AbortSignal | undefined;
}

/** What became of a batch. */
export interface BatchResult {
  /** One for each entry, in order. */
  readonly results: readonly SendResult[];
  /** What befell the request as a whole, if anything did. */
  readonly failure?: EmailFailure;
}

/** What sending needs. */
export interface HandOverParts {
  readonly provider: EmailProvider;
  readonly store: EmailLogStore;
  readonly now: () => number;
  readonly newId: () => string;
  /** Told of a log that could not be written after the call. */
  readonly onStoreError: (error: unknown) => void;
}

/** An entry that is being sent. */
interface Started {
  readonly index: number;
  readonly entry: BatchEntry;
  readonly record: EmailRecord;
}

/** Without the recipients that were refused, a request is repeated so many times. */
const MOST_REPEATS = 3;

/**
 * Puts a batch on record, hands it to the provider and puts on record how that ended. Entries that were sent before are
 * left out; recipients that the provider refuses are left out of a repeat, since one bad address refuses the whole request.
 */
export async function handOver(parts: HandOverParts, batch: Batch): Promise<BatchResult> {
  if (batch.signal?.aborted) {
    return failAll(batch, notSent("ABORTED", "Aborted before it was sent", true));
  }
  const begun = await begin(parts, batch);
  if (!begun) {
    return failAll(
      batch,
      notSent("STORE_FAILED", "Nothing was sent: the log could not be written", true),
    );
  }
  const results: SendResult[] = [];
  let waiting: Started[] = [];
  for (const [index, entry] of batch.entries.entries()) {
    const found = begun[index];
    if (!found) continue;
    if (found.started) waiting.push({ index, entry, record: found.record });
    else results[index] = earlierResult(batch, entry, found.record);
  }
  const end = async (ended: readonly Started[], outcome: HandOver): Promise<void> => {
    await settle(parts, ended, outcome);
    for (const { index, record } of ended) results[index] = resultOf(record, outcome);
  };

  for (let repeat = 0; waiting.length > 0; repeat += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each request depends on the answer to the one before
    const outcome = await call(parts, batch, waiting);
    const refused =
      !outcome.success && repeat < MOST_REPEATS ? outcome.refusedRecipients : undefined;
    if (!refused || refused.length === 0) {
      // oxlint-disable-next-line no-await-in-loop -- likewise
      await end(waiting, outcome);
      return { results, ...(!outcome.success && { failure: outcome.error }) };
    }
    const isRefused = new Set(refused);
    // oxlint-disable-next-line no-await-in-loop -- likewise
    await end(
      waiting.filter((_started, position) => isRefused.has(position)),
      outcome,
    );
    waiting = waiting.filter((_started, position) => !isRefused.has(position));
  }
  return { results };
}

async function begin(
  { store, newId, now, onStoreError }: HandOverParts,
  { operationId, envelope, entries }: Batch,
): Promise<readonly Begun[] | undefined> {
  const emails = entries.map(({ slot, to }) => ({
    id: newId(),
    operationId,
    slot,
    to: to.email,
    templateId: envelope.templateId,
  }));
  try {
    return await store.begin(emails, now());
  } catch (error) {
    onStoreError(error);
    return undefined;
  }
}

async function call(
  { provider }: HandOverParts,
  { envelope, signal }: Batch,
  started: readonly Started[],
): Promise<HandOver> {
  const recipients = started.map(({ entry, record }) => ({
    reference: record.id,
    to: entry.to,
    data: entry.data,
  }));
  try {
    return await provider.send({ ...envelope, recipients }, signal ? { signal } : {});
  } catch {
    // A provider that breaks its word. What it threw may quote the request, so it stays behind.
    const error: EmailFailure = {
      code: "NETWORK_ERROR",
      message: "The provider failed in an unexpected way",
      outcome: "unknown",
      retryable: false,
      provider: provider.name,
    };
    return { success: false, error };
  }
}

async function settle(
  { store, now, onStoreError }: HandOverParts,
  ended: readonly Started[],
  outcome: HandOver,
): Promise<void> {
  const calls = ended.map(({ record }) => ({ id: record.id, attempt: record.attempt }));
  try {
    await store.settle(calls, toResult(outcome), now());
  } catch (error) {
    // The e-mail is out, whatever the log says; the record stays among the unresolved ones.
    onStoreError(error);
  }
}

function toResult(outcome: HandOver): HandOverResult {
  if (outcome.success) {
    const { provider, messageId, sandbox } = outcome;
    // Or the operation could never be sent in earnest.
    if (sandbox) return { handOver: "not_sent", provider, errorCode: "SANDBOX" };
    return { handOver: "sent", provider, ...(messageId !== undefined && { messageId }) };
  }
  const { code, provider } = outcome.error;
  return {
    handOver: outcome.error.outcome,
    errorCode: code,
    ...(provider !== undefined && { provider }),
  };
}

function resultOf({ id, operationId }: EmailRecord, outcome: HandOver): SendResult {
  if (!outcome.success) return { success: false, id, operationId, error: outcome.error };
  const { provider, messageId, sandbox } = outcome;
  return {
    success: true,
    id,
    operationId,
    provider,
    ...(messageId !== undefined && { messageId }),
    repeated: false,
    sandbox,
  };
}

/** What to say of an e-mail that is on record and not to be sent. */
function earlierResult(
  { operationId, envelope }: Batch,
  { slot, to }: BatchEntry,
  record: EmailRecord,
): SendResult {
  const { id, provider, messageId } = record;
  const failed = (error: EmailFailure): SendResult => ({ success: false, id, operationId, error });
  const email = { id, operationId, slot, to: to.email, templateId: envelope.templateId };
  if (!isSameEmail(record, email)) {
    return failed(
      notSent(
        "OPERATION_MISMATCH",
        "Nothing was sent: this operation id stands for an e-mail to another recipient or with another template",
      ),
    );
  }
  if (record.handOver === "sent") {
    return {
      success: true,
      id,
      operationId,
      ...(provider !== undefined && { provider }),
      ...(messageId !== undefined && { messageId }),
      repeated: true,
      sandbox: false,
    };
  }
  const isUnderWay = record.handOver === "sending";
  return failed({
    code: isUnderWay ? "IN_PROGRESS" : "OUTCOME_UNKNOWN",
    message: isUnderWay
      ? "This operation is under way, or its process died over it: see `unresolved`"
      : "Nobody knows whether an earlier call sent this, so it is not sent again: see `unresolved`",
    outcome: "unknown",
    retryable: isUnderWay,
    ...(provider !== undefined && { provider }),
  });
}

function failAll({ entries, operationId }: Batch, failure: EmailFailure): BatchResult {
  return {
    results: entries.map(() => ({ success: false, operationId, error: failure })),
    failure,
  };
}
