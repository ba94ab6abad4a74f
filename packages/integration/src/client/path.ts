import { configError } from "./errors.ts";
import type { IntegrationError } from "./errors.ts";

export interface BuiltUrl {
  readonly url: URL;
  /** The path with its `{names}`, for logs. */
  readonly template: string;
}

type Scalar = string | number | boolean;

export interface UrlParts {
  readonly params?: Readonly<Record<string, Scalar>> | undefined;
  readonly query?: Readonly<Record<string, Scalar | readonly Scalar[] | undefined>> | undefined;
}

/**
 * The URL of a path under the base URL. A percent-encoded slash may stand in a segment (some vendors' ids hold one),
 * but not where decoding it makes a `..`.
 * @throws CONFIG_ERROR for everything that could leave the base URL; the text does not repeat the path
 */
export function buildUrl(base: URL, path: string, { params, query }: UrlParts = {}): BuiltUrl {
  if (typeof path !== "string") throw configError("The path must be a string");
  const [template = "", ...queries] = path.split("?");
  const filled = fill(template, params ?? {});
  checkPath(filled);
  const slash = filled === "" || filled.startsWith("/") ? "" : "/";
  const url = new URL(`${base.origin}${base.pathname.replace(/\/+$/, "")}${slash}${filled}`);
  url.search = queries.join("?");
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) url.searchParams.append(name, String(one));
    }
  }
  // The rules above leave no way out that we know of; this one does not need to know.
  if (!isUnder(base, url)) throw outside();
  return { url, template };
}

/** Whether a URL has the origin of the base URL and its path lies under the base URL's. */
export function isUnder(base: URL, url: URL): boolean {
  const root = base.pathname.endsWith("/") ? base.pathname : `${base.pathname}/`;
  return (
    url.origin === base.origin &&
    url.username === "" &&
    url.password === "" &&
    `${url.pathname}/`.startsWith(root)
  );
}

/**
 * The path and query, relative to the base URL, of an absolute URL that the vendor gave, such as the next page's.
 * @returns `undefined` for a URL that is not under the base URL
 */
export function relativeTo(base: URL, text: string): string | undefined {
  if (!URL.canParse(text, base.href)) return undefined;
  const url = new URL(text, base);
  if (!isUnder(base, url)) return undefined;
  const root = base.pathname.replace(/\/+$/, "");
  return `/${url.pathname.slice(root.length).replace(/^\/+/, "")}${url.search}`;
}

function fill(template: string, params: Readonly<Record<string, Scalar>>): string {
  return template.replace(/\{([^{}]*)\}/g, (_whole, name: string) => {
    const value = Object.hasOwn(params, name) ? params[name] : undefined;
    if (value === undefined || value === "")
      throw configError(`The path needs a value for each of its {names}: one is missing or empty`);
    return encode(String(value));
  });
}

function encode(value: string): string {
  try {
    return encodeURIComponent(value);
  } catch {
    throw configError("A value of the path holds half a character (a lone surrogate)");
  }
}

function checkPath(path: string): void {
  // The URL parser drops tabs and line ends and takes a backslash for a slash.
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u0020\u007f\\#]/.test(path))
    throw configError(
      "The path holds a backslash, a space, a control character or a #: percent-encode it",
    );
  if (/%(?![0-9a-f]{2})/i.test(path))
    throw configError("The path holds a percent sign without two hex digits: write %25");
  if (path.startsWith("//")) throw outside();
  // A scheme. A colon further on is a part of some vendors' paths.
  if (/^[a-z][a-z0-9+.-]*:/i.test(path)) throw outside();
  for (const segment of path.split("/")) {
    if (climbs(segment)) throw outside();
  }
}

/** Some servers decode twice, and a few more rounds cost nothing. */
const MAX_DECODES = 4;

/** Whether a segment is, or becomes when it is decoded, one or several of which one is `.` or `..`. */
function climbs(segment: string): boolean {
  let text = segment;
  for (let round = 0; round <= MAX_DECODES; round += 1) {
    // Some servers cut the parameters after a semicolon before they look at the dots.
    if (text.split(/[/\\]/).some((piece) => /^\.{1,2}(?:;|$)/.test(piece))) return true;
    const decoded = decode(text);
    if (decoded === text) return false;
    text = decoded;
  }
  // Encoded more often than anybody means.
  return true;
}

const DECODED: Readonly<Record<string, string>> = {
  "%2e": ".",
  "%2f": "/",
  "%5c": "\\",
  "%3b": ";",
  "%25": "%",
};

/** Decodes what matters here, and nothing that could be malformed. */
function decode(text: string): string {
  return text.replace(/%(?:2e|2f|5c|3b|25)/gi, (code) => DECODED[code.toLowerCase()] ?? code);
}

function outside(): IntegrationError {
  return configError(
    "The path must stay under the base URL: begin it with one slash and leave out host, . and ..",
  );
}
