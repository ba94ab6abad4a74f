import { SENDGRID_REFERENCE_ARGUMENT } from "../mapping/sendgrid-email-log.ts";
import type { EmailAddress } from "./address.ts";
import { hasControlCharacters } from "./address.ts";
import type { OutgoingEmail } from "./provider.ts";

/** How the provider was set up. */
export interface SendGridSettings {
  readonly sandbox: boolean;
  /** SendGrid's template id by our name of it. */
  readonly templates: ReadonlyMap<string, string>;
}

type Json = Readonly<Record<string, unknown>>;

/** A body for `POST /v3/mail/send`, or what keeps it from being one. */
export type SendGridBody =
  | { readonly body: Json; readonly problem?: undefined }
  | { readonly body?: undefined; readonly problem: string };

const MS = 1000;

/**
 * Writes the request: one personalization a recipient, each with our reference as a custom argument, so that its events
 * find the way back even where the answer to the request was lost.
 * Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send
 */
export function sendGridBody(email: OutgoingEmail, settings: SendGridSettings): SendGridBody {
  const templateId = settings.templates.get(email.templateId) ?? email.templateId;
  if (!templateId.startsWith("d-")) {
    return {
      problem:
        "the template is neither a name in `templates` nor the id of a dynamic template of SendGrid, which begins with d-",
    };
  }
  const given = email.providerOptions["sendgrid"] ?? {};
  if (hasBrokenHeader(given["headers"]) || hasBrokenHeader({ subject: given["subject"] })) {
    return {
      problem:
        "a header or the subject in providerOptions.sendgrid has a line break or another control character",
    };
  }
  const sandbox = settings.sandbox && { mail_settings: { sandbox_mode: { enable: true } } };
  return {
    body: {
      ...given,
      // Ours come last: nothing that was handed through may change who gets what.
      from: addressJson(email.from),
      ...(email.replyTo && { reply_to: addressJson(email.replyTo) }),
      ...(email.categories.length > 0 && { categories: email.categories }),
      ...(email.sendAt !== undefined && { send_at: Math.floor(email.sendAt / MS) }),
      ...sandbox,
      template_id: templateId,
      personalizations: email.recipients.map(({ to, data, reference }) => ({
        to: [addressJson(to)],
        dynamic_template_data: data,
        custom_args: { [SENDGRID_REFERENCE_ARGUMENT]: reference },
      })),
    },
  };
}

function hasBrokenHeader(headers: unknown): boolean {
  if (typeof headers !== "object" || headers === null) return false;
  return Object.entries(headers).some(
    ([name, value]) =>
      hasControlCharacters(name) || (typeof value === "string" && hasControlCharacters(value)),
  );
}

function addressJson({ email, name }: EmailAddress): Json {
  return name === undefined ? { email } : { email, name };
}
