import type { Recipient } from "./address.ts";
import { mailboxOf, readAddress } from "./address.ts";
import type { EmailFailure } from "./failure.ts";
import { notSent } from "./failure.ts";
import type { BatchEntry, BatchResult } from "./hand-over.ts";
import type { TemplateData } from "./message-input.ts";
import { checkData } from "./message-input.ts";
import type { BulkProgress, BulkReport, RecipientResult } from "./results.ts";
import { summarise } from "./results.ts";

/** A recipient of a bulk; its data is laid over the data that all share. */
export type BulkRecipient = Recipient | { readonly to: Recipient; readonly data?: TemplateData };

/**
 * A bulk that is under way. As a promise it is the report, as an async iterable the progress, batch by batch and from the
 * first one on. Leaving the iteration does not stop the sending: the signal does.
 */
export type BulkSend = Promise<BulkReport> & AsyncIterable<BulkProgress>;

/** What a bulk needs. */
export interface BulkParts {
  readonly operationId: string;
  readonly recipients: readonly BulkRecipient[];
  readonly sharedData: TemplateData;
  /** How many recipients go into one batch. */
  readonly batchSize: number;
  readonly send: (entries: readonly BatchEntry[]) => Promise<BatchResult>;
  readonly onProgress: ((progress: BulkProgress) => void) | undefined;
}

/** Sends batch after batch. Never rejects. */
export function startBulk(parts: BulkParts): BulkSend {
  const feed = createFeed<BulkProgress>();
  const report = runBulk(parts, (progress) => {
    feed.push(progress);
    try {
      parts.onProgress?.(progress);
    } catch {
      // Whoever watches must not change what is sent.
    }
  }).finally(() => feed.end());
  return Object.assign(report, { [Symbol.asyncIterator]: () => feed.iterate() });
}

async function runBulk(
  parts: BulkParts,
  tell: (progress: BulkProgress) => void,
): Promise<BulkReport> {
  const { operationId, recipients, batchSize } = parts;
  const all: RecipientResult[] = [];
  const seen = new Set<string>();
  let stopped: EmailFailure | undefined;
  for (let start = 0; start < recipients.length; start += batchSize) {
    const batch = readBatch(parts, start, seen);
    const results = [...batch.refused];
    const toSend = batch.entries;
    if (stopped) {
      const error = afterStop(stopped);
      for (const { index } of toSend)
        results.push({ index, result: { success: false, operationId, error } });
    } else if (toSend.length > 0) {
      // oxlint-disable-next-line no-await-in-loop -- batch after batch: a failure decides about the next one
      const sent = await parts.send(toSend.map(({ entry }) => entry));
      for (const [position, result] of sent.results.entries()) {
        const index = toSend[position]?.index;
        if (index !== undefined) results.push({ index, result });
      }
      if (sent.failure && concernsAll(sent.failure)) stopped = sent.failure;
    }
    results.sort((a, b) => a.index - b.index);
    for (const result of results) all.push(result);
    tell({ done: all.length, total: recipients.length, results });
  }
  return summarise(operationId, all);
}

interface ReadBatch {
  readonly entries: readonly { readonly index: number; readonly entry: BatchEntry }[];
  readonly refused: readonly RecipientResult[];
}

function readBatch(parts: BulkParts, start: number, seen: Set<string>): ReadBatch {
  const entries: { readonly index: number; readonly entry: BatchEntry }[] = [];
  const refused: RecipientResult[] = [];
  const slice = parts.recipients.slice(start, start + parts.batchSize);
  for (const [offset, recipient] of slice.entries()) {
    const index = start + offset;
    const read = readRecipient(recipient, parts.sharedData, seen);
    if ("entry" in read) entries.push({ index, entry: read.entry });
    else {
      const result = { success: false, operationId: parts.operationId, error: read.error } as const;
      refused.push({ index, result });
    }
  }
  return { entries, refused };
}

function readRecipient(
  recipient: BulkRecipient,
  sharedData: TemplateData,
  seen: Set<string>,
): { readonly entry: BatchEntry } | { readonly error: EmailFailure } {
  const isPair = typeof recipient === "object" && recipient !== null && "to" in recipient;
  const { address, problem } = readAddress(isPair ? recipient.to : recipient);
  if (!address) return { error: notSent("INVALID_RECIPIENT", `Nothing was sent: ${problem}`) };
  const own = checkData((isPair ? recipient.data : undefined) ?? {});
  if (own.failure) return { error: own.failure };
  const slot = mailboxOf(address.email);
  if (seen.has(slot)) {
    return {
      error: notSent(
        "DUPLICATE_RECIPIENT",
        "Not sent twice: the mailbox stands in the list before",
      ),
    };
  }
  seen.add(slot);
  return { entry: { slot, to: address, data: { ...sharedData, ...own.value } } };
}

/** Whether the next batch would only meet the same. A lost answer, an address or the size of one request says nothing of it. */
function concernsAll({ outcome, code, status }: EmailFailure): boolean {
  return outcome !== "unknown" && code !== "INVALID_RECIPIENT" && status !== 413;
}

function afterStop({ code, retryable, retryAfterMs, provider }: EmailFailure): EmailFailure {
  if (code === "ABORTED") return notSent("ABORTED", "Aborted before it was sent", true);
  return {
    ...notSent("STOPPED", `Not sent: an earlier batch failed with ${code}`, retryable),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(provider !== undefined && { provider }),
  };
}

interface Feed<T> {
  push(item: T): void;
  end(): void;
  iterate(): AsyncIterator<T>;
}

/** Items that are kept, so that whoever begins to read late misses nothing. */
function createFeed<T>(): Feed<T> {
  const items: T[] = [];
  const state = { isOver: false, more: Promise.withResolvers<void>() };
  const wake = (): void => {
    const { resolve } = state.more;
    state.more = Promise.withResolvers<void>();
    resolve();
  };
  return {
    push(item) {
      items.push(item);
      wake();
    },
    end() {
      state.isOver = true;
      wake();
    },
    async *iterate() {
      for (let index = 0; ; index += 1) {
        // oxlint-disable-next-line no-await-in-loop -- waits for the next item
        while (index >= items.length && !state.isOver) await state.more.promise;
        const item = items[index];
        if (item === undefined) return;
        yield item;
      }
    },
  };
}
