import { functionOption, knownKeys } from "./check.ts";
import type { CircuitState } from "./circuit-breaker.ts";
import { configError } from "./errors.ts";
import type { IntegrationErrorCode, Outcome } from "./errors.ts";
import { createScrubber } from "./scrub.ts";
import { logTemplate } from "./template.ts";

/** What an entry says as it is known: nothing of it can hold what is to be redacted. */
interface AttemptFacts {
  /** When the attempt ended, milliseconds since the epoch. */
  readonly at: number;
  readonly method: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly durationMs: number;
  /** `ok`, or whether the vendor may have acted. */
  readonly outcome: "ok" | Outcome;
  readonly status?: number | undefined;
  readonly errorCode?: IntegrationErrorCode | undefined;
  /** The runtime's code of a network error. */
  readonly reason?: string | undefined;
  readonly requestId?: string | undefined;
  readonly circuit?: CircuitState | undefined;
  /** Calls left in the strictest window. */
  readonly quotaRemaining?: number | undefined;
}

/** One attempt, as it is logged. */
export interface LogEntry extends AttemptFacts {
  readonly level: "info" | "warn";
  readonly integration: string;
  readonly host: string;
  /** The path with `{names}` in place of its ids. */
  readonly url: string;
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly requestHeaders?: Readonly<Record<string, string>> | undefined;
  readonly responseHeaders?: Readonly<Record<string, string>> | undefined;
  readonly requestBody?: Readonly<Record<string, LoggedValue>> | undefined;
  readonly responseBody?: Readonly<Record<string, LoggedValue>> | undefined;
}

/** A value of a body; texts are scrubbed. */
export type LoggedValue = string | number | boolean | null;

export interface LogOptions {
  /** Where entries go, default a line of JSON each on the standard output. What it throws changes nothing. */
  readonly sink?: (entry: LogEntry) => void;
  /** Names of headers that are logged, of requests and of responses. Default none. Credentials are refused. */
  readonly headers?: readonly string[];
  /** Names of query parameters that are logged. Default none. */
  readonly query?: readonly string[];
  /** Paths of JSON request bodies, such as `items.0.price`, whose values are logged. Default none. */
  readonly requestBody?: readonly string[];
  /** Paths of JSON response bodies whose values are logged. Default none. */
  readonly responseBody?: readonly string[];
  /** Values that must never appear in an entry. A client adds its own credentials by itself. */
  readonly secrets?: readonly string[];
}

/** What is known of an attempt, nothing of it redacted yet. */
export interface Interaction extends AttemptFacts {
  readonly url: URL;
  /** The path with `{names}`; without it the ids are guessed. */
  readonly template?: string | undefined;
  readonly requestHeaders?: Headers | undefined;
  readonly responseHeaders?: Headers | undefined;
  /** Read only if a path of it is to be logged. */
  readonly requestBody?: (() => unknown) | undefined;
  readonly responseBody?: (() => unknown) | undefined;
}

export interface RedactingLogger {
  /** @returns the entry as it went to the sink */
  readonly log: (interaction: Interaction) => LogEntry;
  /** From now on this value appears in no entry. */
  readonly protect: (secret: string) => void;
  /** The text without known secrets and without what looks like one. */
  readonly scrub: (text: string) => string;
}

const CREDENTIALS =
  /^(?:authorization|proxy-authorization|cookie|set-cookie|.*(?:api-?key|token|secret|signature|password).*)$/i;

/**
 * Makes log entries in which only named fields of a request and its response appear.
 * @throws CONFIG_ERROR
 */
export function createRedactingLogger(
  options: LogOptions & { readonly integration: string },
): RedactingLogger {
  const names = ["sink", "headers", "query", "requestBody", "responseBody", "secrets"];
  knownKeys("log", options, [...names, "integration"]);
  const { integration } = options;
  const sink = functionOption("log.sink", options.sink, writeJsonLine);
  const headers = nameList("log.headers", options.headers).map((name) => name.toLowerCase());
  const credential = headers.find((name) => CREDENTIALS.test(name));
  if (credential !== undefined)
    throw configError(`log.headers must not hold ${credential}: its values are credentials`);
  const query = nameList("log.query", options.query);
  const requestPaths = nameList("log.requestBody", options.requestBody);
  const responsePaths = nameList("log.responseBody", options.responseBody);
  const { protect, scrub } = createScrubber();
  for (const secret of nameList("log.secrets", options.secrets)) protect(secret);

  const pickHeaders = (all: Headers | undefined): Record<string, string> | undefined =>
    picked(headers, (name) => all?.get(name) ?? undefined, scrub);
  const pickBody = (
    paths: readonly string[],
    read: (() => unknown) | undefined,
  ): Record<string, LoggedValue> | undefined => {
    const body = paths.length > 0 ? read?.() : undefined;
    return picked(paths, (path) => scalarAt(body, path), scrub);
  };

  return {
    protect,
    scrub,
    log(interaction) {
      const { url, requestHeaders, responseHeaders, requestBody, responseBody } = interaction;
      const entry: LogEntry = {
        at: interaction.at,
        level: interaction.outcome === "ok" ? "info" : "warn",
        integration,
        method: interaction.method,
        host: url.host,
        url: scrub(logTemplate(interaction.template ?? url.pathname)),
        attempt: interaction.attempt,
        durationMs: interaction.durationMs,
        outcome: interaction.outcome,
        status: interaction.status,
        errorCode: interaction.errorCode,
        reason: interaction.reason,
        requestId: interaction.requestId,
        circuit: interaction.circuit,
        quotaRemaining: interaction.quotaRemaining,
        query: picked(query, (name) => url.searchParams.get(name) ?? undefined, scrub),
        requestHeaders: pickHeaders(requestHeaders),
        responseHeaders: pickHeaders(responseHeaders),
        requestBody: pickBody(requestPaths, requestBody),
        responseBody: pickBody(responsePaths, responseBody),
      };
      try {
        sink(entry);
      } catch {
        // A full disk must not fail a payment that went through.
      }
      return entry;
    },
  };
}

function writeJsonLine(entry: LogEntry): void {
  console.log(JSON.stringify(entry));
}

function nameList(option: string, value: readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((name) => typeof name === "string" && name !== ""))
    return [...value];
  throw configError(`${option} must be a list of texts that are not empty`);
}

/** The values of the names that have one; texts scrubbed. */
function picked<T extends LoggedValue>(
  names: readonly string[],
  read: (name: string) => T | undefined,
  scrub: (text: string) => string,
): Record<string, T | string> | undefined {
  const found = names.flatMap((name): [string, T | string][] => {
    const value = read(name);
    if (value === undefined) return [];
    if (value === null || typeof value === "boolean") return [[name, value]];
    // A card number can also be a number.
    const clean = scrub(String(value));
    return [[name, clean === String(value) ? value : clean]];
  });
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

function scalarAt(body: unknown, path: string): LoggedValue | undefined {
  let value: unknown = body;
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  if (value === null) return null;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : undefined;
}
