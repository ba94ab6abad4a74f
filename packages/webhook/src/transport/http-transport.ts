import { createAgentPool } from "./agent-pool.ts";
import type { AttemptProgress } from "./attempt-progress.ts";
import { createProgress } from "./attempt-progress.ts";
import { codeOf, messageOf } from "./failure.ts";
import { firstPhase, startHttpAttempt } from "./http-attempt.ts";
import type { NetworkPolicy } from "./network-policy.ts";
import type { Resolve } from "./pinned-lookup.ts";
import { createVettedResolver } from "./pinned-lookup.ts";
import { parseProxy } from "./proxy-tunnel.ts";
import type { Transport, TransportRequest } from "./transport.ts";
import { integer } from "./whole-number.ts";

export interface HttpTransportOptions {
  readonly policy: NetworkPolicy;
  /** Looks host names up. Default: the operating system, as `dns.lookup` does. */
  readonly resolve?: Resolve;
  /** Connections kept open in all while no request uses them. 0 or more, default 256. */
  readonly maxIdleSockets?: number;
  /** How long such a connection is kept, in milliseconds. 1 to 2^31 - 1, default 15,000. */
  readonly idleTimeoutMs?: number;
  /** Sets of TLS and proxy settings whose connections are pooled at a time; the least recently used goes. 1 or more, default 64. */
  readonly maxAgents?: number;
}

/**
 * Sends over `node:http` and `node:https` with pooled connections. A name is resolved when a connection is opened; every
 * address must pass the policy, and only the checked ones are dialled. A pooled connection keeps its address.
 *
 * With a proxy, the proxy resolves the name: of the policy only what the URL tells is checked (scheme, port, address
 * literals, localhost), so the proxy itself must keep inner networks closed. The proxy's own address is not checked.
 *
 * An idle connection that the endpoint closes just as it is used again is replaced once, within the same deadline,
 * unless a byte of a response has come.
 * @throws WebhookError `INVALID_OPTION`
 */
export function createHttpTransport(options: HttpTransportOptions): Transport {
  const { policy } = options;
  const resolve = createVettedResolver(policy, options.resolve);
  const pool = createAgentPool({
    maxIdleSockets: integer("maxIdleSockets", options.maxIdleSockets ?? 256, 0),
    idleTimeoutMs: integer("idleTimeoutMs", options.idleTimeoutMs ?? 15_000, 1),
    maxAgents: integer("maxAgents", options.maxAgents ?? 64, 1),
  });
  const running = new Set<AttemptProgress>();
  let isClosed = false;

  const start = (request: TransportRequest, progress: AttemptProgress): void => {
    const url = policy.checkUrl(request.url);
    const proxy = request.proxy === undefined ? undefined : parseProxy(request.proxy);
    const agent = pool.agentFor({ secure: url.protocol === "https:", tls: request.tls, proxy });
    progress.startFrom(firstPhase(url, proxy));
    startHttpAttempt({ request, url, proxy, agent, pool, resolve, progress });
  };

  return {
    async send(request) {
      const progress = createProgress(request, "connect");
      if (isClosed) progress.fail("aborted", CLOSED);
      if (progress.isSettled()) return progress.outcome;
      running.add(progress);
      try {
        start(request, progress);
      } catch (error) {
        if (codeOf(error) === "INVALID_URL")
          progress.fail("blocked", messageOf(error), "INVALID_URL");
        else progress.failWith(error);
      }
      const outcome = await progress.outcome;
      running.delete(progress);
      return outcome;
    },
    close() {
      isClosed = true;
      for (const progress of running) progress.stop("aborted", CLOSED);
      pool.close();
    },
  };
}

const CLOSED = "The transport was closed";
