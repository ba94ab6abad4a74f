import { functionOption, knownKeys, msOption, shareOption } from "./check.ts";
import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import { configError } from "./errors.ts";
import type { QuotaWindow } from "./quota-headers.ts";
import { readQuota } from "./quota-headers.ts";
import { createScrubber } from "./scrub.ts";

export interface QuotaOptions {
  /** `onWarn` is called when no more than this share of a window is left, between 0 and 1, default 0.1. */
  readonly warnAt?: number;
  /** Called once per window until the window starts anew; what it throws changes nothing. */
  readonly onWarn?: (window: QuotaWindow) => void;
  /** Holds calls back (QUOTA_EXHAUSTED) while a window with a known reset has none left. Default false. */
  readonly pause?: boolean;
  /**
   * Milliseconds after which one call finds out anew, however far away the reset is: a vendor's wrong header must not
   * stop a client for years. 1 to 2^31 - 1, default 3,600,000.
   */
  readonly maxPauseMs?: number;
  readonly clock?: Clock;
}

/** Keeps what the vendor's answers say about its limits. */
export interface QuotaMonitor {
  update(answer: { readonly status: number; readonly headers: Headers }): void;
  /** The windows that have not started anew since they were seen. */
  windows(): readonly QuotaWindow[];
  /** The window with the fewest calls left, of equals the one that is reset last. */
  strictest(): QuotaWindow | undefined;
  /** Milliseconds for which calls are held back; 0 where they are not. */
  pausedForMs(): number;
}

/** A window without a reset is forgotten after this time. */
const FORGET_MS = 60_000;
/** Names come from the vendor: a new one in each answer must not fill the memory. */
const MAX_WINDOWS = 32;

interface Seen {
  readonly window: QuotaWindow;
  readonly seenAt: number;
  readonly warned: boolean;
}

/**
 * @param scrub takes secrets out of texts; the names of windows are the vendor's, and one that this would change is not
 *   shown. Default takes out what looks like a secret.
 * @throws CONFIG_ERROR
 */
export function createQuotaMonitor(
  options: QuotaOptions = {},
  scrub: (text: string) => string = createScrubber().scrub,
): QuotaMonitor {
  knownKeys("quota", options, ["warnAt", "onWarn", "pause", "maxPauseMs", "clock"]);
  const warnAt = shareOption("quota.warnAt", options.warnAt, 0.1);
  const onWarn = functionOption("quota.onWarn", options.onWarn, () => {});
  const pause = options.pause ?? false;
  if (typeof pause !== "boolean") throw configError("quota.pause must be true or false");
  const maxPauseMs = msOption("quota.maxPauseMs", options.maxPauseMs, 3_600_000);
  const clock = options.clock ?? systemClock;
  const seen = new Map<string, Seen>();

  const live = (): Seen[] => {
    const now = clock.now();
    for (const [name, { window, seenAt }] of seen) {
      if (now >= (window.resetAt ?? seenAt + FORGET_MS)) seen.delete(name);
    }
    return [...seen.values()];
  };
  const windows = (): QuotaWindow[] => live().map(({ window }) => window);
  const warn = (window: QuotaWindow): void => {
    try {
      onWarn(window);
    } catch {
      // A listener must not change what a call does.
    }
  };

  return {
    windows,
    strictest: () => strictestOf(windows()),
    update(answer) {
      const now = clock.now();
      live();
      for (const window of readQuota(answer, now, scrub).slice(0, MAX_WINDOWS)) {
        const low = isLow(window, warnAt);
        const before = seen.get(window.name);
        seen.delete(window.name);
        seen.set(window.name, { window, seenAt: now, warned: low });
        if (low && !before?.warned) warn(window);
      }
      for (const name of seen.keys()) {
        if (seen.size <= MAX_WINDOWS) break;
        seen.delete(name);
      }
    },
    pausedForMs() {
      if (!pause) return 0;
      const now = clock.now();
      return live().reduce((longest, { window, seenAt }) => {
        if (window.remaining >= 1 || window.resetAt === undefined) return longest;
        return Math.max(longest, Math.min(window.resetAt, seenAt + maxPauseMs) - now);
      }, 0);
    },
  };
}

/** Of several windows the one that ends the calls first. */
export function strictestOf(windows: readonly QuotaWindow[]): QuotaWindow | undefined {
  return windows.toSorted(
    (a, b) => a.remaining - b.remaining || (b.resetAt ?? 0) - (a.resetAt ?? 0),
  )[0];
}

function isLow({ remaining, limit }: QuotaWindow, warnAt: number): boolean {
  return remaining < 1 || (limit !== undefined && remaining <= limit * warnAt);
}
