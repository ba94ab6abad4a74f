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
export type { PaymentStoreCase, PaymentStoreCaseContext } from "./payment-store-cases.ts";
export { paymentStoreCases } from "./payment-store-cases.ts";
export { stripeTestMethods } from "./stripe-emulator-cards.ts";
export type { StripeFault, StripeFaultKind } from "./stripe-emulator-faults.ts";
export type { Form } from "./stripe-emulator-form.ts";
export type {
  EmulatedCustomer,
  EmulatedEvent,
  EmulatedIntentStatus,
  EmulatedObject,
  EmulatedPaymentIntent,
  EmulatedRefund,
} from "./stripe-emulator-objects.ts";
export type { SignedStripeWebhook, StripeDelivery } from "./stripe-emulator-webhooks.ts";
export type { EmulatedRequest, StripeEmulator, StripeEmulatorOptions } from "./stripe-emulator.ts";
export { createStripeEmulator } from "./stripe-emulator.ts";
