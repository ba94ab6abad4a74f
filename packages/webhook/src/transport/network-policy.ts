import { isIP } from "node:net";
import { WebhookError } from "../errors.ts";
import { createAddressSet, destinationOf, refusedRangeOf } from "./address-ranges.ts";
import { bareName, literalOf, tryParseUrl } from "./host.ts";

/** Where deliveries may go beyond the public internet, and where not even there. */
export interface NetworkOptions {
  /**
   * Addresses (`10.1.2.3`), ranges (`10.0.0.0/8`), host names (`hooks.internal.example`) and names below one
   * (`*.internal.example`, which does not hold `internal.example` itself) that are open in spite of the defaults.
   *
   * A host that is allowed **by name** is dialled at whatever address its name resolves to: whoever controls its DNS
   * chooses the address. Prefer ranges where the names are not your own.
   */
  readonly allow?: readonly string[];
  /** Refuse `http:` URLs. Default false. */
  readonly requireHttps?: boolean;
  /** The only ports that may be dialled, 1 to 65535 each. Default: any. */
  readonly ports?: readonly number[];
}

/** The rules of one sender; pure, so that the same rules stand at subscribe and at connect. */
export interface NetworkPolicy {
  /**
   * Checks what can be told from the URL alone. Names are not resolved: their addresses are checked when they are dialled.
   * @returns the parsed, canonical URL
   * @throws WebhookError `INVALID_URL` for what is no URL, has another scheme than http and https, credentials, a bad
   *   host or a closed port; `BLOCKED_ADDRESS` for an address literal or a localhost name that is not allowed
   */
  checkUrl(url: string): URL;
  /**
   * Checks an address before it is dialled.
   * @param hostname the name that resolved to it, for the text
   * @returns why it is refused and how to allow it, or `undefined` where it may be dialled
   */
  checkAddress(address: string, hostname?: string): string | undefined;
  /** Whether the host is allowed by name, so that its addresses are not checked. */
  allowsName(hostname: string): boolean;
  /**
   * The allowed loopback addresses for `localhost` and the names below it, which never mean anything else and are not
   * asked of a resolver (RFC 6761, section 6.3); `undefined` for other names.
   */
  loopbackAddresses(hostname: string): readonly string[] | undefined;
}

/**
 * Makes the rules about where deliveries may go. With no options: anywhere on the public internet, and nowhere else.
 * @throws WebhookError `INVALID_OPTION` for an entry of `allow` or `ports` that means nothing
 */
export function createNetworkPolicy(options: NetworkOptions = {}): NetworkPolicy {
  const { addresses, allowsName } = readAllow(options.allow ?? []);
  const ports = readPorts(options.ports);
  const requireHttps = readFlag(options.requireHttps);

  const checkAddress = (address: string, hostname?: string): string | undefined => {
    // A zone (`fe80::1%eth0`) says through which interface, not where to: the address before it decides.
    const [bare = ""] = address.split("%");
    if (isIP(bare) === 0)
      return `${hostname ?? "The host"} resolves to something that is no IP address`;
    const destination = destinationOf(bare);
    if (addresses.has(bare) || addresses.has(destination)) return undefined;
    const range = refusedRangeOf(destination);
    if (!range) return undefined;
    const subject = hostname === undefined ? address : `${hostname} resolves to ${address}, which`;
    return `${subject} is ${range.what} (${range.cidr}); ${howToAllow(range.cidr, hostname)}`;
  };
  const loopbackAddresses = (hostname: string): readonly string[] | undefined =>
    isLocalhost(bareName(hostname))
      ? ["127.0.0.1", "::1"].filter((address) => addresses.has(address))
      : undefined;

  const checkUrl = (text: string): URL => {
    const url = parseUrl(text);
    if (requireHttps && url.protocol !== "https:") {
      throw new WebhookError("INVALID_URL", "The URL must be https: `network.requireHttps` is set");
    }
    const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
    if (port === 0) throw new WebhookError("INVALID_URL", "Port 0 of the URL cannot be dialled");
    if (ports && !ports.has(port)) {
      throw new WebhookError(
        "INVALID_URL",
        `Port ${port} of the URL is closed; to open it, add it to network: { ports: [${port}] }`,
      );
    }
    const literal = literalOf(url);
    if (literal !== undefined) {
      const refusal = checkAddress(literal);
      if (refusal !== undefined) throw new WebhookError("BLOCKED_ADDRESS", refusal);
      return url;
    }
    checkName(url.hostname);
    if (!allowsName(url.hostname) && loopbackAddresses(url.hostname)?.length === 0) {
      throw new WebhookError(
        "BLOCKED_ADDRESS",
        `${url.hostname} is this machine; ${howToAllow("127.0.0.0/8", url.hostname)}`,
      );
    }
    return url;
  };
  return { checkUrl, checkAddress, allowsName, loopbackAddresses };
}

