import { isDeliveryFlag, isDeliveryStatus } from "../delivery-status.ts";
import type { EmailRecord, HandOverState } from "../log-store.ts";

/** A row as the database has it. */
export type Row = Readonly<Record<string, unknown>>;

/** What a column may be given. */
export type Bound = string | number | null;

const STATES: ReadonlySet<unknown> = new Set<HandOverState>([
  "sending",
  "sent",
  "rejected",
  "not_sent",
  "unknown",
]);

/** The columns of a record in the order of `INSERT`. */
export const COLUMNS = [
  "id",
  "operation_id",
  "slot",
  "recipient",
  "mailbox",
  "template_id",
  "hand_over",
  "attempt",
  "provider",
  "message_id",
  "error_code",
  "status",
  "flags",
  "created_at",
  "updated_at",
] as const;

/** The values of `COLUMNS`. */
export function toColumns(record: EmailRecord, mailbox: string): readonly Bound[] {
  return [
    record.id,
    record.operationId,
    record.slot,
    record.to,
    mailbox,
    record.templateId,
    record.handOver,
    record.attempt,
    record.provider ?? null,
    record.messageId ?? null,
    record.errorCode ?? null,
    record.status,
    record.flags.join(" "),
    record.createdAt,
    record.updatedAt,
  ];
}

/** @throws Error where the row was not written by this module */
export function toRecord(row: Row): EmailRecord {
  const handOver = row["hand_over"];
  const status = row["status"];
  if (!isState(handOver) || !isDeliveryStatus(status)) {
    throw new Error("The e-mail log holds a row that this version cannot read");
  }
  return {
    id: textOf(row["id"]),
    operationId: textOf(row["operation_id"]),
    slot: textOf(row["slot"]),
    to: textOf(row["recipient"]),
    templateId: textOf(row["template_id"]),
    handOver,
    attempt: Number(row["attempt"]),
    ...optional("provider", row["provider"]),
    ...optional("messageId", row["message_id"]),
    ...optional("errorCode", row["error_code"]),
    status,
    flags: textOf(row["flags"]).split(" ").filter(isDeliveryFlag),
    createdAt: Number(row["created_at"]),
    updatedAt: Number(row["updated_at"]),
  };
}

function isState(value: unknown): value is HandOverState {
  return STATES.has(value);
}

function optional<Name extends string>(name: Name, value: unknown): { [N in Name]?: string } {
  // A computed name widens to `string`.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return (value === null || value === undefined ? {} : { [name]: textOf(value) }) as {
    [N in Name]?: string;
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
