import type { RequestContext } from "./provider.ts";
import { valueAt } from "./value-at.ts";

/**
 * The first value of a parameter of the query, for the functions of a definition that see no more than the context.
 * @returns `undefined` where the query has no such parameter
 */
export function queryValue(context: RequestContext, name: string): string | undefined {
  return queryReader(context)(name);
}

/** Likewise for several parameters: the query is parsed once. */
export function queryReader({
  query,
  url = "",
}: RequestContext): (name: string) => string | undefined {
  if (query === undefined || query instanceof URLSearchParams) {
    const parameters = query ?? parametersOf(url);
    return (name) => parameters.get(name) ?? undefined;
  }
  return (name) => {
    const value = valueAt(query, [name]);
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return typeof first === "string" ? first : undefined;
  };
}

function parametersOf(url: string): URLSearchParams {
  const path = url.split("#", 1)[0] ?? "";
  const start = path.indexOf("?");
  return new URLSearchParams(start < 0 ? "" : path.slice(start + 1));
}
