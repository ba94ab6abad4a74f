import { functionOption, integerOption, isMade, knownKeys, msOption, nameOption } from "./check.ts";
import type { CircuitBreaker, CircuitBreakerOptions } from "./circuit-breaker.ts";
import { createCircuitBreaker } from "./circuit-breaker.ts";
import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import { configError } from "./errors.ts";
import type { FetchFunction, RedirectPolicy } from "./exchange.ts";
import type { IntegrationHooks } from "./hooks.ts";
import type { QuotaMonitor, QuotaOptions } from "./quota.ts";
import { createQuotaMonitor } from "./quota.ts";
import type { LogOptions, RedactingLogger } from "./redact.ts";
import { createRedactingLogger } from "./redact.ts";
import type { Throttle, ThrottleOptions } from "./throttle.ts";
import { createThrottle } from "./throttle.ts";

/** What every attempt goes through. Each part can be options or a part that several clients share. */
export interface AttemptOptions {
  /** For logs and errors, such as "stripe". */
  readonly name: string;
  /** Default on; `false` switches it off. */
  readonly breaker?: CircuitBreakerOptions | CircuitBreaker | false;
  /** Default none. */
  readonly throttle?: ThrottleOptions | Throttle;
  readonly quota?: QuotaOptions | QuotaMonitor;
  /** Default a line of JSON per attempt on the standard output; `false` logs nothing. */
  readonly log?: LogOptions | RedactingLogger | false;
  readonly hooks?: IntegrationHooks;
  /** Bytes of a body after decompression, 1 to 2^30, default 10 MiB. */
  readonly maxResponseBytes?: number;
  readonly redirect?: RedirectPolicy;
  /** Default the platform's. */
  readonly fetch?: FetchFunction;
  readonly clock?: Clock;
}

/** The names of `AttemptOptions`. */
export const ATTEMPT_OPTION_NAMES: readonly string[] = [
  "name",
  "breaker",
  "throttle",
  "quota",
  "log",
  "hooks",
  "maxResponseBytes",
  "redirect",
  "fetch",
  "clock",
];

/** Those options, checked and made. */
export interface AttemptParts {
  readonly name: string;
  readonly breaker: CircuitBreaker | undefined;
  readonly throttle: Throttle | undefined;
  readonly quota: QuotaMonitor;
  readonly log: RedactingLogger;
  readonly hooks: IntegrationHooks;
  readonly maxResponseBytes: number;
  readonly redirect: RedirectPolicy;
  readonly fetch: FetchFunction;
  readonly clock: Clock;
}

/** @throws CONFIG_ERROR */
export function resolveAttemptParts(options: AttemptOptions): AttemptParts {
  const name = nameOption(options.name);
  const clock = options.clock ?? systemClock;
  if (typeof clock.now !== "function" || typeof clock.after !== "function")
    throw configError("clock must have the functions now and after");
  const redirect = options.redirect ?? "refuse";
  if (redirect !== "refuse" && redirect !== "same-origin")
    throw configError('redirect must be "refuse" or "same-origin"');
  const log = logOf(options.log, name);
  return {
    name,
    clock,
    redirect,
    breaker: breakerOf(options.breaker, clock),
    throttle: throttleOf(options.throttle),
    quota: quotaOf(options.quota, clock, log),
    log,
    hooks: hooksOf(options.hooks),
    maxResponseBytes: integerOption("maxResponseBytes", options.maxResponseBytes, {
      min: 1,
      max: 2 ** 30,
      fallback: 10 * 1024 * 1024,
    }),
    // Looked up for each call: instrumentation may replace the global one later.
    fetch: functionOption("fetch", options.fetch, (input, init) => globalThis.fetch(input, init)),
  };
}

function hooksOf(hooks: IntegrationHooks = {}): IntegrationHooks {
  knownKeys("hooks", hooks, ["onAttempt", "onRetry"]);
  return { ...hooks };
}

function breakerOf(value: AttemptOptions["breaker"], clock: Clock): CircuitBreaker | undefined {
  if (value === false) return undefined;
  if (isMade<CircuitBreaker>(value, "enter")) return value;
  return createCircuitBreaker(withClock(value, clock));
}

function throttleOf(value: AttemptOptions["throttle"]): Throttle | undefined {
  if (value === undefined || isMade<Throttle>(value, "run")) return value;
  return createThrottle(value);
}

function quotaOf(
  value: AttemptOptions["quota"],
  clock: Clock,
  { scrub }: RedactingLogger,
): QuotaMonitor {
  if (isMade<QuotaMonitor>(value, "update")) return value;
  return createQuotaMonitor(withClock(value, clock), scrub);
}

function logOf(value: AttemptOptions["log"], integration: string): RedactingLogger {
  if (value === false) return createRedactingLogger({ integration, sink: () => {} });
  if (isMade<RedactingLogger>(value, "log")) return value;
  return createRedactingLogger({ ...value, integration });
}

/** The client's clock for a part that has none of its own. What is no object is left for the part to refuse. */
function withClock<T extends { readonly clock?: Clock }>(
  value: T | undefined,
  clock: Clock,
): T | { readonly clock: Clock } {
  return typeof value === "object" || value === undefined ? { clock, ...value } : value;
}

/** @throws CONFIG_ERROR */
export function attemptMsOption(name: string, value: number | undefined): number {
  return msOption(name, value, 30_000);
}
