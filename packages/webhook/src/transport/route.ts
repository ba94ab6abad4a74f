import type { Buffer } from "node:buffer";
import type { SecureContext } from "node:tls";
import type { Connection } from "./connection.ts";
import { literalOf, unbracketed } from "./host.ts";
import type { NetworkPolicy } from "./network-policy.ts";
import type { ResolvedAddress } from "./pinned-lookup.ts";
import type { ProxyAddress } from "./proxy-tunnel.ts";
import { parseProxy } from "./proxy-tunnel.ts";
import { createRecentMap } from "./recent-map.ts";
import type { RequestWriter } from "./request-bytes.ts";
import { createRequestWriter, requestStart } from "./request-bytes.ts";
import type { TlsSettings, TransportRequest } from "./transport.ts";

/** What requests must have in common, beside the origin, to share connections. */
export interface RouteSettings {
  /** Different for different settings. */
  readonly id: number;
  readonly tls: TlsSettings | undefined;
  readonly proxy: ProxyAddress | undefined;
  /** Made of the TLS settings when the first connection needs it. */
  secureContext: SecureContext | undefined;
}

/** Scheme, host and port together with settings: what a connection leads to. */
export interface Origin {
  readonly settings: RouteSettings;
  readonly secure: boolean;
  /** As sockets take it: an address without brackets, or a name. */
  readonly host: string;
  readonly port: number;
  /** Whether a name has to be resolved here: not for an address, and not where a proxy does it. */
  readonly isResolved: boolean;
  /** Connections without a request, the latest used last. */
  readonly idle: Connection[];
  /** Connections of an earlier generation are not used again. */
  generation: number;
  /** When the name's addresses were last checked, as of `performance.now()`. */
  checkedAt: number;
  lookup: Promise<readonly ResolvedAddress[]> | undefined;
  /** When it began, as of `performance.now()`. */
  lookupAt: number;
  /** To resume TLS with. */
  session: Buffer | undefined;
}

/** All that requests to one URL with the same settings have in common. */
export interface Route {
  readonly settings: RouteSettings;
  readonly origin: Origin;
  /** What `requestStart` made. */
  readonly requestStart: Uint8Array;
  readonly writer: RequestWriter;
}

/** Bounds of what is remembered; forgetting costs a little time, and connections that are not shared. */
const MAX_ROUTES = 8_192;
const MAX_ORIGINS = 8_192;
const MAX_SETTINGS = 256;

/** Finds the route of a request; the policy judges a URL when it is seen first. */
export interface Routes {
  /** @throws WebhookError `INVALID_URL`, `BLOCKED_ADDRESS`, and `INVALID_OPTION` for the proxy */
  find(request: TransportRequest): Route;
}

export function createRoutes(policy: NetworkPolicy): Routes {
  const routes = createRecentMap<string, Route>(MAX_ROUTES);
  const origins = createRecentMap<string, Origin>(MAX_ORIGINS);
  const settingsFor = createSettingsTable();
  const writer = createRequestWriter();
  const proxyWriter = createRequestWriter(["proxy-authorization"]);

  const originOf = (url: URL, settings: RouteSettings): Origin => {
    const key = `${settings.id} ${url.origin}`;
    const known = origins.get(key);
    if (known) return known;
    const secure = url.protocol === "https:";
    const made: Origin = {
      settings,
      secure,
      host: unbracketed(url.hostname),
      port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
      isResolved: literalOf(url) === undefined && settings.proxy === undefined,
      idle: [],
      generation: 0,
      checkedAt: Number.NEGATIVE_INFINITY,
      lookup: undefined,
      lookupAt: 0,
      session: undefined,
    };
    origins.set(key, made);
    return made;
  };

  return {
    find(request) {
      const settings = settingsFor(request);
      const known = routes.get(request.url);
      if (known?.settings === settings) return known;
      const url = policy.checkUrl(request.url);
      const { proxy } = settings;
      const path = `${url.pathname}${url.search}`;
      const origin = originOf(url, settings);
      const made: Route =
        proxy && url.protocol === "http:"
          ? {
              settings,
              origin,
              // A plain target is asked of its proxy by its whole URL (RFC 9112, section 3.2.2).
              requestStart: requestStart(`${url.origin}${path}`, url.host, proxy.headers),
              writer: proxyWriter,
            }
          : { settings, origin, requestStart: requestStart(path, url.host), writer };
      routes.set(request.url, made);
      return made;
    },
  };
}

interface SettingsInput {
  readonly tls?: TlsSettings;
  readonly proxy?: string;
}

/** Equal settings are the same object, so that they can be compared at once. */
function createSettingsTable(): (input: SettingsInput) => RouteSettings {
  const byKey = createRecentMap<string, RouteSettings>(MAX_SETTINGS);
  const byObject = new WeakMap<TlsSettings, { seen: SettingsInput; settings: RouteSettings }>();
  let nextId = 1;

  const make = ({ tls, proxy }: SettingsInput): RouteSettings => {
    const made: RouteSettings = {
      id: nextId,
      // Copied: the connections of these settings must not change with the caller's object.
      tls: tls && { ...tls },
      proxy: proxy === undefined ? undefined : parseProxy(proxy),
      secureContext: undefined,
    };
    nextId += 1;
    return made;
  };
  const none = make({});

  const byText = (input: SettingsInput): RouteSettings => {
    const { tls, proxy } = input;
    const key = JSON.stringify([tls?.ca ?? 0, tls?.cert ?? 0, tls?.key ?? 0, proxy ?? 0]);
    const known = byKey.get(key);
    if (known) return known;
    const made = make(input);
    byKey.set(key, made);
    return made;
  };

  return (input) => {
    const { tls, proxy } = input;
    if (!tls) return proxy === undefined ? none : byText(input);
    const memo = byObject.get(tls);
    if (memo && memo.seen.proxy === proxy && isUnchanged(memo.seen.tls, tls)) return memo.settings;
    const settings = byText(input);
    const seen = { tls: { ...tls }, ...(proxy !== undefined && { proxy }) };
    byObject.set(tls, { seen, settings });
    return settings;
  };
}

/** A list may be changed where it stands, so it is never taken for unchanged. */
function isUnchanged(seen: TlsSettings | undefined, tls: TlsSettings): boolean {
  return (
    seen?.cert === tls.cert &&
    seen?.key === tls.key &&
    seen?.ca === tls.ca &&
    (tls.ca === undefined || typeof tls.ca === "string")
  );
}
