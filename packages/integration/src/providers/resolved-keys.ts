import type { MaybePromise, PublicKeyInput } from "@ventostack/webhook";
import { createPublicKey, refuse } from "@ventostack/webhook";

/**
 * Finds the public key with a serial, such as in a key store or by the platform's own API; nothing where there is none.
 * Hex serials come in upper case, without zeros in front. A sender that nobody has verified yet chooses the serial, of
 * letters, digits, `_` and `-`: look it up by equality, and do not fetch from an address that it is a part of.
 */
export type KeyResolver = (serial: string) => MaybePromise<PublicKeyInput | null | undefined>;

/**
 * The key with a serial.
 * @param now milliseconds since the epoch
 */
export type KeyLookup = (serial: string, now: number) => Promise<PublicKeyInput>;

const KEPT = 32;
const KEPT_MS = 12 * 3_600_000;
const MAX_MISSES = 16;
const MISSED_MS = 30_000;
// Platforms wait some five seconds for an answer.
const TIMEOUT_MS = 4000;

interface Miss {
  readonly code: "UNKNOWN_KEY" | "CONFIG";
  readonly reason: string;
  readonly cause?: unknown;
}

/**
 * A lookup that keeps what the resolver finds (32 keys, 12 hours), asks once for all who wait for the same serial, and lets
 * no flood of invented serials through: after 16 that it did not find it asks for no new ones until 30 seconds after the
 * first of them. Refuses with `UNKNOWN_KEY`, and with `CONFIG` where the resolver fails or takes 4 seconds.
 */
export function createKeyLookup(resolve: KeyResolver): KeyLookup {
  const known = new Map<string, { readonly key: PublicKeyInput; readonly until: number }>();
  const pending = new Map<string, Promise<PublicKeyInput>>();
  const missed = new Map<string, Miss>();
  let missedSince = -Infinity;

  const find = async (serial: string, now: number): Promise<PublicKeyInput> => {
    const found = await ask(resolve, serial);
    if ("code" in found) {
      missed.set(serial, found);
      return refuseFor(found);
    }
    const [oldest] = known.keys();
    if (known.size >= KEPT && oldest !== undefined) known.delete(oldest);
    known.set(serial, { key: found.key, until: now + KEPT_MS });
    return found.key;
  };

  return async (serial, now) => {
    const kept = known.get(serial);
    if (kept && now < kept.until) return kept.key;
    const asked = pending.get(serial);
    if (asked) return asked;

    if (now - missedSince >= MISSED_MS || now < missedSince) missed.clear();
    const miss = missed.get(serial);
    if (miss) return refuseFor(miss);
    if (missed.size + pending.size >= MAX_MISSES) {
      refuse(
        "UNKNOWN_KEY",
        "too many unknown key serials came of late: this one was not looked up",
      );
    }
    if (missed.size === 0) missedSince = now;
    const search = find(serial, now).finally(() => pending.delete(serial));
    pending.set(serial, search);
    return search;
  };
}

function refuseFor({ code, reason, cause }: Miss): never {
  return refuse(code, reason, cause === undefined ? {} : { cause });
}

async function ask(
  resolve: KeyResolver,
  serial: string,
): Promise<{ readonly key: PublicKeyInput } | Miss> {
  try {
    const key = await inTime(async () => resolve(serial));
    if (key === undefined || key === null) {
      return { code: "UNKNOWN_KEY", reason: `extra.keyResolver knows no key ${serial}` };
    }
    // Before it is kept: a key that cannot be read would be refused for hours.
    createPublicKey("rsa-sha256", key);
    return { key };
  } catch (cause) {
    return { code: "CONFIG", reason: "extra.keyResolver failed: the error is in `cause`", cause };
  }
}

async function inTime<T>(run: () => Promise<T>): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`extra.keyResolver took more than ${TIMEOUT_MS} ms`)),
    TIMEOUT_MS,
  );
  try {
    return await Promise.race([run(), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
