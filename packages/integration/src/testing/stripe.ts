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
