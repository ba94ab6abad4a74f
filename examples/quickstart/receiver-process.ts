/** Starts the receiver and reads what it tells. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ReceiverMessage } from "./receiver.ts";

export interface ReceiverProcess {
  /** Where it listens, such as `http://127.0.0.1:49152`. */
  readonly origin: string;
  stop(): void;
}

const START_TIMEOUT_MS = 20_000;

/** Resolves when the receiver listens; everything else that it tells goes to `onMessage`. */
export function startReceiver(
  secret: string,
  onMessage: (message: ReceiverMessage) => void,
): Promise<ReceiverProcess> {
  const child = spawn(process.execPath, [fileURLToPath(new URL("receiver.ts", import.meta.url))], {
    env: { ...process.env, WEBHOOK_SECRET: secret },
    stdio: ["pipe", "pipe", "inherit"],
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill();
      reject(new Error(`the receiver did not start within ${START_TIMEOUT_MS} ms`));
    }, START_TIMEOUT_MS);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the receiver ended with exit code ${code}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const message = JSON.parse(line) as ReceiverMessage;
      if (message.kind !== "listening") {
        onMessage(message);
        return;
      }
      clearTimeout(timer);
      resolve({ origin: `http://127.0.0.1:${message.port}`, stop: () => child.kill() });
    });
  });
}
