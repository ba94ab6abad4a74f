export type { UsageCode, VerificationCode, WebhookErrorCode } from "./errors.ts";
export { statusOfVerificationCode, WebhookError, WebhookVerificationError } from "./errors.ts";
export type { WebhookEvent } from "./event.ts";

export type { Bytes } from "./signing/bytes.ts";
export { fromBase64, fromHex, toBase64, toHex } from "./signing/bytes.ts";
export type { SigningKeyPair } from "./signing/ed25519-secret.ts";
export { generateSigningKeyPair } from "./signing/ed25519-secret.ts";
export type { CryptoBackend, HmacHash, HmacKey } from "./signing/hmac.ts";
export { createHmacKey } from "./signing/hmac.ts";
export type {
  CryptoKeyLike,
  PublicKey,
  PublicKeyInput,
  PublicKeyScheme,
} from "./signing/public-key.ts";
export { createPublicKey } from "./signing/public-key.ts";

export { createGenericHmacVerifier } from "./inbound/generic-hmac.ts";
export type { HmacVerifierOptions } from "./inbound/hmac-verifier.ts";
export { createHmacVerifier } from "./inbound/hmac-verifier.ts";
export type {
  InboundVerifier,
  SafeRefusal,
  Replies,
  SafeVerifyResult,
  VerifiedWebhookEvent,
} from "./inbound/inbound-verifier.ts";
export { createInboundVerifier } from "./inbound/inbound-verifier.ts";
export { BodyFault } from "./inbound/bounded-body.ts";
export type { NodeHandler, NodeRequest, NodeResponse } from "./inbound/node-handler.ts";
export { toNodeHandler } from "./inbound/node-handler.ts";
export type { MemoryReplayGuardOptions, ReplayGuard, Reservation } from "./inbound/replay-guard.ts";
export { createMemoryReplayGuard } from "./inbound/replay-guard.ts";
export type {
  IncomingWebhook,
  RefusedWebhook,
  WebhookHandler,
  WebhookHandlerOptions,
} from "./inbound/webhook-handler.ts";
export { createWebhookHandler } from "./inbound/webhook-handler.ts";
export { createWebhookRouter } from "./inbound/webhook-router.ts";
export { interpretProvider } from "./inbound/interpret-provider.ts";
export type {
  Alternatives,
  EventParts,
  ProviderDefinition,
  SignatureAlgorithm,
  SignatureScheme,
  SignedContent,
} from "./inbound/provider-definition.ts";
export { digest, hmac, publicKey } from "./inbound/provider-definition.ts";
export type {
  Acknowledgement,
  EventFields,
  HeadersInput,
  RawBody,
  Refused,
  Reply,
  ReplyFailure,
  RequestContext,
  VerifierConfig,
  VerifyResult,
  WebhookProvider,
} from "./inbound/provider.ts";
export { queryValue } from "./inbound/query.ts";
export { parseJson } from "./inbound/raw-body.ts";
export { refuse } from "./inbound/refusal.ts";
export type { SignedRequest } from "./inbound/signed-request.ts";
export type { FormField } from "./inbound/form.ts";
export { fromByteString, toByteString } from "./signing/bytes.ts";
export { createStandardWebhooksVerifier } from "./inbound/standard-webhooks-verifier.ts";
export type { TimestampUnit } from "./inbound/timestamp.ts";
export { parseIsoTime } from "./inbound/timestamp.ts";
export { stringAt, valueAt } from "./inbound/value-at.ts";

export type { Clock } from "./clock.ts";
export type { MaybePromise } from "./maybe-promise.ts";
export type { HealthOptions } from "./outbound/endpoint-health.ts";
export type { EventFilter, FilterCondition } from "./outbound/filter.ts";
export type {
  AttemptMoment,
  EndpointMoment,
  ErrorMoment,
  OutboundHooks,
} from "./outbound/hooks.ts";
export { createOutboundWebhookManager } from "./outbound/manager.ts";
export type {
  AsyncOutboundWebhookManager,
  DeliveryFilter,
  DeliveryQuery,
  OutboundWebhookManager,
  ReplayRange,
  SendOptions,
  SubscriptionFilter,
  WebhookManager,
} from "./outbound/manager-types.ts";
export type {
  OutboundWebhookManagerOptions,
  RetentionOptions,
  SendWait,
} from "./outbound/options.ts";
export type { RelayBus, RelayedEvent, RelayOptions, RelayTarget } from "./outbound/relay-events.ts";
export { relayEvents } from "./outbound/relay-events.ts";
export type { FailedAttempt, RetryOptions } from "./outbound/retry-policy.ts";
export type { SubscriptionInput } from "./outbound/subscriptions.ts";
export { generateSecret } from "./outbound/subscriptions.ts";
export type { OutboundStats, WebhookDelivery, WebhookSubscription } from "./outbound/views.ts";

export type {
  AttemptRecord,
  Claimed,
  ClaimRequest,
  Counters,
  DeliveryStatus,
  DeliveryStore,
  EndpointState,
  Enqueued,
  NewDelivery,
  Page,
  RateLimit,
  Read,
  Settlement,
  SettleResult,
  StoredDelivery,
  StoredMessage,
  StoredSecret,
  StoredSubscription,
  StoreFilter,
  StoreMode,
} from "./store/delivery-store.ts";
export { createMemoryStore } from "./store/memory-store.ts";

export type {
  FetchedBody,
  FetchedResponse,
  FetchInit,
  FetchLike,
} from "./transport/fetch-transport.ts";
export { createHttpTransport } from "./transport/http-transport.ts";
export type { HttpTransportOptions } from "./transport/http-transport.ts";
export type { SocketTransportOptions } from "./transport/socket-transport.ts";
export { createSocketTransport } from "./transport/socket-transport.ts";
export type { NetworkOptions, NetworkPolicy } from "./transport/network-policy.ts";
export { createNetworkPolicy } from "./transport/network-policy.ts";
export type {
  TlsSettings,
  Transport,
  TransportErrorClass,
  TransportOutcome,
  TransportRequest,
  TransportTimings,
} from "./transport/transport.ts";
