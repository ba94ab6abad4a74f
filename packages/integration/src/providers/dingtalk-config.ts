import type { VerifierConfig } from "@ventostack/webhook";
import { refuse } from "@ventostack/webhook";
import { aesKeyOf } from "./dingtalk-crypto.ts";

/** What only DingTalk needs, in `config.extra`: nothing for a robot, the first three for subscribed events. */
export interface DingTalkExtra {
  /** The token of the event subscription. */
  readonly token?: string | undefined;
  /** Its EncodingAESKey, 43 characters. */
  readonly encodingAesKey?: string | undefined;
  /**
   * For whom events are encrypted: the AppKey (client id) of an internal app, the SuiteKey of a third-party app, the CorpId
   * for callbacks that were registered by API. An event for another is refused with `ACCOUNT_MISMATCH`.
   */
  readonly ownerKey?: string | undefined;
  /** Default: `event` where one of the three above is given, even as `undefined`; otherwise `robot`. */
  readonly mode?: "robot" | "event" | undefined;
  /** A robot's timestamp in milliseconds, where neither the request's context nor its headers nor its query have it. */
  readonly timestamp?: string | number | undefined;
  /** A robot's signature, likewise. */
  readonly sign?: string | undefined;
}

export type DingTalkConfig = VerifierConfig<DingTalkExtra>;

const OF_EVENTS = ["token", "encodingAesKey", "ownerKey"];

/**
 * Whether events are configured rather than a robot. A missing environment variable must not turn the one into the other,
 * whose signatures say nothing of the body, so the names decide and not the values.
 */
export function isEventMode(config: DingTalkConfig): boolean {
  const extra = config?.extra ?? {};
  if (extra.mode !== undefined) return extra.mode !== "robot";
  return OF_EVENTS.some((name) => Object.hasOwn(extra, name));
}

/** What events are verified and decrypted with. */
export interface EventKeys {
  readonly token: string;
  readonly aesKey: Uint8Array;
  readonly ownerKey: string;
}

/** Refuses with `CONFIG` what is missing or malformed. */
export function eventKeysOf({
  extra: { token, encodingAesKey, ownerKey } = {},
}: DingTalkConfig): EventKeys {
  const aesKey = aesKeyOf(encodingAesKey);
  if (!token || !aesKey || !ownerKey) {
    const wrong = token ? (aesKey ? "ownerKey" : "encodingAesKey") : "token";
    refuse("CONFIG", `extra.${wrong} is missing or malformed: DingTalk's console shows it`);
  }
  return { token, aesKey, ownerKey };
}
