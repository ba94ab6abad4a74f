export type { IntegrationErrorCode, Outcome } from "../client/errors.ts";
export { currencies, isoExponent } from "./currencies.ts";
export type { PaymentUsageCode } from "./errors.ts";
export { PaymentUsageError } from "./errors.ts";
export type { DeclineReason, PaymentFailure, PaymentFailureCode } from "./failure.ts";
export { createMemoryPaymentStore } from "./memory-store.ts";
export type { Money } from "./money.ts";
export { formatMoney, money, parseMoney } from "./money.ts";
export type {
  CaptureMethod,
  CreatePayment,
  CreateRefund,
  CustomerAction,
  FindPayment,
  PaymentCapabilities,
  PaymentProvider,
  PaymentReference,
  PaymentStatus,
  ProviderAnswer,
  ProviderEvent,
  ProviderPayment,
  ProviderRefund,
  ProviderTypes,
  RefundStatus,
} from "./provider.ts";
export type {
  CancelInput,
  CaptureInput,
  ChargeInput,
  ChargeResult,
  CustomerResult,
  PaymentService,
  PaymentServiceOptions,
  ReconciledItem,
  ReconcileOptions,
  ReconcileReport,
  RefundInput,
  RefundResult,
  WebhookOutcome,
} from "./service-types.ts";
export { createPaymentService } from "./service.ts";
export type {
  CommitResult,
  OpenCall,
  OpenQuery,
  PaymentChange,
  PaymentStore,
  RecordKey,
  StoredCustomer,
  StoredPayment,
  StoredRefund,
} from "./store.ts";
export type { StripeMode } from "./stripe/api-key.ts";
export type { StripeModule } from "./stripe/sdk.ts";
export { stripePaymentEvents } from "./stripe/stripe-event.ts";
export type { StripePaymentProviderOptions } from "./stripe/stripe-provider.ts";
export { createStripePaymentProvider } from "./stripe/stripe-provider.ts";
export type { StripePaymentProvider, StripeTypes } from "./stripe/types.ts";
export type { StripeAmount } from "./stripe/wire-amount.ts";
export { fromStripeAmount, toStripeAmount } from "./stripe/wire-amount.ts";
export type { Payment, Refund } from "./views.ts";
