export type { Choice, Field, ObjectSchema } from "./fields.ts";
export {
  count,
  derive,
  exactly,
  flag,
  id,
  idOrObject,
  lenient,
  moment,
  object,
  oneOf,
  optional,
  text,
  textOrTexts,
  textsByName,
  unixSeconds,
} from "./fields.ts";
export type { Mapper, MappingError, MappingIssue, MappingResult } from "./mapper.ts";
export { createMapper } from "./mapper.ts";
export type { FileRecord } from "./s3-file-record.ts";
export { s3ObjectToFileRecord } from "./s3-file-record.ts";
export type { EmailEventType, EmailLog } from "./sendgrid-email-log.ts";
export { sendgridEventToEmailLog } from "./sendgrid-email-log.ts";
export type { Transaction, TransactionFailure, TransactionStatus } from "./stripe-transaction.ts";
export { stripeChargeToTransaction, stripePaymentToTransaction } from "./stripe-transaction.ts";
