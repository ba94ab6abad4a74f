import { createServer, request as httpRequest } from "node:http";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { afterTest } from "./setup.ts";

export type ProxyFault = "refuse" | "hang" | "speak-first";

/** A forward proxy on loopback that resolves every name to loopback, and writes down what it is asked. */
export async function startProxy(fault?: ProxyFault) {
  const asked: { line: string; authorization: string | undefined }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const line = `${request.method} ${request.url}`;
    asked.push({ line, authorization: request.headers["proxy-authorization"] });
    const target = new URL(request.url ?? "");
    const { "proxy-authorization": _own, ...headers } = request.headers;
    const onward = httpRequest(
      {
        host: "127.0.0.1",
        port: target.port,
        path: target.pathname + target.search,
        method: request.method,
        headers,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  server.on("connect", (request, socket: Socket) => {
    socket.on("error", () => {});
    socket.on("end", () => socket.destroy());
    const line = `CONNECT ${request.url}`;
    asked.push({ line, authorization: request.headers["proxy-authorization"] });
    if (fault === "hang") {
      socket.resume();
      return;
    }
    if (fault === "refuse") {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n");
      return;
    }
    if (fault === "speak-first") {
      socket.write("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    const onward = connect(Number(request.url?.split(":").at(-1)), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.pipe(socket);
      socket.pipe(onward);
    });
    onward.on("error", () => socket.destroy());
    onward.on("close", () => socket.destroy());
    socket.on("close", () => onward.destroy());
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterTest(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}`, asked, openConnections: () => sockets.size };
}
