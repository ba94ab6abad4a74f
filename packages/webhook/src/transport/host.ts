import { isIP } from "node:net";

/** The URL that a text is, or `undefined`; `URL.parse` is not in every Node 22. */
export function tryParseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** The address that a URL names directly, without the brackets of IPv6; `undefined` for a host name. */
export function literalOf(url: URL): string | undefined {
  const host = unbracketed(url.hostname);
  return isIP(host) === 0 ? undefined : host;
}

/** A URL's host as sockets take it. */
export function unbracketed(hostname: string): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

/** A host name as certificates and rules spell it: lower case, without the dot of the root. */
export function bareName(hostname: string): string {
  return hostname.toLowerCase().replace(/\.$/, "");
}

/** The name for SNI and the certificate check; empty for an address, which SNI has no room for (RFC 6066, section 3). */
export function serverName(host: string): string {
  return isIP(host) === 0 ? bareName(host) : "";
}
