import type { ProviderDefinition, Reply, SignedRequest, WebhookEvent } from "@ventostack/webhook";
import { digest, parseJson, refuse, stringAt, valueAt } from "@ventostack/webhook";
import type { DingTalkConfig, DingTalkExtra } from "./dingtalk-config.ts";
import { eventKeysOf } from "./dingtalk-config.ts";
import { openMessage, sealMessage, signMessage } from "./dingtalk-crypto.ts";

const HOUR_MS = 3_600_000;

/** Subscribed events: a digest over the ciphertext with a token, and the ciphertext. */
export const dingTalkEvents: ProviderDefinition<DingTalkExtra> = {
  id: "dingtalk",
  docs: "https://open.dingtalk.com/document/orgapp/configure-event-subcription",
  checkConfig: (config) => void eventKeysOf(config),
  signature: {
    algorithm: digest("sha1", { secrets: (config) => config.extra?.token }),
    encoding: "hex",
    read: (request) => parameter(request, "msg_signature", "signature"),
  },
  signedContent: (request, token) =>
    [token, request.timestamp(), parameter(request, "nonce"), encrypted(request)].toSorted(),
  timestamp: {
    read: (request) => parameter(request, "timeStamp", "timestamp"),
    unit: "ms",
    toleranceMs: HOUR_MS,
  },
  payload(request) {
    const { aesKey, ownerKey } = eventKeysOf(request.config);
    const { message, owner } = openMessage(aesKey, encrypted(request));
    if (owner !== ownerKey) {
      refuse("ACCOUNT_MISMATCH", "the event is encrypted for another owner than extra.ownerKey");
    }
    return parseJson(message) ?? message;
  },
  event: (request, payload) => ({
    id: stringAt(payload, ["eventId"]),
    type: stringAt(payload, ["EventType"]),
    timestamp: timeOf(payload) ?? request.sentAt(),
    metadata: {
      bodyAuthenticated: true,
      corpId: stringAt(payload, ["CorpId"]) ?? stringAt(payload, ["corpId"]),
    },
  }),
};

function parameter(request: SignedRequest<DingTalkExtra>, ...names: readonly string[]): string {
  for (const name of names) {
    const value = request.query(name);
    if (value) return value;
  }
  return refuse(
    "MISSING_HEADER",
    `the query has no ${names.join(" and no ")}: pass the request's url or query as the third argument`,
  );
}

function encrypted(request: SignedRequest<DingTalkExtra>): string {
  return request.string("encrypt") ?? refuse("MALFORMED_PAYLOAD", "the body has no text `encrypt`");
}

/** Milliseconds; a number or the digits of one, depending on the event. */
function timeOf(payload: unknown): number | undefined {
  const time = valueAt(payload, ["EventTime"]) ?? valueAt(payload, ["TimeStamp"]);
  if (typeof time === "number") return time;
  return typeof time === "string" && /^\d{1,15}$/.test(time) ? Number(time) : undefined;
}

const WITH_RANDOM: ReadonlySet<string> = new Set([
  "check_create_suite_url",
  "check_update_suite_url",
]);

/** Whether an event only tests the URL, which is saved once it was answered rightly. */
export function isUrlCheck({ type }: WebhookEvent): boolean {
  return type === "check_url" || WITH_RANDOM.has(type);
}

/** The answer to an event: `success`, or what the check of a suite's URL wants to see again, encrypted and signed. */
export function encryptedReply(config: DingTalkConfig, event: WebhookEvent): Reply {
  const { token, aesKey, ownerKey } = eventKeysOf(config);
  const random = WITH_RANDOM.has(event.type) ? stringAt(event.payload, ["Random"]) : undefined;
  const encrypt = sealMessage(aesKey, { message: random ?? "success", owner: ownerKey });
  const timeStamp = String(Date.now());
  const nonce = crypto.randomUUID().replaceAll("-", "").slice(0, 16);
  const signature = signMessage([token, timeStamp, nonce, encrypt]);
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ msg_signature: signature, timeStamp, nonce, encrypt }),
  };
}
