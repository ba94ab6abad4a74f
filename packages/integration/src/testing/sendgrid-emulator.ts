import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import type {
  EventSubject,
  SendGridEvent,
  SendGridEventName,
  SignedPost,
} from "./sendgrid-events.ts";
import { createEventSigner, makeEvent } from "./sendgrid-events.ts";
import type { SendGridFault } from "./sendgrid-mail-rules.ts";
import { readMail } from "./sendgrid-mail-rules.ts";

/** What the next request meets in place of the usual answer. */
export type SendGridFailure =
  /** 429, with the three headers that say until when. Nothing is sent. */
  | { readonly kind: "rate-limit"; readonly resetAfterMs?: number }
  /** Any other status, with an error body. Nothing is sent, unless `acts`. */
  | { readonly kind: "status"; readonly status: number; readonly acts?: boolean }
  /** Cuts the connection with an RST, before anything was done or after the message was accepted. */
  | { readonly kind: "reset"; readonly when: "before" | "after" }
  /** Answers as usual, but not before `release` is called. `acts`: whether the message is accepted at once. */
  | { readonly kind: "slow"; readonly acts: boolean };

export interface SendGridEmulatorOptions {
  /** The key that it accepts. Default: one that looks like a real one and is none. */
  readonly apiKey?: string;
  /** Milliseconds since the epoch. Default the machine's time. */
  readonly now?: () => number;
}

/** One request as it came in, whatever became of it. */
export interface SendGridRequest {
  readonly method: string;
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed, where it was JSON. */
  readonly body: unknown;
}

