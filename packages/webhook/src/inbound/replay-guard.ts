import { WebhookError } from "../errors.ts";
import type { WebhookEvent } from "../event.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import { hasOwnId } from "./inbound-verifier.ts";
import { toHex } from "../signing/bytes.ts";

/**
 * - `reserved`: new; the caller handles it, then calls `complete` or `release`
 * - `in-progress`: somebody is handling it now
 * - `done`: it has been handled
 */
export type Reservation = "reserved" | "in-progress" | "done";

/**
 * Remembers which events were handled: a port, so that several processes can share one memory. An event whose handling
 * failed may come again, one that was handled may not.
 */
export interface ReplayGuard {
  /** Takes the key, unless it is taken; a reservation that is neither completed nor released ends after `ttlMs`. */
  reserve(key: string, ttlMs: number): MaybePromise<Reservation>;
  /** Remembers for `ttlMs` that it was handled. */
  complete(key: string, ttlMs: number): MaybePromise<void>;
  /** Forgets it, so that it may be tried again. */
  release(key: string): MaybePromise<void>;
}

export interface MemoryReplayGuardOptions {
  /**
   * Keys that are remembered; beyond that the oldest is forgotten, and could be replayed. 1 or more, default 100,000
   * (about 20 MB).
   */
  readonly maxKeys?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

/** Remembers in this process's memory. Behind several processes, share one guard over a common store instead. */
export function createMemoryReplayGuard(options: MemoryReplayGuardOptions = {}): ReplayGuard {
  const { maxKeys = 100_000, now = () => Date.now() } = options;
  if (!Number.isSafeInteger(maxKeys) || maxKeys < 1) {
    throw new WebhookError("INVALID_OPTION", "maxKeys must be a whole number of 1 or more");
  }
  // In the order of writing, which is the order of forgetting.
  const entries = new Map<string, { state: "in-progress" | "done"; expiresAt: number }>();

  const write = (key: string, state: "in-progress" | "done", ttlMs: number): void => {
    entries.delete(key);
    entries.set(key, { state, expiresAt: now() + ttlMs });
    if (entries.size <= maxKeys) return;
    const [oldest] = entries.keys();
    if (oldest !== undefined) entries.delete(oldest);
  };

  return {
    reserve(key, ttlMs) {
      const entry = entries.get(key);
      if (entry && entry.expiresAt > now()) return entry.state;
      write(key, "in-progress", ttlMs);
      return "reserved";
    },
    complete: (key, ttlMs) => write(key, "done", ttlMs),
    release(key) {
      if (entries.get(key)?.state === "in-progress") entries.delete(key);
    },
  };
}

/**
 * The key under which an event is remembered: the provider and the event's id and, where the signature does not cover the
 * id, a digest of the body too. Without the digest whoever holds one signed request could send it under the id of another
 * event, which would then be taken for a repetition; with it, they can at most repeat what they hold under a new id.
 * An event without an id of its own is known by its body alone.
 */
export async function replayKeyOf(
  provider: string,
  event: WebhookEvent & { readonly rawBody: Uint8Array },
): Promise<string> {
  const id = hasOwnId(event) ? event.id : "";
  const unsigned = event.metadata?.["unsigned"];
  const isIdSigned = !Array.isArray(unsigned) || !unsigned.includes("id");
  if (id !== "" && isIdSigned && event.metadata?.["bodyAuthenticated"] !== false)
    return `${provider}:${id}`;
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(event.rawBody));
  return `${provider}:${id}:${toHex(new Uint8Array(digest))}`;
}