function howToAllow(cidr: string, hostname: string | undefined): string {
  const byName = hostname === undefined ? "" : ` or network: { allow: ["${bareName(hostname)}"] }`;
  return `to send there all the same, set network: { allow: ["${cidr}"] }${byName}`;
}

// The texts below never repeat the URL: its path or its credentials may be a secret.
function parseUrl(text: string): URL {
  const url = typeof text === "string" ? tryParseUrl(text) : undefined;
  if (!url) {
    throw new WebhookError(
      "INVALID_URL",
      "The URL cannot be parsed; it must be absolute, such as https://example.com/hook",
    );
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new WebhookError(
      "INVALID_URL",
      `The URL's scheme is ${url.protocol}, not https: or http:`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new WebhookError(
      "INVALID_URL",
      "The URL holds credentials; send them in an authorization header instead",
    );
  }
  return url;
}

// `URL` takes more for a host than DNS does; what DNS cannot hold would only confuse whoever reads it next.
const LABEL = /^[a-z0-9_-]{1,63}$/;

function isName(hostname: string): boolean {
  const name = bareName(hostname);
  return name.length <= 253 && name.split(".").every((label) => LABEL.test(label));
}

function checkName(hostname: string): void {
  if (!isName(hostname)) throw new WebhookError("INVALID_URL", "The URL's host is not a DNS name");
}

function isLocalhost(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost");
}

function readAllow(entries: readonly string[]) {
  const addresses = createAddressSet();
  const names = new Set<string>();
  const suffixes: string[] = [];
  if (!Array.isArray(entries)) throw badEntry("network.allow", entries);
  for (const entry of entries) {
    if (typeof entry !== "string") throw badEntry("network.allow", entry);
    if (addresses.add(entry)) continue;
    const wildcard = entry.startsWith("*.");
    const name = readName(wildcard ? entry.slice(2) : entry);
    if (name === undefined) throw badEntry("network.allow", entry);
    if (wildcard) suffixes.push(`.${name}`);
    else names.add(name);
  }
  const allowsName = (hostname: string): boolean => {
    const name = bareName(hostname);
    return names.has(name) || suffixes.some((suffix) => name.endsWith(suffix));
  };
  return { addresses, allowsName };
}

/** The name as URLs spell it (punycode, lower case), or `undefined` for anything but a name. */
function readName(entry: string): string | undefined {
  if (/[/:@?#\\\s]/.test(entry)) return undefined;
  const url = tryParseUrl(`http://${entry}/`);
  // `127.1` and the like parse to an address: who writes one into a rule should see which.
  if (!url || literalOf(url) !== undefined || !isName(url.hostname)) return undefined;
  return bareName(url.hostname);
}

function readPorts(ports: readonly number[] | undefined): ReadonlySet<number> | undefined {
  if (ports === undefined) return undefined;
  if (!Array.isArray(ports)) throw badEntry("network.ports", ports);
  for (const port of ports) {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw badEntry("network.ports", port);
  }
  return new Set(ports);
}

function readFlag(value: boolean | undefined): boolean {
  if (value !== undefined && typeof value !== "boolean")
    throw badEntry("network.requireHttps", value);
  return value ?? false;
}

const EXPECTED = {
  "network.allow":
    "addresses such as 10.1.2.3, ranges such as 10.0.0.0/8 or fd00::/8, and host names such as hooks.internal or *.internal.example",
  "network.ports": "whole numbers from 1 to 65535",
  "network.requireHttps": "true or false",
} as const;

function badEntry(option: keyof typeof EXPECTED, value: unknown): WebhookError {
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  return new WebhookError(
    "INVALID_OPTION",
    `${option} holds ${shown}; it takes ${EXPECTED[option]}`,
  );
}
