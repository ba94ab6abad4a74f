import type { WebhookProvider } from "@ventostack/webhook";
import { interpretProvider } from "@ventostack/webhook";
import type { DingTalkConfig } from "./dingtalk-config.ts";
import { isEventMode } from "./dingtalk-config.ts";
import { dingTalkEvents, encryptedReply, isUrlCheck } from "./dingtalk-events.ts";
import { dingTalkRobot } from "./dingtalk-robot.ts";

/**
 * Verifies what DingTalk sends: subscribed events (`config.extra` with `token`, `encodingAesKey` and `ownerKey`), or the
 * messages to a robot (`config.secret`, the app secret).
 *
 * Prefer events, or DingTalk's Stream mode. A robot's signature does not cover the body: whoever has seen one can send any
 * body for an hour. `metadata.bodyAuthenticated` says so; handle each message once, and let nothing costly depend on it.
 * Source: https://github.com/open-dingtalk/dingtalk-callback-Crypto
 */
export function createDingTalkVerifier(): WebhookProvider<DingTalkConfig> {
  const events = interpretProvider(dingTalkEvents);
  const robot = interpretProvider(dingTalkRobot);
  return {
    provider: events.provider,
    verify: (rawBody, headers, config, request) =>
      (isEventMode(config) ? events : robot).verify(rawBody, headers, config, request),
    acknowledge: {
      success: (event, config) =>
        isEventMode(config) ? encryptedReply(config, event) : { status: 200 },
      handshake: (event, config) =>
        isEventMode(config) && isUrlCheck(event) ? encryptedReply(config, event) : undefined,
    },
  };
}
