import { withoutAbsent } from "./absent.ts";
import {
  count,
  flag,
  id,
  lenient,
  object,
  oneOf,
  text,
  textOrTexts,
  unixSeconds,
} from "./fields.ts";
import type { Mapper } from "./mapper.ts";
import { createMapper } from "./mapper.ts";

/**
 * What happened to an e-mail. `deferred`: the recipient's server asked to try later. `dropped`: the service did not even
 * try. `account`: something about the sender's account, without an e-mail. `unknown`: see `rawType`.
 */
export type EmailEventType =
  | "processed"
  | "deferred"
  | "delivered"
  | "opened"
  | "clicked"
  | "bounced"
  | "dropped"
  | "spam"
  | "unsubscribed"
  | "resubscribed"
  | "account"
  | "unknown";

/** One entry of an e-mail's log, whichever service delivers it. */
export interface EmailLog {
  /** Identifies the event: it may come more than once. */
  readonly id: string;
  readonly provider: string;
  readonly type: EmailEventType;
  /** As the service calls it. */
  readonly rawType: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The recipient; absent on events of the account. */
  readonly to?: string;
  /** The service's id of the message to this recipient. It begins with the id that the service gave when it was sent. */
  readonly messageId?: string;
  /** The `Message-ID` that the service made, without angle brackets. The only id of a bounce that comes late. */
  readonly smtpId?: string;
  /** The sender's own id of the message, if it was sent by this package. */
  readonly reference?: string;
  /** Why it bounced, was deferred or dropped. It may quote the recipient's address. */
  readonly reason?: string;
  /** The SMTP status, such as `5.1.1`. */
  readonly smtpStatus?: string;
  /** Of a bounce: `bounced` for good, or `blocked` for now. */
  readonly bounce?: "bounced" | "blocked" | "unknown";
  /** What the service thinks a bounce was, such as `Invalid Address`. */
  readonly bounceClassification?: string;
  /** How often delivery has been tried. */
  readonly attempt?: number;
  /** The link that was clicked. */
  readonly url?: string;
  /** Whether a machine, such as a mail program that loads pictures ahead, opened it and perhaps no human. */
  readonly openedByMachine?: boolean;
  readonly categories: readonly string[];
}

/** The name of the custom argument in which the reference travels; it comes back on each event. */
export const SENDGRID_REFERENCE_ARGUMENT = "ventostack_ref";

// Lenient, since the sender's own custom arguments stand beside these fields and may have the name of one: whatever they
// hold, a bounce must not get lost over it.
const sendgridEvent = object({
  sg_event_id: id,
  event: oneOf(
    "processed",
    "deferred",
    "delivered",
    "open",
    "click",
    "bounce",
    "dropped",
    "spamreport",
    "unsubscribe",
    "group_unsubscribe",
    "group_resubscribe",
    "account_status_change",
  ),
  timestamp: unixSeconds,
  email: lenient(text),
  sg_message_id: lenient(text),
  "smtp-id": lenient(text),
  [SENDGRID_REFERENCE_ARGUMENT]: lenient(text),
  reason: lenient(text),
  response: lenient(text),
  status: lenient(text),
  type: lenient(oneOf("bounce", "blocked")),
  bounce_classification: lenient(text),
  attempt: lenient(count),
  url: lenient(text),
  sg_machine_open: lenient(flag),
  category: lenient(textOrTexts),
});

const TYPES = {
  processed: "processed",
  deferred: "deferred",
  delivered: "delivered",
  open: "opened",
  click: "clicked",
  bounce: "bounced",
  dropped: "dropped",
  spamreport: "spam",
  unsubscribe: "unsubscribed",
  group_unsubscribe: "unsubscribed",
  group_resubscribe: "resubscribed",
  account_status_change: "account",
  unknown: "unknown",
} as const satisfies Record<string, EmailEventType>;

const BOUNCES = { bounce: "bounced", blocked: "blocked", unknown: "unknown" } as const;

/**
 * Maps one event of SendGrid's event webhook; the webhook's payload is an array of them.
 * @see https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
 */
export const sendgridEventToEmailLog: Mapper<EmailLog> = createMapper(sendgridEvent, (event) => {
  const type = TYPES[event.event.value];
  return {
    id: event.sg_event_id,
    provider: "sendgrid",
    type,
    rawType: event.event.raw,
    at: event.timestamp,
    categories: event.category ?? [],
    ...withoutAbsent({
      to: event.email,
      messageId: event.sg_message_id,
      smtpId: event["smtp-id"]?.replace(/^<(.*)>$/, "$1"),
      reference: event[SENDGRID_REFERENCE_ARGUMENT],
      reason: event.reason ?? event.response,
      smtpStatus: event.status,
      bounce: type === "bounced" ? BOUNCES[event.type?.value ?? "unknown"] : undefined,
      bounceClassification: event.bounce_classification,
      attempt: event.attempt,
      url: event.url,
      openedByMachine: event.sg_machine_open,
    }),
  };
});
