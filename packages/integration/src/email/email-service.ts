import type { WebhookEvent } from "@ventostack/webhook";
import { functionOption, integerOption, knownKeys, msOption } from "../client/check.ts";
import { configError } from "../client/errors.ts";
import { notify } from "../client/hooks.ts";
import type { Recipient } from "./address.ts";
import { readAddress } from "./address.ts";
import type { BulkRecipient, BulkSend } from "./bulk.ts";
import { startBulk } from "./bulk.ts";
import type { EmailFailure } from "./failure.ts";
import { notSent } from "./failure.ts";
import type { HandOverParts } from "./hand-over.ts";
import { handOver } from "./hand-over.ts";
import type { EmailLogStore, EmailPage, EmailQuery, EmailRecord } from "./log-store.ts";
import { createMemoryEmailLogStore } from "./memory-log-store.ts";
import type { MessageOptions, TemplateData } from "./message-input.ts";
import {
  checkData,
  checkMessage,
  checkOperationId,
  checkOptionNames,
  checkSender,
} from "./message-input.ts";
import type { EmailProvider } from "./provider.ts";
import type { BulkProgress, SendResult } from "./results.ts";
import type { EmailEventMoment, WebhookReport } from "./webhook-events.ts";
import { takeEvents } from "./webhook-events.ts";

/** What they throw changes nothing. */
export interface EmailHooks {
  /**
   * After each event of a webhook that was news; also for events about e-mails that are not in the log, and those may come
   * more than once. Lost where the process dies in that moment: read `list({ flag })` for what must not be missed.
   */
  readonly onEvent?: (moment: EmailEventMoment) => void;
  /** The log could not be written. After a call to the provider the e-mail may be out all the same. */
  readonly onStoreError?: (error: unknown) => void;
}

export interface EmailServiceOptions {
  readonly provider: EmailProvider;
  /** Who the e-mails come from; the provider has to know it. */
  readonly from: Recipient;
  readonly replyTo?: Recipient;
  /** Where e-mails are on record. Default: this process's memory, so that a restarted application may send twice. */
  readonly store?: EmailLogStore;
  /** Recipients a request. 1 or more, default and bound: what the provider takes (SendGrid 1000). */
  readonly batchSize?: number;
  readonly hooks?: EmailHooks;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
  /** Ids of e-mails and of operations without one. Default `crypto.randomUUID`. */
  readonly newId?: () => string;
}

export interface BulkOptions extends MessageOptions {
  /** What all recipients' templates are filled with. */
  readonly data?: TemplateData;
  /** After each batch. What it throws changes nothing. */
  readonly onProgress?: (progress: BulkProgress) => void;
}

export interface UnresolvedOptions {
  /** How long a call has to be under way to count as lost, in milliseconds, 0 or more, default 300,000 (5 minutes). */
  readonly olderThanMs?: number;
  readonly limit?: number;
  readonly cursor?: string;
}

