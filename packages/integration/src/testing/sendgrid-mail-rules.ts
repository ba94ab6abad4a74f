/** What SendGrid says about one thing that is wrong. */
export interface SendGridFault {
  readonly message: string;
  readonly field: string | null;
  readonly help: string | null;
}

/** A recipient as a request names it. */
interface SendGridEnvelope {
  readonly to: string;
  readonly customArgs: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A request as the emulator understood it. */
export type ReadMail =
  | { readonly faults: readonly SendGridFault[] }
  | {
      readonly faults?: undefined;
      readonly sandbox: boolean;
      readonly templateId: string | undefined;
      readonly categories: readonly string[];
      readonly envelopes: readonly SendGridEnvelope[];
    };

const HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#message.";
const MOST_RECIPIENTS = 1000;
const MOST_ARGUMENT_BYTES = 10_000;
const MOST_SCHEDULED_S = 72 * 3600;
const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

type Json = Readonly<Record<string, unknown>>;

/**
 * Checks a body of `POST /v3/mail/send` by the rules that the API reference prints.
 * Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors
 * @param isRefused addresses that count as invalid whatever they look like
 * @param now milliseconds since the epoch
 */
export function readMail(
  body: unknown,
  isRefused: (address: string) => boolean,
  now: number,
): ReadMail {
  const faults: SendGridFault[] = [];
  const fault = (field: string, message: string): void => {
    faults.push({ message, field, help: HELP + field.replace(/\.\d+/g, "") });
  };
  if (!isObject(body)) return { faults: [{ message: "Bad Request", field: null, help: null }] };

  const from = isObject(body["from"]) ? body["from"]["email"] : undefined;
  if (!isAddress(from)) {
    fault("from.email", "The from email does not contain a valid address.");
  }
  const templateId = textOf(body["template_id"]);
  if (templateId === undefined && (!textOf(body["subject"]) || !isList(body["content"]))) {
    fault(
      "subject",
      "The subject is required. You can get around this requirement if you use a template with a subject defined.",
    );
  }
  const categories = isList(body["categories"]) ? body["categories"].map(String) : [];
  if (categories.length > 10 || new Set(categories).size < categories.length) {
    fault("categories", "There cannot be more than 10 categories per request, each once.");
  }
  const sendAt = body["send_at"];
  if (typeof sendAt === "number" && sendAt > now / 1000 + MOST_SCHEDULED_S) {
    fault("send_at", "Scheduling more than 72 hours in advance is forbidden.");
  }
  const envelopes = readEnvelopes(body["personalizations"], templateId, isRefused, fault);
  if (faults.length > 0) return { faults };
  return { sandbox: isSandbox(body), templateId, categories, envelopes };
}

function readEnvelopes(
  personalizations: unknown,
  templateId: string | undefined,
  isRefused: (address: string) => boolean,
  fault: (field: string, message: string) => void,
): readonly SendGridEnvelope[] {
  if (!isList(personalizations) || personalizations.length === 0) {
    fault("personalizations", "You must have at least one personalization.");
    return [];
  }
  if (personalizations.length > MOST_RECIPIENTS) {
    fault(
      "personalizations",
      `The personalization block is limited to 1000 personalizations per API request. You have provided ${personalizations.length} personalizations.`,
    );
    return [];
  }
  const seen = new Set<string>();
  const envelopes: SendGridEnvelope[] = [];
  for (const [index, entry] of personalizations.entries()) {
    const place = `personalizations.${index}`;
    const personalization = isObject(entry) ? entry : {};
    const customArgs = personalization["custom_args"];
    if (!areTexts(customArgs)) {
      fault(
        `${place}.custom_args`,
        "Custom arguments must be an object of texts below 10000 bytes.",
      );
    }
    const data = personalization["dynamic_template_data"];
    if (data !== undefined && !templateId?.startsWith("d-")) {
      fault(`${place}.dynamic_template_data`, "Dynamic template data needs a dynamic template.");
    }
    const recipients = isList(personalization["to"]) ? personalization["to"] : [];
    if (recipients.length === 0) {
      fault(
        `${place}.to`,
        "The to parameter is required for all personalization objects, and must be an array of objects.",
      );
    }
    for (const [nth, recipient] of recipients.entries()) {
      const { email, name } = isObject(recipient) ? recipient : {};
      if (!isAddress(email) || isRefused(email)) {
        fault(`${place}.to.${nth}.email`, "Does not contain a valid address.");
        continue;
      }
      if (typeof name === "string" && /[,;]/.test(name)) {
        fault(`${place}.to.${nth}.name`, "The name cannot contain the characters ; or ,.");
      }
      if (seen.has(email.toLowerCase())) {
        // As the real one does, with the address in the message.
        fault(
          "personalizations",
          `Each unique email address in the personalizations array should only be included once. You have included [${email}] more than once.`,
        );
      }
      seen.add(email.toLowerCase());
      envelopes.push({
        to: email,
        customArgs: areTexts(customArgs) ? (customArgs ?? {}) : {},
        data: isObject(data) ? data : {},
      });
    }
  }
  if (envelopes.length > MOST_RECIPIENTS) {
    fault(
      "personalizations",
      "There is a limit of 1000 total recipients (to + cc + bcc) per request.",
    );
  }
  return envelopes;
}

function isSandbox(body: Json): boolean {
  const settings = body["mail_settings"];
  const sandbox = isObject(settings) ? settings["sandbox_mode"] : undefined;
  return isObject(sandbox) && sandbox["enable"] === true;
}

function areTexts(value: unknown): value is Readonly<Record<string, string>> | undefined {
  if (value === undefined) return true;
  return (
    isObject(value) &&
    Object.values(value).every((item) => typeof item === "string") &&
    new TextEncoder().encode(JSON.stringify(value)).length <= MOST_ARGUMENT_BYTES
  );
}

function isAddress(value: unknown): value is string {
  return typeof value === "string" && ADDRESS.test(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
