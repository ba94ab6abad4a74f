import type { IncomingMessage } from "node:http";

/** Lower-case names; repeated fields joined with a comma and a space, `set-cookie` too. */
export function joinHeaders(raw: readonly string[]): Readonly<Record<string, string>> {
  const headers = new Map<string, string>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? "").toLowerCase();
    const value = raw[index + 1] ?? "";
    const earlier = headers.get(name);
    headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  // Not assigned one by one: a response may name a header `__proto__`.
  return Object.fromEntries(headers);
}

/** Collects the first bytes of a body. */
export interface BodyCollector {
  /** @returns false once there is more than is kept */
  add(chunk: Uint8Array): boolean;
  bytes(): Uint8Array;
}

/** @param maxBytes 0 or more */
export function createBodyCollector(maxBytes: number): BodyCollector {
  const chunks: Uint8Array[] = [];
  let kept = 0;
  return {
    add(chunk) {
      const part = chunk.subarray(0, maxBytes - kept);
      if (part.length > 0) chunks.push(part);
      kept += part.length;
      return part.length === chunk.length;
    },
    bytes() {
      const whole = new Uint8Array(kept);
      let offset = 0;
      for (const chunk of chunks) {
        whole.set(chunk, offset);
        offset += chunk.length;
      }
      return whole;
    },
  };
}

/** Reads a response until its end or until there is more than is kept; nothing more is called after that. */
export function readBody(
  response: IncomingMessage,
  maxBytes: number,
  on: { done(body: Uint8Array, truncated: boolean): void; failed(error: unknown): void },
): void {
  const collector = createBodyCollector(maxBytes);
  let ended = false;
  const once = (report: () => void) => () => {
    if (ended) return;
    ended = true;
    report();
  };
  const truncated = once(() => on.done(collector.bytes(), true));
  const broken = once(() =>
    on.failed(new Error("The connection closed in the middle of the body")),
  );
  response.on("data", (chunk: Uint8Array) => {
    if (!collector.add(chunk)) truncated();
  });
  response.on(
    "end",
    once(() => on.done(collector.bytes(), false)),
  );
  response.on("error", (error) => once(() => on.failed(error))());
  response.on("close", broken);
}