/** One message to one recipient that was accepted. */
export interface SendGridMessage extends EventSubject {
  /** What the answer said: the beginning of `messageId`. */
  readonly requestId: string;
  readonly templateId: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

/** How a series of events is posted. */
export interface PostOptions {
  /** How often each event is in it. Default 1. */
  readonly copies?: number;
  /** In another order than they happened. Default false. */
  readonly reversed?: boolean;
  /** How many events a post holds. Default all. */
  readonly perPost?: number;
}

/** A SendGrid on a free port of 127.0.0.1 that remembers what it was told. */
export interface SendGridEmulator {
  /** The base URL of its API. */
  readonly url: string;
  readonly apiKey: string;
  /** The key that its event webhooks are verified with. */
  readonly publicKey: string;
  readonly requests: readonly SendGridRequest[];
  /** What was accepted, one entry a recipient. Nothing of it leaves the process. */
  readonly messages: readonly SendGridMessage[];
  /** What the next requests meet, one each, in order. */
  fail(...failures: readonly SendGridFailure[]): void;
  /** Makes it refuse an address as invalid. */
  refuse(address: string): void;
  /** Answers every request that is kept waiting. */
  release(): void;
  /** Resolves once so many requests have come. */
  received(count: number): Promise<void>;
  /** Makes events about a message, one second apart, in the order of the names. */
  events(
    message: EventSubject,
    names: readonly SendGridEventName[],
    changes?: SendGridEvent,
  ): readonly SendGridEvent[];
  /** A signed post, without sending it anywhere. */
  sign(events: readonly SendGridEvent[] | string): SignedPost;
  /**
   * Posts events to a webhook's URL, one post after the other.
   * @returns the statuses of the answers
   */
  post(
    url: string,
    events: readonly SendGridEvent[],
    options?: PostOptions,
  ): Promise<readonly number[]>;
  close(): Promise<void>;
}

const DEFAULT_KEY = `SG.${"emulator".padEnd(22, "x")}.${"not-a-real-key".padEnd(43, "x")}`;
const RATE_LIMIT = 600;

/** Starts the emulator. Call `close` when the test is done. */
export async function createSendGridEmulator(
  options: SendGridEmulatorOptions = {},
): Promise<SendGridEmulator> {
  const { apiKey = DEFAULT_KEY, now = Date.now } = options;
  const signer = createEventSigner();
  const requests: SendGridRequest[] = [];
  const messages: SendGridMessage[] = [];
  const failures: SendGridFailure[] = [];
  const refused = new Set<string>();
  const sockets = new Set<Socket>();
  const held = new Set<() => void>();
  const waiting = new Set<{ count: number; resolve: () => void }>();

  const act = (request: SendGridRequest): Answer => {
    const problem = accessProblem(request, apiKey);
    if (problem) return problem;
    const mail = readMail(request.body, (address) => refused.has(address), now());
    if (mail.faults) return refusal(400, mail.faults);
    if (mail.sandbox) return { status: 200, headers: {} };
    const requestId = randomUUID().replaceAll("-", "").slice(0, 22);
    for (const [index, envelope] of mail.envelopes.entries()) {
      messages.push({
        ...envelope,
        requestId,
        messageId: `${requestId}.filterdrecv-emulator-1.${index}`,
        smtpId: `${requestId}.${index}@geopod-ismtpd-emulator`,
        templateId: mail.templateId,
        categories: mail.categories,
      });
    }
    return { status: 202, headers: { "x-message-id": requestId } };
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    requests.push(request);
    for (const waiter of waiting) if (requests.length >= waiter.count) waiter.resolve();
    const failure = failures.shift();
    switch (failure?.kind) {
      case "rate-limit":
        reply(response, rateLimited(now() + (failure.resetAfterMs ?? 1000)));
        return;
      case "status":
        if (failure.acts) act(request);
        reply(response, refusal(failure.status, [{ message: "error", field: null, help: null }]));
        return;
      case "reset":
        if (failure.when === "after") act(request);
        incoming.socket.resetAndDestroy();
        return;
      case "slow": {
        const done = failure.acts ? act(request) : undefined;
        held.add(() => reply(response, done ?? act(request)));
        return;
      }
      default:
        reply(response, act(request));
    }
  };

  const server = createServer((incoming, response) => {
    // A client that goes away in the middle of its request is what the tests are about.
    handle(incoming, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000;
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;

  return {
    url: `http://127.0.0.1:${port}`,
    apiKey,
    publicKey: signer.publicKey,
    requests,
    messages,
    fail: (...more) => void failures.push(...more),
    refuse: (recipient) => void refused.add(recipient),
    release() {
      for (const answer of held) answer();
      held.clear();
    },
    received: (count) =>
      new Promise((resolve) => {
        if (requests.length >= count) resolve();
        else waiting.add({ count, resolve });
      }),
    events: (message, names, changes) =>
      names.map((name, index) =>
        makeEvent(name, message, randomUUID(), now() + index * 1000, changes),
      ),
    sign: (events) => signer.sign(events, now()),
    async post(url, events, { copies = 1, reversed = false, perPost = Infinity } = {}) {
      const all = events.flatMap((event) => Array.from({ length: copies }, () => event));
      if (reversed) all.reverse();
      const statuses: number[] = [];
      for (let start = 0; start < all.length; start += perPost) {
        const { body, headers } = signer.sign(all.slice(start, start + perPost), now());
        // oxlint-disable-next-line no-await-in-loop -- in this order is what the caller asked for
        const response = await fetch(url, { method: "POST", headers: { ...headers }, body });
        statuses.push(response.status);
      }
      return statuses;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

function refusal(status: number, errors: readonly SendGridFault[]): Answer {
  return { status, headers: {}, body: { errors } };
}

function accessProblem(request: SendGridRequest, apiKey: string): Answer | undefined {
  if (request.headers["authorization"] !== `Bearer ${apiKey}`) {
    const message = "The provided authorization grant is invalid, expired, or revoked";
    return refusal(401, [{ message, field: null, help: null }]);
  }
  if (request.path !== "/v3/mail/send") {
    return refusal(404, [{ message: "not found", field: null, help: null }]);
  }
  if (request.method !== "POST") {
    return refusal(405, [{ message: "method not allowed", field: null, help: null }]);
  }
  if (!request.headers["content-type"]?.startsWith("application/json")) {
    const message = "Content-Type should be application/json.";
    return refusal(415, [{ message, field: null, help: null }]);
  }
  return undefined;
}

/** @param resetAt milliseconds since the epoch */
function rateLimited(resetAt: number): Answer {
  return {
    status: 429,
    headers: {
      "x-ratelimit-limit": String(RATE_LIMIT),
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": String(Math.ceil(resetAt / 1000)),
    },
    body: { errors: [{ field: null, message: "too many requests" }] },
  };
}

function reply(response: ServerResponse, { status, headers, body }: Answer): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    ...(body !== undefined && { "content-type": "application/json" }),
    ...headers,
  });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

async function readRequest(incoming: IncomingMessage): Promise<SendGridRequest> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
  }
  return {
    method: incoming.method ?? "",
    path: (incoming.url ?? "").split("?")[0] ?? "",
    headers: Object.fromEntries(
      Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
    ),
    body: parse(text),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
