import type { ProviderDefinition, SignedRequest } from "@ventostack/webhook";
import { hmac, refuse } from "@ventostack/webhook";
import type { DingTalkExtra } from "./dingtalk-config.ts";

const HOUR_MS = 3_600_000;
const METADATA = ["conversationId", "conversationType", "robotCode", "senderStaffId"];

/** The messages to a robot. Signed is the time alone, with the secret as key and as content. */
export const dingTalkRobot: ProviderDefinition<DingTalkExtra> = {
  id: "dingtalk",
  docs: "https://open.dingtalk.com/document/orgapp/receive-message",
  signature: {
    algorithm: hmac("sha256"),
    encoding: "base64",
    read: (request) => base64Of(given(request, "sign")),
  },
  signedContent: (request, secret) => [`${request.timestamp()}\n${secret}`],
  timestamp: {
    read: (request) => given(request, "timestamp"),
    unit: "ms",
    toleranceMs: HOUR_MS,
  },
  payload: "json",
  event(request) {
    const createdAt = request.number("createAt");
    return {
      id: request.string("msgId"),
      type: request.string("msgtype"),
      timestamp: createdAt ?? request.sentAt(),
      unsigned: ["payload", "id", "type", ...(createdAt ? ["timestamp"] : []), ...METADATA],
      metadata: {
        bodyAuthenticated: false,
        ...Object.fromEntries(METADATA.map((name) => [name, request.string(name)])),
      },
    };
  },
};

/** What the caller passed with this request, what the request says itself, or what the configuration holds. */
function given(request: SignedRequest<DingTalkExtra>, name: "timestamp" | "sign"): string {
  const value =
    request.context[name] ?? request.header(name) ?? request.query(name) ?? request.extra[name];
  if (value === undefined || value === "") {
    refuse("MISSING_HEADER", `the request has no ${name}, neither as a header nor in its query`);
  }
  return String(value);
}

/** Some senders leave the percent-encoding on, and parsers of queries make a space of each plus. */
function base64Of(sign: string): string {
  try {
    return (sign.includes("%") ? decodeURIComponent(sign) : sign).replaceAll(" ", "+");
  } catch {
    return refuse("MALFORMED_SIGNATURE", "the signature is neither base64 nor percent-encoded");
  }
}
