import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { addressOf } from "./sink-addresses.ts";

export interface Sink {
  /** One URL per origin. */
  readonly urls: readonly string[];
  stop(): void;
}

/** Starts a sink with so many origins, under the runtime that runs this. */
export async function startSink(origins: number): Promise<Sink> {
  const script = fileURLToPath(new URL("sink.ts", import.meta.url));
  const child = spawn(process.execPath, [script, String(origins)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (chunk: Uint8Array) => resolve(Buffer.from(chunk).toString().trim()));
    child.once("exit", (code) => reject(new Error(`the sink ended with exit code ${code}`)));
  });
  return {
    urls: Array.from({ length: origins }, (_each, index) => `http://${addressOf(index)}:${port}/`),
    stop: () => child.kill(),
  };
}
