import * as http from "node:http";
import * as https from "node:https";
import type { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import type { ProxyAddress, TunnelProgress } from "./proxy-tunnel.ts";
import { openTunnel } from "./proxy-tunnel.ts";
import type { TlsSettings } from "./transport.ts";

/** How many connections wait for their next request, and for how long. */
export interface AgentPoolOptions {
  readonly maxIdleSockets: number;
  readonly idleTimeoutMs: number;
  readonly maxAgents: number;
}

/** What requests must have in common to share connections. */
interface AgentSettings {
  readonly secure: boolean;
  readonly tls: TlsSettings | undefined;
  readonly proxy: ProxyAddress | undefined;
}

/** The property of request options that carries an attempt's progress through an agent to the tunnel it opens. */
export interface TunnelledRequest {
  readonly tunnelProgress?: TunnelProgress;
}

/** Keep-alive agents, one for each set of TLS and proxy settings, with a common bound on idle sockets. */
export interface AgentPool {
  /** @throws whatever the runtime says about TLS settings it cannot read */
  agentFor(settings: AgentSettings): http.Agent;
  /** To be told of every socket that a request has got. */
  taken(socket: Socket): void;
  /** Destroys the idle sockets of one agent to one host, so that the next request dials. */
  dropIdle(agent: http.Agent, host: string, port: number): void;
  /** Destroys every socket. */
  close(): void;
}

export function createAgentPool(options: AgentPoolOptions): AgentPool {
  // Both maps are in order of last use: their first entry is the one to give up.
  const agents = new Map<string, http.Agent>();
  const idle = new Map<Socket, { agent: http.Agent; host: string; port: number }>();
  const watched = new WeakSet<Socket>();

  const addIdle = (agent: http.Agent, socket: Socket, host: string, port: number): void => {
    if (socket.destroyed) return;
    idle.set(socket, { agent, host, port });
    if (!watched.has(socket)) {
      watched.add(socket);
      socket.once("close", () => idle.delete(socket));
    }
    if (idle.size <= options.maxIdleSockets) return;
    const [oldest] = idle.keys();
    if (!oldest) return;
    idle.delete(oldest);
    oldest.destroy();
  };

  const create = (settings: AgentSettings): http.Agent => {
    const shared: http.AgentOptions = {
      keepAlive: true,
      maxFreeSockets: options.maxIdleSockets,
      // Ends idle sockets only; what an attempt may take is the attempt's own deadline.
      timeout: options.idleTimeoutMs,
    };
    const tls = tlsOptions(settings.tls);
    const agent = settings.secure ? new https.Agent({ ...shared, ...tls }) : new http.Agent(shared);
    if (settings.secure && settings.proxy) tunnelThrough(agent, settings.proxy, tls);
    agent.on("free", (socket: Socket, request: { host?: string; port?: number | string }) => {
      addIdle(agent, socket, request.host ?? "", Number(request.port));
    });
    return agent;
  };

  const retire = (agent: http.Agent): void => {
    // Not `destroy`, which would cut requests in flight; they end and find no room to wait in.
    agent.maxFreeSockets = 0;
    for (const [socket, entry] of idle) if (entry.agent === agent) socket.destroy();
  };

  return {
    agentFor(settings) {
      const key = keyOf(settings);
      const agent = agents.get(key) ?? create(settings);
      agents.delete(key);
      agents.set(key, agent);
      const [oldest] = agents;
      if (agents.size > options.maxAgents && oldest) {
        agents.delete(oldest[0]);
        retire(oldest[1]);
      }
      return agent;
    },
    taken: (socket) => void idle.delete(socket),
    dropIdle(agent, host, port) {
      for (const [socket, entry] of idle) {
        if (entry.agent === agent && entry.host === host && entry.port === port) socket.destroy();
      }
    },
    close() {
      for (const agent of agents.values()) agent.destroy();
      for (const socket of idle.keys()) socket.destroy();
      agents.clear();
    },
  };
}

function keyOf({ secure, tls, proxy }: AgentSettings): string {
  const route = proxy ? [proxy.host, proxy.port, proxy.headers] : null;
  return JSON.stringify([secure, route, secure ? [tls?.ca, tls?.cert, tls?.key] : null]);
}

function tlsOptions(settings: TlsSettings | undefined): ConnectionOptions {
  const { ca, cert, key } = settings ?? {};
  return {
    ...(ca !== undefined && { ca: typeof ca === "string" ? ca : [...ca] }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

function tunnelThrough(agent: http.Agent, proxy: ProxyAddress, tls: ConnectionOptions): void {
  agent.createConnection = (request, done) => {
    const { host, port, tunnelProgress } = request as http.ClientRequestArgs & TunnelledRequest;
    // The agent passes the options of the request, which `http-attempt.ts` made with all three.
    const progress = tunnelProgress ?? { tunnelled() {}, secured() {}, cancelWith() {} };
    openTunnel(proxy, { host: host ?? "", port: Number(port), tls, progress }, (error, socket) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type wants a stream even with an error
      if (error) done?.(error, undefined as never);
      else if (socket) done?.(null, socket);
    });
    return undefined;
  };
}
