import { addressOf } from "./sink-addresses.ts";
import { startChild } from "./child.ts";

export interface Sink {
  /** One URL per origin. */
  readonly urls: readonly string[];
  readonly stop: () => void;
}

export interface SinkOptions {
  /** Answer over TLS, on a port for each origin, with the certificate of the tests. Default false. */
  readonly tls?: boolean;
}

/** Starts a sink with so many origins, under the runtime that runs this. */
export async function startSink(origins: number, { tls = false }: SinkOptions = {}): Promise<Sink> {
  const args = [String(origins), ...(tls ? ["tls"] : [])];
  const { line, stop } = await startChild(new URL("sink.ts", import.meta.url), args);
  const ports = line.trim().split(" ");
  const [port = ""] = ports;
  return {
    urls: tls
      ? ports.map((each) => `https://127.0.0.1:${each}/`)
      : Array.from({ length: origins }, (_each, index) => `http://${addressOf(index)}:${port}/`),
    stop,
  };
}
