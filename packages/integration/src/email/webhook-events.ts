import type { WebhookEvent } from "@ventostack/webhook";
import { configError } from "../client/errors.ts";
import { notify } from "../client/hooks.ts";
import type { EmailLog } from "../mapping/sendgrid-email-log.ts";
import type { DeliveryNews, EmailLogStore, EmailRecord } from "./log-store.ts";
import type { EmailProvider, ProviderEvent } from "./provider.ts";

/** One event that was news. */
export interface EmailEventMoment {
  readonly event: EmailLog;
  /** The e-mail with the event taken into account; absent where it is none of this log's. */
  readonly record?: EmailRecord;
}

/** What a webhook brought. */
export interface WebhookReport {
  /** Events that changed a record of the log. */
  readonly applied: number;
  /** Events that had come before. */
  readonly duplicates: number;
  /** Events about e-mails that are not in the log, or about no e-mail. */
  readonly unmatched: number;
  /** Entries that are no events. */
  readonly malformed: number;
}

/** What handling webhooks needs. */
export interface WebhookParts {
  readonly provider: EmailProvider;
  readonly store: EmailLogStore;
  readonly now: () => number;
  readonly onEvent: ((moment: EmailEventMoment) => void) | undefined;
}

/**
 * Takes the events of a webhook into account, all of them or none.
 * @throws CONFIG_ERROR where the webhook is not the provider's; and whatever the store throws, so that the platform sends the webhook
 * again
 */
export async function takeEvents(
  parts: WebhookParts,
  webhook: WebhookEvent,
): Promise<WebhookReport> {
  const read = parts.provider.readEvents(webhook);
  if (!read) {
    throw configError(
      `handleWebhook: the e-mail provider ${parts.provider.name} does not know webhooks of this source`,
    );
  }
  const applied = await parts.store.apply(read.events.map(newsOf), parts.now());
  const counts = { applied: 0, duplicate: 0, unmatched: 0 };
  for (const [index, { log: event }] of read.events.entries()) {
    const change = applied[index];
    if (!change) continue;
    counts[change.outcome] += 1;
    if (change.outcome === "applied") notify(parts.onEvent, { event, record: change.record });
    if (change.outcome === "unmatched") notify(parts.onEvent, { event });
  }
  return {
    applied: counts.applied,
    duplicates: counts.duplicate,
    unmatched: counts.unmatched,
    malformed: read.malformed,
  };
}

function newsOf({ log, messageIds }: ProviderEvent): DeliveryNews {
  return {
    eventId: `${log.provider}:${log.id}`,
    type: log.type,
    messageIds,
    ...(log.reference !== undefined && { reference: log.reference }),
    ...(log.to !== undefined && { to: log.to }),
  };
}
