export type {
  AlipayPrivateKey,
  DingTalkEventKeys,
  GeneratedKeys,
  PlatformConfig,
  PlatformKeys,
  PlatformName,
  SharedSecret,
  WeChatPayPrivateKeys,
} from "./platform-keys.ts";
export { generatePlatformKeys } from "./platform-keys.ts";
export type { PlatformMessage, PlatformRequest } from "./platform-request.ts";
export type { EmailLogStoreCase, EmailLogStoreContext } from "./email-log-store-cases/case.ts";
export { emailLogStoreCases } from "./email-log-store-cases.ts";
export type {
  PostOptions,
  SendGridEmulator,
  SendGridEmulatorOptions,
  SendGridFailure,
  SendGridMessage,
  SendGridRequest,
} from "./sendgrid-emulator.ts";
export { createSendGridEmulator } from "./sendgrid-emulator.ts";
export type {
  EventSigner,
  EventSubject,
  SendGridEvent,
  SendGridEventName,
  SignedPost,
} from "./sendgrid-events.ts";
export { createEventSigner, makeEvent } from "./sendgrid-events.ts";
export type { PlatformMessages } from "./sign-request.ts";
export { signRequest } from "./sign-request.ts";
