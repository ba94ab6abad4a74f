/** Where vendors put the id of a request that their support asks for. */
const REQUEST_ID_HEADERS = [
  "request-id",
  "x-request-id",
  "x-message-id",
  "x-amzn-requestid",
  "x-amz-request-id",
  "x-ms-request-id",
  "x-github-request-id",
  "x-shopify-request-id",
  "x-correlation-id",
  "cf-ray",
] as const;

/**
 * The vendor's id of a request.
 * @param scrub an id that this would change is no id, but a secret in its place, and is dropped
 */
export function readRequestId(
  headers: Headers,
  scrub: (text: string) => string,
): string | undefined {
  for (const name of REQUEST_ID_HEADERS) {
    const id = headers.get(name);
    if (id !== null && /^[\w.:=+/-]{1,64}$/.test(id) && scrub(id) === id) return id;
  }
  return undefined;
}

/**
 * The vendor's own code of an error, from the places where bodies usually have it: `error.code`, `error.type`,
 * `errors[0].code`, `code`, `error`.
 */
export function readVendorCode(data: unknown, scrub: (text: string) => string): string | undefined {
  const error = at(data, "error");
  const errors = at(data, "errors");
  const candidates = [
    at(error, "code"),
    at(error, "type"),
    at(Array.isArray(errors) ? errors[0] : undefined, "code"),
    at(data, "code"),
    at(data, "error_code"),
    error,
  ];
  for (const candidate of candidates) {
    const code = typeof candidate === "number" ? String(candidate) : candidate;
    if (typeof code === "string" && /^[\w.:-]{1,64}$/.test(code) && scrub(code) === code)
      return code;
  }
  return undefined;
}

function at(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  const read: unknown = Reflect.get(value, key);
  return read;
}
