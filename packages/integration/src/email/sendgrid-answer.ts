import type { IntegrationError } from "../client/errors.ts";
import type { EmailFailure, EmailFailureCode } from "./failure.ts";
import type { HandOver } from "./provider.ts";

const RECIPIENT_FIELD = /^personalizations\.(\d{1,4})(?:\.|$)/;
const FIELD = /^[\w.-]{1,100}$/;
const MOST_FIELDS = 5;

interface Complaint {
  /** A path into the request; empty where the answer names none. */
  readonly field: string;
  readonly message: string;
}

/**
 * What SendGrid's refusal means to us. Its messages are left behind: they quote addresses. The names of the fields stay.
 * Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors
 * @param recipients how many the request had
 */
export function sendGridFailure(
  error: IntegrationError,
  recipients: number,
): Extract<HandOver, { success: false }> {
  const complaints = error.status === undefined ? [] : readComplaints(error.data);
  const fields = complaints.map(({ field }) => field).filter((field) => FIELD.test(field));
  const refused = error.status === 400 ? refusedRecipients(complaints, recipients) : undefined;
  // Credits that are used up come as a 401, as though the key were wrong.
  const isOutOfCredits =
    error.status === 401 && complaints.some(({ message }) => /credits exceeded/i.test(message));
  const code: EmailFailureCode = isOutOfCredits
    ? "QUOTA_EXHAUSTED"
    : refused
      ? "INVALID_RECIPIENT"
      : error.status === 400 || error.status === 413
        ? "INVALID_MESSAGE"
        : error.code;
  const where = [...new Set(fields)].slice(0, MOST_FIELDS).join(", ");
  const failure: EmailFailure = {
    code,
    message: where === "" ? error.message : `${error.message} (fields: ${where})`,
    outcome: error.outcome,
    retryable: error.retryable || isOutOfCredits,
    provider: "sendgrid",
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
    ...(error.status !== undefined && { status: error.status }),
    ...(error.requestId !== undefined && { requestId: error.requestId }),
  };
  return { success: false, error: failure, ...(refused && { refusedRecipients: refused }) };
}

/** The recipients that were complained about, if nothing else was. */
function refusedRecipients(
  complaints: readonly Complaint[],
  recipients: number,
): readonly number[] | undefined {
  const indexes = new Set<number>();
  for (const { field } of complaints) {
    const index = Number(RECIPIENT_FIELD.exec(field)?.[1] ?? NaN);
    if (!(index < recipients)) return undefined;
    indexes.add(index);
  }
  return indexes.size > 0 ? [...indexes] : undefined;
}

function readComplaints(body: unknown): readonly Complaint[] {
  const errors = valueOf(body, "errors");
  if (!Array.isArray(errors)) return [];
  return errors.map((entry: unknown) => {
    const field = valueOf(entry, "field");
    const message = valueOf(entry, "message");
    return {
      field: typeof field === "string" ? field : "",
      message: typeof message === "string" ? message : "",
    };
  });
}

function valueOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  const found: unknown = Reflect.get(value, name);
  return found;
}
