import type { WebhookEvent } from "@ventostack/webhook";
import type { EmailLog } from "../mapping/sendgrid-email-log.ts";
import type { EmailAddress } from "./address.ts";
import type { EmailFailure } from "./failure.ts";

/** One recipient of a request. Each gets a message of its own and does not see the others. */
export interface OutgoingRecipient {
  /** Our id of the message. The provider's events name it, if the provider can carry it. */
  readonly reference: string;
  readonly to: EmailAddress;
  /** What the template is filled with. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a provider is asked to send in one request. Addresses and texts have been checked. */
export interface OutgoingEmail {
  readonly from: EmailAddress;
  readonly replyTo?: EmailAddress;
  readonly templateId: string;
  readonly recipients: readonly OutgoingRecipient[];
  readonly categories: readonly string[];
  /** Milliseconds since the epoch; at once where it is absent. */
  readonly sendAt?: number;
  /** Further fields of the provider's own request, by provider name. They cannot replace ours. */
  readonly providerOptions: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** What became of one request. */
export type HandOver =
  | {
      readonly success: true;
      /** Who took it. */
      readonly provider: string;
      /** The provider's id of the request; its ids of the messages begin with it. */
      readonly messageId?: string;
      /** Checked by the provider, but not sent. */
      readonly sandbox: boolean;
    }
  | {
      readonly success: false;
      readonly error: EmailFailure;
      /**
       * The recipients, by index, that the whole request was refused for, if only recipients were wrong with it: without
       * them it may be sent again.
       */
      readonly refusedRecipients?: readonly number[];
    };

/** One event of a provider's webhook. */
export interface ProviderEvent {
  readonly log: EmailLog;
  /** What the request's id may be, the most likely first. */
  readonly messageIds: readonly string[];
}

/** What a webhook's payload holds. */
export interface ReadEvents {
  readonly events: readonly ProviderEvent[];
  /** How many entries could not be read. */
  readonly malformed: number;
}

/**
 * Somebody who delivers e-mail. `send` does not reject: whatever happens is a `HandOver`.
 */
export interface EmailProvider {
  /** As it stands in logs and as the `source` of its webhooks. */
  readonly name: string;
  /** How many recipients a request may have. */
  readonly maxRecipients: number;
  send(email: OutgoingEmail, options?: { readonly signal?: AbortSignal }): Promise<HandOver>;
  /** The events of a verified webhook; `undefined` where the webhook is somebody else's. */
  readEvents(event: WebhookEvent): ReadEvents | undefined;
  close?(): Promise<void>;
}
