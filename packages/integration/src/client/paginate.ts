import type { StandardSchemaV1 } from "@standard-schema/spec";
import { integerOption } from "./check.ts";
import type { IntegrationErrorCode } from "./errors.ts";
import { configError, IntegrationError, withParts } from "./errors.ts";
import { relativeTo } from "./path.ts";
import type {
  DataOf,
  IntegrationFailure,
  IntegrationResult,
  NextPage,
  PaginateOptions,
  RequestOptions,
} from "./types.ts";

type Get = <S extends StandardSchemaV1 | undefined>(
  method: string,
  path: string,
  options: RequestOptions<S>,
) => Promise<IntegrationResult<DataOf<S>>>;

interface PaginateContext {
  readonly base: URL;
  readonly integration: string;
}

/** Page after page, until there is no next one, one fails, or there are too many. */
export async function* paginateWith<S extends StandardSchemaV1 | undefined>(
  get: Get,
  { base, integration }: PaginateContext,
  path: string,
  { next, maxPages, ...options }: PaginateOptions<S>,
): AsyncGenerator<IntegrationResult<DataOf<S>>, void, undefined> {
  const fail = (code: IntegrationErrorCode, message: string): IntegrationFailure => ({
    success: false,
    // Only pages have been read: there is nothing that the vendor may have done.
    error: new IntegrationError({ code, message, integration, outcome: "not_sent" }),
  });
  const bound = checked(() =>
    integerOption("maxPages", maxPages, { min: 1, max: 1_000_000, fallback: 100 }),
  );
  if (typeof bound !== "number") {
    yield { success: false, error: withParts(bound, { integration }) };
    return;
  }
  if (typeof next !== "function") {
    yield fail("CONFIG_ERROR", "next must be a function that reads where the next page is");
    return;
  }

  let place = path;
  let call: RequestOptions<S> = options;
  const seen = new Set<string>();
  for (let page = 1; ; page += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each page says where the next one is
    const result = await get("GET", place, call);
    yield result;
    if (!result.success) return;
    const following = readNext(() => next({ data: result.data, headers: result.headers }));
    if (following === undefined) return;
    if (following === "failed") {
      yield fail("PARSE_ERROR", `next threw on page ${page} of ${integration}`);
      return;
    }
    if (page >= bound) {
      yield fail("RESPONSE_TOO_LARGE", `${integration} has more than maxPages (${bound}) pages`);
      return;
    }
    const key = JSON.stringify(following);
    if (seen.has(key)) {
      yield fail("PARSE_ERROR", `${integration} leads back to a page that has been read`);
      return;
    }
    seen.add(key);
    if ("url" in following) {
      const relative = relativeTo(base, following.url);
      if (relative === undefined) {
        yield fail("REDIRECT_BLOCKED", `${integration} leads to a page outside the base URL`);
        return;
      }
      // The vendor's URL is complete: it needs no names filled in and no query added.
      const { params: _params, query: _query, ...rest } = call;
      place = relative;
      call = rest;
    } else {
      call = { ...call, query: { ...call.query, ...following.query } };
    }
  }
}

/** A function of the operator's, which reads the vendor's data: it may meet anything. */
function readNext(read: () => NextPage | undefined): NextPage | undefined | "failed" {
  try {
    return read();
  } catch {
    return "failed";
  }
}

function checked<T>(read: () => T): T | IntegrationError {
  try {
    return read();
  } catch (error) {
    return error instanceof IntegrationError ? error : configError("The options are unusable");
  }
}
