export type { EmailAddress, ReadAddress, Recipient } from "./address.ts";
export { readAddress } from "./address.ts";
export type { BulkRecipient, BulkSend } from "./bulk.ts";
export type { DeliveryFlag, DeliveryProgress, DeliveryStatus } from "./delivery-status.ts";
export type {
  BulkOptions,
  EmailHooks,
  EmailService,
  EmailServiceOptions,
  UnresolvedOptions,
} from "./email-service.ts";
export { createEmailService } from "./email-service.ts";
export type { FailoverMoment, FailoverOptions } from "./failover-provider.ts";
export { createFailoverEmailProvider } from "./failover-provider.ts";
export type { EmailFailure, EmailFailureCode } from "./failure.ts";
export type {
  Applied,
  Begun,
  DeliveryNews,
  EmailLogStore,
  EmailPage,
  EmailQuery,
  EmailRecord,
  HandOverResult,
  HandOverState,
  NewEmail,
} from "./log-store.ts";
export type { MemoryEmailLogStoreOptions } from "./memory-log-store.ts";
export { createMemoryEmailLogStore } from "./memory-log-store.ts";
export type { MessageOptions, TemplateData } from "./message-input.ts";
export type {
  EmailProvider,
  HandOver,
  OutgoingEmail,
  OutgoingRecipient,
  ProviderEvent,
  ReadEvents,
} from "./provider.ts";
export type {
  BulkProgress,
  BulkReport,
  EmailNotSent,
  EmailSent,
  RecipientResult,
  SendResult,
} from "./results.ts";
export type { SendGridClientOptions, SendGridProviderOptions } from "./sendgrid-provider.ts";
export { createSendGridProvider } from "./sendgrid-provider.ts";
export type { EmailEventMoment, WebhookReport } from "./webhook-events.ts";
