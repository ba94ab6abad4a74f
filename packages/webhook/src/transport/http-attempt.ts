import * as http from "node:http";
import * as https from "node:https";
import type { LookupFunction, Socket, TcpSocketConnectOpts } from "node:net";
import type { AgentPool, TunnelledRequest } from "./agent-pool.ts";
import type { AttemptProgress } from "./attempt-progress.ts";
import { codeOf, isConnectionLost, messageOf } from "./failure.ts";
import { literalOf, serverName, unbracketed } from "./host.ts";
import type { Resolve, ResolvedAddress } from "./pinned-lookup.ts";
import type { ProxyAddress } from "./proxy-tunnel.ts";
import { joinHeaders, readBody } from "./response-parts.ts";
import type { TransportRequest } from "./transport.ts";

/** A request that has passed the rules which its URL alone can be judged by. */
export interface HttpAttempt {
  readonly request: TransportRequest;
  readonly url: URL;
  readonly proxy: ProxyAddress | undefined;
  readonly agent: http.Agent;
  readonly pool: AgentPool;
  /** Gives out only addresses that may be dialled. */
  readonly resolve: Resolve;
  readonly progress: AttemptProgress;
}

const MAX_HEADER_BYTES = 16 * 1024;
// The default of 250 ms gives up on every address of an endpoint that is further away than that.
const ADDRESS_ATTEMPT_MS = 2_000;

/**
 * Sends a request over a pooled or a new connection and reports to its progress.
 * @throws whatever the runtime says about a header or a path that it refuses
 */
export function startHttpAttempt(attempt: HttpAttempt): void {
  const { request, url, proxy, agent, pool, progress } = attempt;
  const options = requestOptions(attempt);
  const secure = url.protocol === "https:";
  const isTunnelled = secure && proxy !== undefined;
  let current: http.ClientRequest | undefined;

  const watchDial = (socket: Socket): void => {
    socket.once("connect", () => {
      if (!proxy) progress.dialled(socket.remoteAddress);
      progress.enter(secure ? "tls" : "http");
    });
    if (secure) socket.once("secureConnect", () => progress.enter("http"));
  };

  const receive = (sent: http.ClientRequest, response: http.IncomingMessage): void => {
    const status = response.statusCode ?? 0;
    if (status < 200) {
      progress.fail("http", `The endpoint answered with ${status}, which is no final status`);
      sent.destroy();
      return;
    }
    progress.enter("body");
    progress.answered(status, joinHeaders(response.rawHeaders));
    readBody(response, request.maxResponseBytes, {
      done(body, truncated) {
        progress.succeed(body, truncated);
        if (truncated) sent.destroy();
      },
      failed: (error) => progress.failWith(error),
    });
  };

  const exchange = (): void => {
    const sent = (secure ? https : http).request(options);
    current = sent;
    progress.onStop(() => sent.destroy());
    let isAnyByteIn = false;
    const noteByte = (): void => void (isAnyByteIn = true);

    sent.on("socket", (socket) => {
      pool.taken(socket);
      if (!sent.reusedSocket) {
        // A tunnel's socket stands already, and has reported itself.
        if (!isTunnelled) watchDial(socket);
        return;
      }
      progress.startFrom("http");
      if (!proxy) progress.dialled(socket.remoteAddress);
      socket.once("data", noteByte);
      sent.once("close", () => socket.off("data", noteByte));
    });
    sent.on("error", (error) => {
      const isLost = sent.reusedSocket && !isAnyByteIn && isConnectionLost(codeOf(error));
      if (!isLost || progress.isSettled()) {
        progress.failWith(error);
        return;
      }
      // The endpoint closed the idle connection while this request was on its way. Without its other idle ones, which may
      // have gone too, the next exchange dials; so there is no third.
      pool.dropIdle(agent, options.host, options.port);
      progress.startFrom(firstPhase(url, proxy));
      exchange();
    });
    sent.on("response", (response) => receive(sent, response));
    sent.on("upgrade", (_response, socket) => {
      progress.fail("http", "The endpoint answered with a change of protocol, not with a response");
      socket.destroy();
    });
    sent.on("close", () => {
      // A response that has begun reports its own end.
      if (current !== sent || progress.phase() === "body") return;
      progress.failWith(new Error("The connection closed without a response"));
    });
    sent.end(request.body);
  };
  exchange();
}

/** Where a fresh connection begins: addresses need no resolving, and behind a proxy the proxy resolves. */
export function firstPhase(url: URL, proxy: ProxyAddress | undefined): "dns" | "connect" {
  return literalOf(url) === undefined && proxy === undefined ? "dns" : "connect";
}

function requestOptions(attempt: HttpAttempt) {
  const { request, url, proxy, agent, progress } = attempt;
  const secure = url.protocol === "https:";
  const host = unbracketed(url.hostname);
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  const path = `${url.pathname}${url.search}`;
  const viaProxy = proxy && !secure ? proxy : undefined;
  return {
    agent,
    method: request.method,
    // A plain target is asked of its proxy by its whole URL (RFC 9112, section 3.2.2).
    ...(viaProxy
      ? { host: viaProxy.host, port: viaProxy.port, path: `${url.origin}${path}` }
      : { host, port, path }),
    // Ours come last: these four are not for a subscription to set, whatever the case of its letters.
    headers: {
      ...request.headers,
      ...viaProxy?.headers,
      host: url.host,
      "content-length": request.body.byteLength,
      "accept-encoding": "identity",
    },
    maxHeaderSize: MAX_HEADER_BYTES,
    autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_MS,
    ...(secure && { servername: serverName(host) }),
    ...(!proxy && { lookup: reportingLookup(attempt) }),
    ...(secure && proxy && { lookup: refuseLookup, tunnelProgress: tunnelReport(progress) }),
  } satisfies https.RequestOptions &
    TunnelledRequest &
    Pick<TcpSocketConnectOpts, "autoSelectFamilyAttemptTimeout">;
}

/** Called by the runtime for a name, once for each connection it opens; what is given back is what is dialled. */
function reportingLookup({ resolve, progress }: HttpAttempt): LookupFunction {
  return (hostname, { all }, callback) => {
    const answer = async (): Promise<void> => {
      let addresses: readonly ResolvedAddress[];
      try {
        addresses = await resolve(hostname);
      } catch (error) {
        callback(error instanceof Error ? error : new Error(messageOf(error)), "");
        return;
      }
      const [first] = addresses;
      progress.enter("connect");
      if (addresses.length === 1) progress.dialled(first?.address);
      if (all) callback(null, [...addresses]);
      else callback(null, first?.address ?? "", first?.family);
    };
    // Only a runtime that throws inside its own callback gets here.
    answer().catch((error: unknown) => progress.failWith(error));
  };
}

/** A runtime that looks the endpoint up has not understood that the agent opens a tunnel, and would dial past the proxy. */
const refuseLookup: LookupFunction = (_hostname, _options, callback) => {
  callback(new Error("This runtime cannot reach https through a proxy; Bun 1.4 and Node can"), "");
};

function tunnelReport(progress: AttemptProgress) {
  return {
    tunnelled: () => progress.enter("tls"),
    secured: () => progress.enter("http"),
    cancelWith: (cancel: () => void) => progress.onStop(cancel),
  };
}
