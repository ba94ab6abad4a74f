export type { AttemptFetchOptions } from "./attempt.ts";
export { createAttemptFetch } from "./attempt.ts";
export type { AttemptOptions } from "./attempt-parts.ts";
export type { Auth, AuthFunction, AuthToken } from "./auth.ts";
export type {
  CircuitBreaker,
  CircuitBreakerOptions,
  CircuitPass,
  CircuitState,
} from "./circuit-breaker.ts";
export { createCircuitBreaker } from "./circuit-breaker.ts";
export { createIntegrationClient } from "./client.ts";
export type { Clock } from "./clock.ts";
export type { EngineOptions, TimeoutOptions } from "./engine.ts";
export type { IntegrationErrorCode, IntegrationErrorParts, Outcome } from "./errors.ts";
export { IntegrationError } from "./errors.ts";
export type { FetchFunction, RedirectPolicy, SdkFetch } from "./exchange.ts";
export type { IntegrationHooks, RetryMoment } from "./hooks.ts";
export type { QuotaMonitor, QuotaOptions } from "./quota.ts";
export { createQuotaMonitor } from "./quota.ts";
export type { QuotaWindow } from "./quota-headers.ts";
export type { Interaction, LogEntry, LoggedValue, LogOptions, RedactingLogger } from "./redact.ts";
export { createRedactingLogger } from "./redact.ts";
export type { ResponseKind } from "./result.ts";
export type { RetryBudget, RetryBudgetOptions } from "./retry-budget.ts";
export { createRetryBudget } from "./retry-budget.ts";
export { createRetryFetch } from "./retry-fetch.ts";
export type { RetryOptions } from "./retry-policy.ts";
export type { Throttle, ThrottleOptions } from "./throttle.ts";
export { createThrottle } from "./throttle.ts";
export type {
  DataOf,
  IntegrationClient,
  IntegrationClientOptions,
  IntegrationFailure,
  IntegrationResult,
  IntegrationStatus,
  IntegrationSuccess,
  NextPage,
  PaginateOptions,
  ParamValue,
  RequestOptions,
  RequestOptionsWithBody,
  SendWithBody,
  SendWithoutBody,
} from "./types.ts";
