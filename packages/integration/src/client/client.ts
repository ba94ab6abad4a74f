import type { StandardSchemaV1 } from "@standard-schema/spec";
import { createAuthenticator } from "./auth.ts";
import { knownKeys } from "./check.ts";
import { createEngine, ENGINE_OPTION_NAMES } from "./engine.ts";
import { IntegrationError, withParts } from "./errors.ts";
import { toSdkFetch } from "./exchange.ts";
import { paginateWith } from "./paginate.ts";
import type { PolicyEnd } from "./policy-loop.ts";
import { wholeFailure } from "./policy-loop.ts";
import type { CallOptions, PrepareContext } from "./prepare.ts";
import { callHeaders, checkBaseUrl, prepareCall } from "./prepare.ts";
import type { ReadContext, ResponseKind } from "./result.ts";
import { readData, readFailure, validate } from "./result.ts";
import { fetchOf } from "./retry-fetch.ts";
import { outcomeOfStatus, worseOutcome } from "./status-code.ts";
import type {
  DataOf,
  IntegrationClient,
  IntegrationClientOptions,
  IntegrationResult,
  RequestOptionsWithBody,
} from "./types.ts";

/**
 * A client for a vendor's HTTP API: time-outs, retries within a budget, a circuit breaker, a throttle, quota readings and
 * a log without secrets. What the vendor or the network does is a result, never a throw.
 * @throws CONFIG_ERROR for bad options
 */
export function createIntegrationClient(options: IntegrationClientOptions): IntegrationClient {
  knownKeys("The options", options, [...ENGINE_OPTION_NAMES, "baseUrl", "auth", "headers"]);
  const { baseUrl, auth: authOption, headers, ...engineOptions } = options;
  const engine = createEngine(engineOptions);
  const { name, log, clock, breaker, throttle, quota } = engine.parts;
  const auth = createAuthenticator(authOption, { clock, integration: name, protect: log.protect });
  const context: PrepareContext = {
    base: checkBaseUrl(baseUrl),
    headers: callHeaders(headers),
    idempotencyHeader: engine.policy.idempotencyHeader,
  };
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();

  const readContext = (): ReadContext => ({
    integration: name,
    scrub: log.scrub,
    nowMs: clock.now(),
    statuses: engine.policy.statuses,
  });

  const tracked = async <T>(work: Promise<T>): Promise<T> => {
    running.add(work);
    try {
      return await work;
    } finally {
      running.delete(work);
    }
  };

  const failureOf = async (end: PolicyEnd): Promise<IntegrationError> => {
    if (end.error) return wholeFailure(end.error, end);
    const outcome = worseOutcome(end.outcome, outcomeOfStatus(end.response.status));
    return wholeFailure(await readFailure(end.response, readContext()), { ...end, outcome });
  };

  const perform = async <T>(
    method: string,
    path: string,
    callOptions: CallOptions,
    read: (response: Response) => Promise<T> | T,
    stream = false,
  ): Promise<IntegrationResult<T>> => {
    let attempts = 0;
    try {
      const call = prepareCall(method, path, callOptions, context);
      const signals = [...call.signals, closing.signal];
      const end = await engine.run({ ...call, signals, stream, auth });
      attempts = end.attempts;
      if (!end.response?.ok) return { success: false, error: await failureOf(end) };
      const { status, headers: responseHeaders } = end.response;
      const data = await read(end.response);
      return { success: true, data, status, headers: responseHeaders, attempts };
    } catch (error) {
      if (!(error instanceof IntegrationError)) throw error;
      return { success: false, error: withParts(error, { attempts, integration: name }) };
    }
  };

  const request = <S extends StandardSchemaV1 | undefined = undefined>(
    method: string,
    path: string,
    requestOptions: RequestOptionsWithBody<S> = {},
  ): Promise<IntegrationResult<DataOf<S>>> => {
    const { schema, ...callOptions } = requestOptions;
    const kind: ResponseKind = callOptions.responseType ?? (schema ? "json" : "auto");
    const read = async (response: Response): Promise<DataOf<S>> => {
      const data = await readData(response, kind, readContext());
      const checked = schema ? await validate(response, data, schema, readContext()) : data;
      // oxlint-disable-next-line no-unsafe-type-assertion -- the schema has just made it; without one it is `unknown`
      return checked as DataOf<S>;
    };
    return tracked(perform(method, path, callOptions, read));
  };

  const sdkFetch = fetchOf(engine, [closing.signal]);

  const close = async (): Promise<void> => {
    if (!closing.signal.aborted) closing.abort(closedError(name));
    await Promise.allSettled(running);
  };

  return {
    request,
    get: (path, callOptions) => request("GET", path, callOptions),
    delete: (path, callOptions) => request("DELETE", path, callOptions),
    post: (path, body, callOptions) => request("POST", path, { ...callOptions, body }),
    put: (path, body, callOptions) => request("PUT", path, { ...callOptions, body }),
    patch: (path, body, callOptions) => request("PATCH", path, { ...callOptions, body }),
    paginate: (path, callOptions) =>
      paginateWith(request, { base: context.base, integration: name }, path, callOptions),
    raw: (method, path, callOptions = {}) =>
      tracked(perform(method, path, callOptions, (response) => response, true)),
    fetch: toSdkFetch((input, init) => tracked(sdkFetch(input, init))),
    status: () => ({
      name,
      circuit: breaker?.state() ?? "closed",
      quota: quota.windows(),
      retryBudget: engine.budget?.available() ?? Number.POSITIVE_INFINITY,
      inFlight: running.size,
      queued: throttle?.queued() ?? 0,
      closed: closing.signal.aborted,
    }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function closedError(integration: string): IntegrationError {
  return new IntegrationError({
    code: "ABORTED",
    message: `The client of ${integration} is closed`,
    integration,
    outcome: "not_sent",
  });
}
