import type { StandardSchemaV1 } from "@standard-schema/spec";
import { IntegrationError } from "./errors.ts";
import { readRetryAfter } from "./retry-after.ts";
import { codeOfStatus, outcomeOfStatus } from "./status-code.ts";
import { readRequestId, readVendorCode } from "./vendor-error.ts";

/** How the body of a success is read. `auto` parses JSON where the content type says so and gives text otherwise. */
export type ResponseKind = "auto" | "json" | "text" | "bytes";

export interface ReadContext {
  readonly integration: string;
  readonly scrub: (text: string) => string;
  readonly nowMs: number;
  readonly statuses: ReadonlySet<number>;
}

/** The error of an answer that is no success. */
export async function readFailure(
  response: Response,
  { integration, scrub, nowMs, statuses }: ReadContext,
): Promise<IntegrationError> {
  const { status, headers } = response;
  const text = await response.text();
  const parsed = parse(text);
  const data = text === "" ? undefined : parsed.success ? parsed.value : text;
  return new IntegrationError({
    code: codeOfStatus(status),
    message: `${integration} answered with status ${status}`,
    integration,
    status,
    data,
    vendorCode: readVendorCode(data, scrub),
    requestId: readRequestId(headers, scrub),
    retryable: statuses.has(status),
    retryAfterMs: readRetryAfter(headers, nowMs),
    outcome: outcomeOfStatus(status),
  });
}

/**
 * The data of a success; `undefined` for an empty body.
 * @throws PARSE_ERROR
 */
export async function readData(
  response: Response,
  kind: ResponseKind,
  context: ReadContext,
): Promise<unknown> {
  if (kind === "bytes") return new Uint8Array(await response.arrayBuffer());
  const text = await response.text();
  if (kind === "text") return text;
  if (text === "") return undefined;
  if (kind === "auto" && !isJson(response.headers)) return text;
  const parsed = parse(text);
  if (parsed.success) return parsed.value;
  throw unreadable(response, context, {
    code: "PARSE_ERROR",
    message: `${context.integration} answered with a body that is no JSON`,
    data: text,
  });
}

/**
 * The schema's output for the data.
 * @throws VALIDATION_ERROR
 */
export async function validate(
  response: Response,
  data: unknown,
  schema: StandardSchemaV1,
  context: ReadContext,
): Promise<unknown> {
  const result = await check(schema, data);
  if (!result.issues) return result.value;
  const places = [...new Set(result.issues.map((issue) => placeOf(issue, context.scrub)))];
  throw unreadable(response, context, {
    code: "VALIDATION_ERROR",
    message: `${context.integration} answered with data of another shape than its schema: look at ${places.slice(0, 5).join(", ")}`,
    data,
  });
}

async function check(
  schema: StandardSchemaV1,
  data: unknown,
): Promise<StandardSchemaV1.Result<unknown>> {
  try {
    return await schema["~standard"].validate(data);
  } catch {
    return { issues: [{ message: "The schema threw" }] };
  }
}

/** Where an issue is. A key may be the vendor's data, so only those that look like a field's name are shown. */
function placeOf(issue: StandardSchemaV1.Issue, scrub: (text: string) => string): string {
  const keys = (issue.path ?? []).map((part) => (typeof part === "object" ? part.key : part));
  const names = keys
    .slice(0, 8)
    .map((key) =>
      typeof key === "number" || /^[a-z_]{1,32}$/i.test(String(key)) ? String(key) : "{}",
    );
  return names.length === 0 ? "its root" : scrub(names.join("."));
}

/** The vendor has acted, and what it said is lost: the caller must ask again before it repeats anything. */
function unreadable(
  { status, headers }: Response,
  { integration, scrub }: ReadContext,
  what: Pick<IntegrationError, "code" | "message" | "data">,
): IntegrationError {
  return new IntegrationError({
    ...what,
    integration,
    status,
    outcome: "unknown",
    requestId: readRequestId(headers, scrub),
  });
}

function isJson(headers: Headers): boolean {
  return /^[\w.+/-]*[/+]json\b/i.test(headers.get("content-type") ?? "");
}

type Parsed = { readonly success: true; readonly value: unknown } | { readonly success: false };

function parse(text: string): Parsed {
  try {
    const value: unknown = JSON.parse(text);
    return { success: true, value };
  } catch {
    return { success: false };
  }
}
