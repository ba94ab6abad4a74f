import { configError } from "../client/errors.ts";
import type { EmailFailure, EmailFailureCode } from "./failure.ts";
import type { EmailProvider, HandOver } from "./provider.ts";

/** One step from a provider to the next. */
export interface FailoverMoment {
  readonly from: string;
  readonly to: string;
  readonly error: EmailFailure;
}

export interface FailoverOptions {
  /** What it throws changes nothing. */
  readonly onFailover?: (moment: FailoverMoment) => void;
}

/** Failures that are the provider's, not the message's. */
const PROVIDER_TROUBLE: ReadonlySet<EmailFailureCode> = new Set<EmailFailureCode>([
  "NETWORK_ERROR",
  "TIMEOUT",
  "RATE_LIMITED",
  "QUOTA_EXHAUSTED",
  "CIRCUIT_OPEN",
  "AUTH_ERROR",
]);

/**
 * Tries one provider after the other. The next one is tried only where the one before certainly did not send: never after
 * an outcome `unknown`, or the recipient gets the e-mail twice. Nor where the message is at fault, or the caller aborted.
 *
 * Give templates the same names at all of them (`templates`).
 * @param providers in order of preference, each with a name of its own
 * @throws CONFIG_ERROR
 */
export function createFailoverEmailProvider(
  providers: readonly EmailProvider[],
  options: FailoverOptions = {},
): EmailProvider {
  const chain = [...providers];
  const [first, ...others] = chain;
  if (!first) throw configError("createFailoverEmailProvider: hand in at least one provider");
  if (new Set(chain.map(({ name }) => name)).size < chain.length) {
    throw configError("createFailoverEmailProvider: each provider needs a name of its own");
  }
  return {
    name: chain.map(({ name }) => name).join("+"),
    maxRecipients: Math.min(...chain.map(({ maxRecipients }) => maxRecipients)),
    async send(email, sendOptions) {
      let current = first;
      let result = await current.send(email, sendOptions);
      for (const next of others) {
        if (result.success || !mayFailOver(result) || sendOptions?.signal?.aborted) return result;
        tell(options, { from: current.name, to: next.name, error: result.error });
        current = next;
        // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
        result = await current.send(email, sendOptions);
      }
      return result;
    },
    readEvents(event) {
      for (const provider of chain) {
        const read = provider.readEvents(event);
        if (read) return read;
      }
      return undefined;
    },
    async close() {
      await Promise.all(chain.map(async (provider) => provider.close?.()));
    },
  };
}

function mayFailOver({ error, refusedRecipients }: Extract<HandOver, { success: false }>): boolean {
  if (error.outcome === "unknown" || refusedRecipients) return false;
  if (PROVIDER_TROUBLE.has(error.code)) return true;
  return error.code === "HTTP_ERROR" && (error.status ?? 0) >= 500;
}

function tell({ onFailover }: FailoverOptions, moment: FailoverMoment): void {
  try {
    onFailover?.(moment);
  } catch {
    // A hook must not change what is sent.
  }
}
