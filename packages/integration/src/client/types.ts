import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Auth } from "./auth.ts";
import type { CircuitState } from "./circuit-breaker.ts";
import type { EngineOptions, TimeoutOptions } from "./engine.ts";
import type { IntegrationError } from "./errors.ts";
import type { SdkFetch } from "./exchange.ts";
import type { QuotaWindow } from "./quota-headers.ts";
import type { ResponseKind } from "./result.ts";

export interface IntegrationSuccess<T> {
  readonly success: true;
  readonly data: T;
  readonly status: number;
  readonly headers: Headers;
  /** How many requests it took. */
  readonly attempts: number;
}

export interface IntegrationFailure {
  readonly success: false;
  readonly error: IntegrationError;
}

/** Never a throw for what the vendor or the network did. */
export type IntegrationResult<T> = IntegrationSuccess<T> | IntegrationFailure;

/** What the data of a success is: the schema's output, or `unknown` without a schema. */
export type DataOf<S extends StandardSchemaV1 | undefined> = S extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<S>
  : unknown;

export type ParamValue = string | number | boolean;

export interface RequestOptions<S extends StandardSchemaV1 | undefined = undefined> {
  /** Fill `{name}` in the path, percent-encoded. Logs show the path with the names, so put every id here. */
  readonly params?: Readonly<Record<string, ParamValue>>;
  /** `undefined` is left out, a list repeats the name. */
  readonly query?: Readonly<Record<string, ParamValue | readonly ParamValue[] | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Any Standard Schema (zod, valibot, arktype); its output becomes `data`. */
  readonly schema?: S;
  /** Default `auto`, and `json` with a schema. */
  readonly responseType?: ResponseKind;
  /** Sent as `Idempotency-Key` (see `retry.idempotencyHeader`), the same on every attempt. Allows retries of a POST. */
  readonly idempotencyKey?: string;
  /** The caller's word that a repeat is harmless; allows retries of a POST without a key. */
  readonly idempotent?: boolean;
  readonly signal?: AbortSignal;
  /** Overrides of `timeouts`. */
  readonly timeouts?: TimeoutOptions;
}

export interface RequestOptionsWithBody<
  S extends StandardSchemaV1 | undefined = undefined,
> extends RequestOptions<S> {
  /** A plain object or list is sent as JSON; a string, bytes, `URLSearchParams`, `FormData` or `Blob` as it is. */
  readonly body?: unknown;
}

/** Where the next page is: more of the query, or a URL under the base URL, as `Link` headers give it. */
export type NextPage =
  | {
      readonly query: Readonly<Record<string, ParamValue | readonly ParamValue[] | undefined>>;
    }
  | { readonly url: string };

export interface PaginateOptions<
  S extends StandardSchemaV1 | undefined = undefined,
> extends RequestOptions<S> {
  /** Reads where the next page is; `undefined` ends the iteration. */
  readonly next: (page: {
    readonly data: DataOf<S>;
    readonly headers: Headers;
  }) => NextPage | undefined;
  /** After so many pages the iteration ends with RESPONSE_TOO_LARGE. 1 to 1,000,000, default 100. */
  readonly maxPages?: number;
}

export interface IntegrationStatus {
  readonly name: string;
  readonly circuit: CircuitState;
  /** Every quota window that the vendor named and that has not been reset since. */
  readonly quota: readonly QuotaWindow[];
  /** What is left of the retry budget. */
  readonly retryBudget: number;
  /** Calls that are under way. */
  readonly inFlight: number;
  /** Attempts that wait for a slot of the throttle. */
  readonly queued: number;
  readonly closed: boolean;
}

export interface IntegrationClientOptions extends EngineOptions {
  /** https, or http for tests. Every path stays under it. Without credentials, query and fragment. */
  readonly baseUrl: string | URL;
  readonly auth?: Auth;
  /** Sent with every request, such as a version of the API. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A call without a body. */
export type SendWithoutBody = <S extends StandardSchemaV1 | undefined = undefined>(
  path: string,
  options?: RequestOptions<S>,
) => Promise<IntegrationResult<DataOf<S>>>;

/** A call with a body; see `RequestOptionsWithBody.body`. */
export type SendWithBody = <S extends StandardSchemaV1 | undefined = undefined>(
  path: string,
  body?: unknown,
  options?: RequestOptions<S>,
) => Promise<IntegrationResult<DataOf<S>>>;

export interface IntegrationClient {
  readonly request: <S extends StandardSchemaV1 | undefined = undefined>(
    method: string,
    path: string,
    options?: RequestOptionsWithBody<S>,
  ) => Promise<IntegrationResult<DataOf<S>>>;
  readonly get: SendWithoutBody;
  readonly post: SendWithBody;
  readonly put: SendWithBody;
  readonly patch: SendWithBody;
  readonly delete: SendWithoutBody;
  /** GETs page after page, one result each. After a failure it ends. */
  readonly paginate: <S extends StandardSchemaV1 | undefined = undefined>(
    path: string,
    options: PaginateOptions<S>,
  ) => AsyncIterable<IntegrationResult<DataOf<S>>>;
  /**
   * As `request`, but the data is the response with its body unread: no limit of size, and the time-out ends at the
   * headers. Abort the signal to stop reading.
   */
  readonly raw: (
    method: string,
    path: string,
    options?: Omit<RequestOptionsWithBody, "schema" | "responseType">,
  ) => Promise<IntegrationResult<Response>>;
  /**
   * A `fetch` for a vendor's SDK, with all of this client's policies, retries included: switch the SDK's own off.
   * It takes any URL and adds neither `auth` nor `headers`. See `createRetryFetch` for what it rejects with.
   */
  readonly fetch: SdkFetch;
  readonly status: () => IntegrationStatus;
  /** Refuses new calls, aborts those under way and resolves once they have ended. */
  readonly close: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}
