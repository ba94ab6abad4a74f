import { WebhookError } from "@ventostack/webhook";

/** A request as a platform sends it. `new Request(url, init)` takes all but the URL as it is. */
export interface PlatformRequest {
  readonly method: "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a request says. */
export interface PlatformMessage {
  /** Sent as JSON; a text is sent as it stands. */
  readonly payload: unknown;
  /** When it is sent, in milliseconds since the epoch; default now. */
  readonly timestamp?: number;
  /** Where to; default `https://receiver.example/webhooks`. */
  readonly url?: string;
  /** Further headers, or others in place of the usual ones. Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

const DEFAULT_URL = "https://receiver.example/webhooks";

/** Puts a request together. */
export function toRequest(
  message: PlatformMessage,
  body: string,
  headers: Readonly<Record<string, string | undefined>>,
  query: Readonly<Record<string, string>> = {},
): PlatformRequest {
  const given = Object.entries({ "content-type": "application/json", ...headers }).flatMap(
    ([name, value]) => (value === undefined ? [] : [[name, value] as const]),
  );
  const url = new URL(message.url ?? DEFAULT_URL);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return {
    method: "POST",
    url: url.href,
    headers: { ...Object.fromEntries(given), ...message.headers },
    body,
  };
}

/**
 * The text of a payload.
 * @throws WebhookError INVALID_PAYLOAD for what JSON cannot say
 */
export function textOf(payload: unknown): string {
  const text: unknown = typeof payload === "string" ? payload : JSON.stringify(payload);
  if (typeof text === "string") return text;
  throw new WebhookError("INVALID_PAYLOAD", "payload is an object to send as JSON, or a text");
}

/** When a message is sent, in milliseconds since the epoch. */
export function sentAt({ timestamp = Date.now() }: PlatformMessage): number {
  return timestamp;
}

/** The same in whole seconds, as most platforms write it. */
export function secondsOf(message: PlatformMessage): string {
  return String(Math.floor(sentAt(message) / 1000));
}

/** The time in China, without its offset: `2027-01-15T16:00:01`. */
export function chinaTime(ms: number): string {
  return new Date(ms + 8 * 3_600_000).toISOString().slice(0, 19);
}
