import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface Child {
  /** The first line that it printed. */
  readonly line: string;
  readonly stop: () => void;
}

/** Starts a script under the runtime that runs this, and waits for its first line. */
export async function startChild(script: URL, args: readonly string[]): Promise<Child> {
  const child = spawn(process.execPath, [fileURLToPath(script), ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const line = await new Promise<string>((resolve, reject) => {
    let printed = "";
    child.stdout.on("data", (chunk: Uint8Array) => {
      printed += String(chunk);
      if (printed.includes("\n")) resolve(printed.slice(0, printed.indexOf("\n")));
    });
    child.once("exit", (code) => reject(new Error(`${script.href} ended with exit code ${code}`)));
  });
  return { line, stop: () => void child.kill() };
}
