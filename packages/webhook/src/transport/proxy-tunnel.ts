import * as http from "node:http";
import type { Socket } from "node:net";
import * as tls from "node:tls";
import { WebhookError } from "../errors.ts";
import { serverName, tryParseUrl, unbracketed } from "./host.ts";

/** Where a proxy listens, and what it wants to hear from its users. */
export interface ProxyAddress {
  readonly host: string;
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Reads the URL of a proxy, such as `http://proxy.example:3128`. A user name and password in it become
 * `Proxy-Authorization: Basic`.
 * @throws WebhookError `INVALID_OPTION`
 */
export function parseProxy(text: string): ProxyAddress {
  const url = tryParseUrl(text);
  if (url?.protocol !== "http:" || url.pathname !== "/" || url.search !== "" || url.port === "0") {
    throw badProxy();
  }
  return {
    host: unbracketed(url.hostname),
    port: url.port === "" ? 80 : Number(url.port),
    headers: url.username === "" ? {} : { "proxy-authorization": basic(url) },
  };
}

function basic(url: URL): string {
  try {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(pair)))}`;
  } catch {
    throw badProxy();
  }
}

function badProxy(): WebhookError {
  // The text is not repeated: it may hold the proxy's password.
  return new WebhookError("INVALID_OPTION", "proxy takes the form http://host:port");
}

/** What a tunnel reports to the attempt that waits for it. */
export interface TunnelProgress {
  /** The proxy has connected the two ends; TLS begins. */
  tunnelled(): void;
  /** TLS stands. */
  secured(): void;
  /** Hands over how to give up: a request that waits for its agent's socket has nothing to destroy. */
  cancelWith(cancel: () => void): void;
}

/** Where a tunnel leads. */
export interface TunnelTarget {
  readonly host: string;
  readonly port: number;
  readonly tls: tls.ConnectionOptions;
  readonly progress: TunnelProgress;
}

/**
 * Opens a TLS connection through an HTTP proxy.
 * Source: https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6
 */
export function openTunnel(
  proxy: ProxyAddress,
  target: TunnelTarget,
  done: (error: Error | null, socket?: Socket) => void,
): void {
  const host = target.host.includes(":") ? `[${target.host}]` : target.host;
  const connect = http.request({
    method: "CONNECT",
    host: proxy.host,
    port: proxy.port,
    path: `${host}:${target.port}`,
    headers: { ...proxy.headers, host: `${host}:${target.port}` },
    agent: false,
  });
  target.progress.cancelWith(() => connect.destroy());
  connect.on("error", done);
  connect.once("connect", (response, socket: Socket, early) => {
    const status = response.statusCode ?? 0;
    // Bytes before our own ClientHello come from the proxy, not from the endpoint.
    if (status < 200 || status > 299 || early.length > 0) {
      socket.destroy();
      done(refusal(status));
      return;
    }
    target.progress.tunnelled();
    const secure = tls.connect({
      ...target.tls,
      socket,
      host: target.host,
      servername: serverName(target.host),
    });
    target.progress.cancelWith(() => secure.destroy());
    secure.on("error", done);
    secure.once("secureConnect", () => {
      secure.off("error", done);
      target.progress.secured();
      done(null, secure);
    });
  });
  connect.end();
}

function refusal(status: number): Error {
  const text = `The proxy answered the request for a tunnel with status ${status}`;
  return Object.assign(new Error(text), { code: "PROXY_REFUSED" });
}
