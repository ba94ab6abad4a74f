import type { ProviderDefinition, SignedRequest, WebhookProvider } from "@ventostack/webhook";
import {
  fromByteString,
  hmac,
  interpretProvider,
  parseJson,
  queryValue,
  stringAt,
  valueAt,
} from "@ventostack/webhook";

const VERSION = "v0";

const slack: ProviderDefinition = {
  id: "slack",
  docs: "https://docs.slack.dev/authentication/verifying-requests-from-slack",
  signature: {
    algorithm: hmac("sha256"),
    encoding: "hex",
    // The version is ours to say: one that is taken from the header is the sender's choice.
    read: (request) => request.prefixed("x-slack-signature", `${VERSION}=`),
  },
  signedContent: (request) => [`${VERSION}:`, request.timestamp(), ":", request.body],
  timestamp: {
    read: (request) => request.required("x-slack-request-timestamp"),
    unit: "s",
    toleranceMs: 300_000,
  },
  payload: readPayload,
  event: (request, payload) => ({
    // The same on every retry. Commands and interactions are sent once, and have a trigger of their own.
    id: stringAt(payload, ["event_id"]) ?? stringAt(payload, ["trigger_id"]),
    type: typeOf(payload),
    timestamp: secondsAt(payload, "event_time") ?? request.sentAt(),
    unsigned: ["retryNum", "retryReason"],
    metadata: {
      teamId: stringAt(payload, ["team_id"]) ?? stringAt(payload, ["team", "id"]),
      appId: stringAt(payload, ["api_app_id"]),
      command: stringAt(payload, ["command"]),
      retryNum: request.header("x-slack-retry-num"),
      retryReason: request.header("x-slack-retry-reason"),
    },
  }),
  acknowledge: {
    failure: ({ status, code, reason }) => ({
      status,
      body: code ?? reason,
      // Slack repeats what is not answered with 2xx. These would fail again.
      ...((code === "MALFORMED_PAYLOAD" || code === "REPLAYED") && {
        headers: { "x-slack-no-retry": "1" },
      }),
    }),
    handshake({ type, payload }) {
      if (type === "ssl_check") return { status: 200 };
      const challenge = type === "url_verification" && stringAt(payload, ["challenge"]);
      if (!challenge) return undefined;
      return { status: 200, headers: { "content-type": "text/plain" }, body: challenge };
    },
    // A bare question whether the certificate is good. It is not signed, and the answer gives nothing away.
    setup: (request) => (queryValue(request, "ssl_check") === "1" ? { status: 200 } : undefined),
  },
};

/** Events are JSON, interactions a form whose field `payload` is JSON, slash commands a form. Told by the signed body. */
function readPayload(request: SignedRequest): unknown {
  const value = request.json();
  if (value !== undefined) return value;
  const interaction = request.field("payload");
  return (interaction && parseJson(interaction)) || fieldsOf(request);
}

function fieldsOf(request: SignedRequest): Readonly<Record<string, string>> {
  const decoder = new TextDecoder();
  const text = (byteString: string): string => decoder.decode(fromByteString(byteString));
  return Object.fromEntries(request.form().map(({ name, value }) => [text(name), text(value)]));
}

function typeOf(payload: unknown): string | undefined {
  const type = stringAt(payload, ["type"]);
  if (type === "event_callback") return stringAt(payload, ["event", "type"]) ?? type;
  if (type !== undefined) return type;
  if (stringAt(payload, ["command"]) !== undefined) return "slash_command";
  return stringAt(payload, ["ssl_check"]) === "1" ? "ssl_check" : undefined;
}

function secondsAt(payload: unknown, name: string): number | undefined {
  const seconds = valueAt(payload, [name]);
  return typeof seconds === "number" ? seconds * 1000 : undefined;
}

/**
 * Verifies what Slack sends: the Events API, slash commands and interactions. `config.secret` is the app's signing secret,
 * not its verification token.
 *
 * `type` is that of the inner event, or of the interaction, or `slash_command`. Answer within 3 seconds, and handle each id
 * once: Slack sends again what took longer.
 * Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
 */
export function createSlackVerifier(): WebhookProvider {
  return interpretProvider(slack);
}
