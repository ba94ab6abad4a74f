import type { AbortScope } from "./abort-scope.ts";
import { IntegrationError } from "./errors.ts";
import { networkError } from "./network-error.ts";

export interface ReadBodyOptions {
  readonly integration: string;
  readonly method: string;
  readonly maxBytes: number;
  readonly scope: AbortScope;
}

/**
 * Reads a body whole, within its limits.
 * @throws RESPONSE_TOO_LARGE, NETWORK_ERROR for a truncated body, TIMEOUT, ABORTED
 */
export async function readBody(
  response: Response,
  options: ReadBodyOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { integration, maxBytes, scope } = options;
  const announced = announcedLength(response, options.method);
  if (announced !== undefined && announced > maxBytes) {
    discard(response);
    throw tooLarge(options);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- chunks come one after the other
      const next = reader ? await scope.race(reader.read()) : undefined;
      if (!next || next.done) break;
      length += next.value.length;
      if (length > maxBytes) throw tooLarge(options);
      chunks.push(next.value);
    }
  } catch (error) {
    reader?.cancel().catch(() => {});
    throw error instanceof IntegrationError ? error : networkError(error, integration);
  }
  if (announced !== undefined && length < announced) throw truncated(integration);
  return concat(chunks, length);
}

/**
 * The body of an answer that is handed out unread: it ends the scope when it ends, and fails as a body that is read
 * whole would.
 */
export function watchedBody(
  response: Response,
  options: Omit<ReadBodyOptions, "maxBytes">,
): ReadableStream<Uint8Array> | null {
  const { integration, scope } = options;
  const reader = response.body?.getReader();
  if (!reader) {
    scope.end();
    return null;
  }
  const announced = announcedLength(response, options.method);
  let length = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const next = await scope.race(reader.read());
        if (next.done) {
          scope.end();
          if (announced !== undefined && length < announced) throw truncated(integration);
          controller.close();
          return;
        }
        length += next.value.length;
        controller.enqueue(next.value);
      } catch (error) {
        scope.end();
        controller.error(
          error instanceof IntegrationError ? error : networkError(error, integration),
        );
      }
    },
    async cancel(reason) {
      scope.end();
      await reader.cancel(reason);
    },
  });
}

/** Throws an answer's body away without reading it. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => {});
}

/** Whether the answer's `content-length` counts other bytes than the body that `fetch` gives. */
export function wasDecoded(response: Response): boolean {
  const encoding = response.headers.get("content-encoding");
  return encoding !== null && encoding !== "identity";
}

function announcedLength(response: Response, method: string): number | undefined {
  const header = response.headers.get("content-length");
  if (method === "HEAD" || response.body === null || wasDecoded(response)) return undefined;
  return header !== null && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

function concat(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

function truncated(integration: string): IntegrationError {
  return new IntegrationError({
    code: "NETWORK_ERROR",
    message: `${integration} closed the connection in the middle of its answer`,
    integration,
    outcome: "unknown",
    reason: "TRUNCATED",
    retryable: true,
  });
}

function tooLarge({
  integration,
  maxBytes,
}: Pick<ReadBodyOptions, "integration" | "maxBytes">): IntegrationError {
  return new IntegrationError({
    code: "RESPONSE_TOO_LARGE",
    message: `${integration} answered with more than maxResponseBytes (${maxBytes}) bytes`,
    integration,
    outcome: "unknown",
  });
}