/** Sends e-mails and knows what became of them. The methods can be destructured. */
export interface EmailService {
  /**
   * Sends one e-mail from a template. Whatever happens is a result.
   * @param data what the template is filled with
   * @throws CONFIG_ERROR for an operation id that is none, and an option that there is not
   */
  readonly sendEmail: (
    to: Recipient,
    templateId: string,
    data?: TemplateData,
    options?: MessageOptions,
  ) => Promise<SendResult>;
  /**
   * Sends to many, each with an e-mail and a result of their own. With the operation id of an earlier call it goes on where
   * that one ended: who has the e-mail, or may have it, does not get it again.
   * @throws CONFIG_ERROR at once, for what is no list, an operation id that is none, and an option that there is not
   */
  readonly sendBulk: (
    recipients: readonly BulkRecipient[],
    templateId: string,
    options?: BulkOptions,
  ) => BulkSend;
  /**
   * Takes a verified webhook into account. Events may repeat and come in any order.
   * @throws CONFIG_ERROR where the webhook is somebody else's; what the store throws, so that the platform tries again
   */
  readonly handleWebhook: (event: WebhookEvent) => Promise<WebhookReport>;
  /** One e-mail by our id. */
  readonly get: (id: string) => Promise<EmailRecord | undefined>;
  readonly list: (query?: EmailQuery) => Promise<EmailPage>;
  /**
   * E-mails of which nobody knows whether they were sent: the answer was lost, or the process died. Those whose events come
   * in leave the list by themselves.
   */
  readonly unresolved: (options?: UnresolvedOptions) => Promise<EmailPage>;
  /**
   * Settles an unresolved e-mail by hand; any other stays as it is. After `not_sent` its operation may be sent again.
   * @returns the record as it is now, or `undefined` where there is none
   */
  readonly resolve: (id: string, as: "sent" | "not_sent") => Promise<EmailRecord | undefined>;
  /** Closes the provider and the store. */
  readonly close: () => Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const LOST_AFTER_MS = 300_000;

/**
 * Makes the service.
 * @throws CONFIG_ERROR
 */
export function createEmailService(options: EmailServiceOptions): EmailService {
  knownKeys("createEmailService", options, [
    "provider",
    "from",
    "replyTo",
    "store",
    "batchSize",
    "hooks",
    "now",
    "newId",
  ]);
  const { provider, hooks = {} } = options;
  if (typeof provider?.send !== "function") {
    throw configError("createEmailService: provider is missing, such as createSendGridProvider(…)");
  }
  const from = checkSender("from", options.from);
  const replyTo =
    options.replyTo === undefined ? undefined : checkSender("replyTo", options.replyTo);
  const batchSize = integerOption("batchSize", options.batchSize, {
    min: 1,
    max: provider.maxRecipients,
    fallback: provider.maxRecipients,
  });
  const store = options.store ?? createMemoryEmailLogStore();
  const now = functionOption("now", options.now, Date.now);
  const newId = functionOption("newId", options.newId, () => crypto.randomUUID());
  const parts: HandOverParts = {
    provider,
    store,
    now,
    newId,
    onStoreError: (error) => notify(hooks.onStoreError, error),
  };

  const operationOf = (given: string | undefined): string => {
    const operationId = given ?? newId();
    checkOperationId(operationId);
    return operationId;
  };
  const close = async (): Promise<void> => {
    await provider.close?.();
    await store.close();
  };

  return {
    async sendEmail(to, templateId, data = {}, message = {}) {
      checkOptionNames("sendEmail", message);
      const operationId = operationOf(message.operationId);
      const failed = (error: EmailFailure): SendResult => ({ success: false, operationId, error });
      const recipient = readAddress(to);
      if (!recipient.address) {
        return failed(notSent("INVALID_RECIPIENT", `Nothing was sent: ${recipient.problem}`));
      }
      const envelope = checkMessage(templateId, message, { from, replyTo });
      if (envelope.failure) return failed(envelope.failure);
      const filling = checkData(data);
      if (filling.failure) return failed(filling.failure);
      const { results } = await handOver(parts, {
        operationId,
        envelope: envelope.value,
        entries: [{ slot: "", to: recipient.address, data: filling.value }],
        signal: message.signal,
      });
      return results[0] ?? failed(notSent("STORE_FAILED", "The log gave no answer"));
    },
    sendBulk(recipients, templateId, bulk = {}) {
      checkOptionNames("sendBulk", bulk, ["data", "onProgress"]);
      if (!Array.isArray(recipients)) throw configError("sendBulk takes a list of recipients");
      const operationId = operationOf(bulk.operationId);
      const envelope = checkMessage(templateId, bulk, { from, replyTo });
      const data = checkData(bulk.data ?? {});
      const failure = envelope.failure ?? data.failure;
      return startBulk({
        operationId,
        recipients: [...recipients],
        sharedData: data.value ?? {},
        batchSize,
        onProgress: bulk.onProgress,
        send: async (entries) =>
          envelope.value && !failure
            ? handOver(parts, {
                operationId,
                envelope: envelope.value,
                entries,
                signal: bulk.signal,
              })
            : { results: entries.map(() => refusedAll(operationId, failure)) },
      });
    },
    handleWebhook: (event) => takeEvents({ provider, store, now, onEvent: hooks.onEvent }, event),
    get: async (id) => store.get(id),
    list: async (query) => store.list(query),
    async unresolved({ olderThanMs, limit, cursor } = {}) {
      const age = msOption("olderThanMs", olderThanMs, LOST_AFTER_MS, 0);
      return store.list({
        handOver: ["sending", "unknown"],
        updatedBefore: now() - age,
        ...(limit !== undefined && { limit }),
        ...(cursor !== undefined && { cursor }),
      });
    },
    async resolve(id, as) {
      if (as !== "sent" && as !== "not_sent") {
        throw configError('resolve: an e-mail is "sent" or "not_sent"');
      }
      const record = await store.get(id);
      if (record?.handOver !== "sending" && record?.handOver !== "unknown") return record;
      await store.settle([{ id, attempt: record.attempt }], { handOver: as }, now());
      return store.get(id);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function refusedAll(operationId: string, failure: EmailFailure | undefined): SendResult {
  return {
    success: false,
    operationId,
    error: failure ?? notSent("INVALID_MESSAGE", "Nothing was sent"),
  };
}
