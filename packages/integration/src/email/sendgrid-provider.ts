import type { WebhookEvent } from "@ventostack/webhook";
import { knownKeys } from "../client/check.ts";
import { createIntegrationClient } from "../client/client.ts";
import { configError } from "../client/errors.ts";
import type { IntegrationClientOptions } from "../client/types.ts";
import { sendgridEventToEmailLog } from "../mapping/sendgrid-email-log.ts";
import { notSent } from "./failure.ts";
import type { EmailProvider, ProviderEvent, ReadEvents } from "./provider.ts";
import { sendGridFailure } from "./sendgrid-answer.ts";
import { sendGridBody } from "./sendgrid-request.ts";

/** What of the client underneath can be set: time-outs, retries, breaker, throttle, quota, log, hooks and so on. */
export type SendGridClientOptions = Omit<
  IntegrationClientOptions,
  "name" | "baseUrl" | "auth" | "headers"
>;

export interface SendGridProviderOptions {
  /** From the environment. It begins with `SG.` and needs the permission Mail Send and no other. */
  readonly apiKey: string;
  /** Where the account is at home. A key of the one region is refused by the other. Default `global`. */
  readonly region?: "global" | "eu";
  /** In place of the region's host, such as an emulator's. */
  readonly baseUrl?: string | URL;
  /**
   * Has everything checked and nothing sent; no events come. Default `true` where `NODE_ENV` is `test` and no `baseUrl` is
   * given, `false` otherwise: a key does not tell whether it is one for tests.
   */
  readonly sandbox?: boolean;
  /** SendGrid's ids of dynamic templates (`d-…`) by names of your own, so that several providers can share the names. */
  readonly templates?: Readonly<Record<string, string>>;
  /** Default `{ quota: { pause: true } }`. */
  readonly client?: SendGridClientOptions;
}

const HOSTS = { global: "https://api.sendgrid.com", eu: "https://api.eu.sendgrid.com" } as const;
const KEY = /^SG\.[\w-]+\.[\w-]+$/;
const MAX_RECIPIENTS = 1000;

/**
 * Sends through SendGrid's `POST /v3/mail/send`. It knows no idempotency keys, so a request whose answer was lost is not
 * repeated; only after a 429 and where no connection came about is it sent again.
 * Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send
 * @throws CONFIG_ERROR
 */
export function createSendGridProvider(options: SendGridProviderOptions): EmailProvider {
  knownKeys("createSendGridProvider", options, [
    "apiKey",
    "region",
    "baseUrl",
    "sandbox",
    "templates",
    "client",
  ]);
  const { apiKey, region = "global", baseUrl, templates = {} } = options;
  if (typeof apiKey !== "string" || !KEY.test(apiKey)) {
    throw configError(
      "createSendGridProvider: apiKey does not look like a key of SendGrid (SG.….…): is its environment variable set, without spaces and line ends?",
    );
  }
  if (!Object.hasOwn(HOSTS, region)) {
    throw configError('createSendGridProvider: region must be "global" or "eu"');
  }
  const settings = {
    sandbox: options.sandbox ?? (baseUrl === undefined && isTestRun()),
    templates: new Map(Object.entries(templates)),
  };
  const client = createIntegrationClient({
    // SendGrid says only in its rate limit's headers when to come back; it sends no `Retry-After`.
    quota: { pause: true },
    ...options.client,
    name: "sendgrid",
    baseUrl: baseUrl ?? HOSTS[region],
    auth: { bearer: apiKey },
    headers: { accept: "application/json" },
  });

  return {
    name: "sendgrid",
    maxRecipients: MAX_RECIPIENTS,
    async send(email, { signal } = {}) {
      const { body, problem } = sendGridBody(email, settings);
      if (!body) {
        return {
          success: false,
          error: notSent("INVALID_MESSAGE", `Nothing was sent: ${problem}`),
        };
      }
      const result = await client.post("/v3/mail/send", body, {
        responseType: "text",
        ...(signal && { signal }),
      });
      if (!result.success) return sendGridFailure(result.error, email.recipients.length);
      const messageId = result.headers.get("x-message-id");
      return {
        success: true,
        provider: "sendgrid",
        sandbox: settings.sandbox,
        ...(messageId && { messageId }),
      };
    },
    readEvents: readSendGridEvents,
    close: () => client.close(),
  };
}

function isTestRun(): boolean {
  // Not every runtime has a `process`.
  return typeof process === "object" && process.env["NODE_ENV"] === "test";
}

/** The events of a webhook that `createSendGridEventVerifier` has verified. */
function readSendGridEvents(event: WebhookEvent): ReadEvents | undefined {
  if (event.source !== "sendgrid") return undefined;
  if (!Array.isArray(event.payload)) return { events: [], malformed: 1 };
  const events: ProviderEvent[] = [];
  let malformed = 0;
  for (const entry of event.payload as readonly unknown[]) {
    const mapped = sendgridEventToEmailLog(entry);
    if (!mapped.success) {
      malformed += 1;
      continue;
    }
    const { messageId = "", smtpId = "" } = mapped.data;
    events.push({
      log: mapped.data,
      messageIds: [...beginningsOf(messageId), ...beginningsOf(smtpId.split("@")[0] ?? "")],
    });
  }
  return { events, malformed };
}

const MOST_PARTS = 16;

/**
 * What may have been the request's id, longest first: the message's id is the request's with more parts behind it, and the
 * request's own may hold dots too.
 */
function beginningsOf(messageId: string): readonly string[] {
  if (messageId === "") return [];
  const parts = messageId.split(".", MOST_PARTS);
  return parts.map((_part, index) => parts.slice(0, parts.length - index).join("."));
}
