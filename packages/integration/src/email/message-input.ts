import { knownKeys } from "../client/check.ts";
import { configError } from "../client/errors.ts";
import type { EmailAddress, Recipient } from "./address.ts";
import { hasControlCharacters, readAddress } from "./address.ts";
import type { EmailFailure } from "./failure.ts";
import { notSent } from "./failure.ts";
import type { OutgoingEmail } from "./provider.ts";

/** What a template is filled with: whatever JSON can say. */
export type TemplateData = Readonly<Record<string, unknown>>;

/** What can be said about an e-mail beside its recipient and its template. */
export interface MessageOptions {
  /**
   * Identifies what the e-mail is sent for, such as `order-42-shipped`. What was sent under an id is not sent again. Up to
   * 255 characters, without personal data. Default: a new one, so that nothing holds a repeat back.
   */
  readonly operationId?: string;
  /** Default: that of the service. */
  readonly from?: Recipient;
  readonly replyTo?: Recipient;
  /** Up to 10 different texts of up to 255 characters, for the provider's statistics, without personal data. */
  readonly categories?: readonly string[];
  /** When to send, in milliseconds since the epoch. SendGrid takes up to 72 hours from now. Default: at once. */
  readonly sendAt?: number;
  /** Further fields of a provider's request, by provider name, such as `{ sendgrid: { asm: { group_id: 1 } } }`. */
  readonly providerOptions?: OutgoingEmail["providerOptions"];
  readonly signal?: AbortSignal;
}

/** A checked e-mail, without recipients. */
export type Envelope = Omit<OutgoingEmail, "recipients">;

/** The outcome of checking. */
export type Checked<T> =
  | { readonly value: T; readonly failure?: undefined }
  | { readonly value?: undefined; readonly failure: EmailFailure };

const MOST_CATEGORIES = 10;
const MOST_TEXT = 255;

const MESSAGE_OPTIONS = [
  "operationId",
  "from",
  "replyTo",
  "categories",
  "sendAt",
  "providerOptions",
  "signal",
] as const;

/** Refuses names that are no option: a misspelt `operationId` would mean a second e-mail. @throws CONFIG_ERROR */
export function checkOptionNames(
  name: string,
  options: object,
  more: readonly string[] = [],
): void {
  knownKeys(name, options, [...MESSAGE_OPTIONS, ...more]);
}

/** The sender that the service was made with. @throws CONFIG_ERROR */
export function checkSender(name: string, given: Recipient): EmailAddress {
  const { address, problem } = readAddress(given);
  if (address) return address;
  throw configError(`createEmailService: ${name} is not usable: ${problem}`);
}

/** Checks what all recipients share. */
export function checkMessage(
  templateId: string,
  options: MessageOptions,
  defaults: { readonly from: EmailAddress; readonly replyTo: EmailAddress | undefined },
): Checked<Envelope> {
  if (!isLine(templateId)) return invalid("the template id must be a text of one line");
  const from = addressOr(options.from, defaults.from);
  if (from.problem !== undefined) return invalid(`from is not usable: ${from.problem}`);
  const replyTo = addressOr(options.replyTo, defaults.replyTo);
  if (replyTo.problem !== undefined) return invalid(`replyTo is not usable: ${replyTo.problem}`);
  const { categories = [], sendAt, providerOptions = {} } = options;
  if (
    !Array.isArray(categories) ||
    categories.length > MOST_CATEGORIES ||
    new Set(categories).size < categories.length ||
    !categories.every(isLine)
  ) {
    return invalid(`categories must be up to ${MOST_CATEGORIES} different texts of one line`);
  }
  if (sendAt !== undefined && !Number.isFinite(sendAt)) {
    return invalid("sendAt must be a time in milliseconds since the epoch");
  }
  return {
    value: {
      from: from.address,
      ...(replyTo.address && { replyTo: replyTo.address }),
      templateId,
      categories: [...categories],
      ...(sendAt !== undefined && { sendAt }),
      providerOptions,
    },
  };
}

function addressOr<T extends EmailAddress | undefined>(
  given: Recipient | undefined,
  fallback: T,
):
  | { readonly address: EmailAddress | T; readonly problem?: undefined }
  | { readonly problem: string } {
  return given === undefined ? { address: fallback } : readAddress(given);
}

/** Copies template data, so that a later change cannot change what is sent, and shows early what is no JSON. */
export function checkData(data: unknown): Checked<TemplateData> {
  if (typeof data !== "object" || data === null || Array.isArray(data)) {
    return invalid("the template's data must be an object");
  }
  try {
    const copy: unknown = JSON.parse(JSON.stringify(data));
    if (isRecord(copy)) return { value: copy };
  } catch {
    // The runtime's message may quote the data.
  }
  return invalid("the template's data cannot be written as JSON: it holds a cycle or a BigInt");
}

/** @throws CONFIG_ERROR */
export function checkOperationId(operationId: unknown): asserts operationId is string {
  if (!isLine(operationId)) {
    throw configError(
      `operationId must be a text of 1 to ${MOST_TEXT} characters without control characters`,
    );
  }
}

function isLine(text: unknown): text is string {
  return (
    typeof text === "string" &&
    text !== "" &&
    text.length <= MOST_TEXT &&
    !hasControlCharacters(text)
  );
}

function isRecord(value: unknown): value is TemplateData {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(problem: string): { readonly failure: EmailFailure } {
  return { failure: notSent("INVALID_MESSAGE", `Nothing was sent: ${problem}`) };
}
