import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import type { StripeAnswer } from "./stripe-emulator-answer.ts";
import { problem } from "./stripe-emulator-answer.ts";
import type { StripeFault } from "./stripe-emulator-faults.ts";
import { createFaultQueue } from "./stripe-emulator-faults.ts";
import type { Form } from "./stripe-emulator-form.ts";
import { decodeForm } from "./stripe-emulator-form.ts";
import { createIdempotencyKeys } from "./stripe-emulator-idempotency.ts";
import { authorise, confirmIntent, decline } from "./stripe-emulator-intents.ts";
import type {
  EmulatedCustomer,
  EmulatedEvent,
  EmulatedPaymentIntent,
  EmulatedRefund,
} from "./stripe-emulator-objects.ts";
import { createRefund, finishRefund } from "./stripe-emulator-refunds.ts";
import { runRoute } from "./stripe-emulator-routes.ts";
import { createStripeState } from "./stripe-emulator-state.ts";
import { testMethod } from "./stripe-emulator-cards.ts";
import type { SignedStripeWebhook, StripeDelivery } from "./stripe-emulator-webhooks.ts";
import { deliverStripeWebhooks, signStripeEvent } from "./stripe-emulator-webhooks.ts";

export interface StripeEmulatorOptions {
  /** The key that it accepts, default `sk_test_emulator`. */
  readonly apiKey?: string;
  /** What its webhooks are signed with, default `whsec_emulator`. */
  readonly webhookSecret?: string;
  /** Milliseconds since the epoch. Default the machine's time. */
  readonly now?: () => number;
  /** Port of 127.0.0.1, default a free one. */
  readonly port?: number;
}

/** One request as it came in, whatever became of it. */
export interface EmulatedRequest {
  readonly id: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** The body of a POST, the query of a GET. */
  readonly form: Form;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly idempotencyKey: string | undefined;
}

/** A Stripe on a port of 127.0.0.1: it keeps what it is told, and moves no money. */
export interface StripeEmulator {
  /** The base URL of its API. */
  readonly url: string;
  readonly apiKey: string;
  readonly webhookSecret: string;
  readonly requests: readonly EmulatedRequest[];
  /** As they are now, oldest first. */
  customers(): readonly EmulatedCustomer[];
  paymentIntents(): readonly EmulatedPaymentIntent[];
  refunds(): readonly EmulatedRefund[];
  /** What happened, oldest first, each with its object as it was. */
  readonly events: readonly EmulatedEvent[];
  /** Puts a fault behind those that wait for their requests. */
  fault(fault: StripeFault): void;
  clearFaults(): void;
  /** Forgets all idempotency keys, as Stripe may after a day. */
  forgetKeys(): void;
  /** The customer finishes, or fails, the authentication of a payment that is `requires_action`. */
  authenticate(paymentIntentId: string, outcome: "succeed" | "fail"): EmulatedPaymentIntent;
  /** The customer pays a declined payment with another method, on the same page. */
  payAgain(paymentIntentId: string, paymentMethod: string): EmulatedPaymentIntent;
  /** A payment that is `processing` comes to its end. */
  finishProcessing(paymentIntentId: string, outcome: "succeed" | "fail"): EmulatedPaymentIntent;
  /** Somebody refunds in the dashboard. */
  refundElsewhere(paymentIntentId: string, amount: number): EmulatedRefund;
  /** A refund comes to its end, or fails after it had succeeded. */
  finishRefund(refundId: string, status: "succeeded" | "failed"): EmulatedRefund;
  /** A signed webhook, without sending it anywhere. */
  sign(event: EmulatedEvent): SignedStripeWebhook;
  /**
   * Sends signed webhooks to a URL, one after the other.
   * @returns the statuses of the answers
   */
  deliver(url: string, delivery?: StripeDelivery): Promise<readonly number[]>;
  /** Resolves once so many requests have come. */
  received(count: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts a stateful emulator of the part of Stripe's API that payments need. Call `close` when the test is done. */
export async function createStripeEmulator(
  options: StripeEmulatorOptions = {},
): Promise<StripeEmulator> {
  const {
    apiKey = "sk_test_emulator",
    webhookSecret = "whsec_emulator",
    now = Date.now,
    port: wantedPort = 0,
  } = options;
  const state = createStripeState(now);
  const keys = createIdempotencyKeys();
  const faults = createFaultQueue();
  const requests: EmulatedRequest[] = [];
  const waiting = new Set<{ readonly count: number; readonly resolve: () => void }>();
  const sockets = new Set<Socket>();

  const work = (request: EmulatedRequest): StripeAnswer => {
    state.cause = { id: request.id, idempotency_key: request.idempotencyKey ?? null };
    const answer = runRoute(state, request);
    state.cause = { id: null, idempotency_key: null };
    return answer;
  };

  const answerTo = async (
    request: EmulatedRequest,
    rawBody: string,
    fault: StripeFault | undefined,
  ): Promise<{ answer: StripeAnswer; headers: Record<string, string> }> => {
    const key = request.method === "POST" ? request.idempotencyKey : undefined;
    if (key === undefined) {
      if (fault?.kind === "slow") await delay(fault.delayMs);
      return { answer: work(request), headers: {} };
    }
    const headers = { "idempotency-key": key };
    const verdict = keys.enter(key, `${request.method} ${request.path} ${rawBody}`, request.id);
    if (verdict.kind === "refused") return { answer: verdict.answer, headers };
    if (verdict.kind === "replay") {
      const { originalId } = verdict;
      return {
        answer: verdict.answer,
        headers: { ...headers, "idempotent-replayed": "true", "original-request": originalId },
      };
    }
    if (fault?.kind === "slow") await delay(fault.delayMs);
    const done = work(request);
    const isKept = fault?.kind === "status" && fault.when === "kept";
    verdict.finish(isKept ? { ...statusAnswer(fault.status), isExecuted: true } : done);
    return { answer: done, headers };
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const rawBody = await readText(incoming);
    const request = requestOf(incoming, rawBody, state.newId("req"));
    requests.push(request);
    for (const waiter of waiting) if (requests.length >= waiter.count) waiter.resolve();
    const send = ({ status, body }: StripeAnswer, headers: Record<string, string> = {}): void => {
      response.writeHead(status, {
        "content-type": "application/json",
        "request-id": request.id,
        ...headers,
      });
      response.end(JSON.stringify(body));
    };

    const fault = faults.next(request.method, request.path);
    const isBefore =
      fault !== undefined && fault.kind !== "slow" && (fault.when ?? "before") === "before";
    if (isBefore) {
      fail(fault, incoming.socket, send);
      return;
    }
    const refused = accessProblem(request, apiKey);
    if (refused) {
      send(refused);
      return;
    }
    const { answer, headers } = await answerTo(request, rawBody, fault);
    if (fault && fault.kind !== "slow") fail(fault, incoming.socket, send);
    else send(answer, headers);
  };

  const intentIn = (id: string, status: EmulatedPaymentIntent["status"]): EmulatedPaymentIntent => {
    const intent = state.intents.get(id);
    if (intent?.status !== status) throw new RangeError(`No PaymentIntent ${id} is ${status}`);
    return intent;
  };
  const nowOf = (id: string): EmulatedPaymentIntent => {
    const intent = state.intents.get(id);
    if (!intent) throw new RangeError(`There is no PaymentIntent ${id}`);
    return intent;
  };
  const sign = (event: EmulatedEvent): SignedStripeWebhook =>
    signStripeEvent(event, webhookSecret, now());

  const server = createServer((incoming, response) => {
    // A client that goes away in the middle of its request is what the tests are about.
    handle(incoming, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000;
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  const port = await listen(server, wantedPort);

  return {
    url: `http://127.0.0.1:${port}`,
    apiKey,
    webhookSecret,
    requests,
    customers: () => [...state.customers.values()],
    paymentIntents: () => [...state.intents.values()],
    refunds: () => [...state.refunds.values()],
    events: state.events,
    fault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    forgetKeys: () => keys.forget(),
    authenticate(id, outcome) {
      const intent = intentIn(id, "requires_action");
      const { decline: refusal } = testMethod(intent.payment_method ?? "") ?? {};
      const failure =
        outcome === "fail" ? { code: "payment_intent_authentication_failure" } : refusal;
      if (failure) decline(state, intent, failure);
      else authorise(state, intent);
      return nowOf(id);
    },
    payAgain(id, method) {
      intentIn(id, "requires_payment_method");
      confirmIntent(state, id, { payment_method: method });
      return nowOf(id);
    },
    finishProcessing(id, outcome) {
      const intent = intentIn(id, "processing");
      if (outcome === "succeed") authorise(state, intent);
      else decline(state, intent, { code: "payment_intent_payment_attempt_failed" });
      return nowOf(id);
    },
    refundElsewhere(id, amount) {
      const { status } = createRefund(state, { payment_intent: id, amount: String(amount) });
      const refund = [...state.refunds.values()].at(-1);
      if (status !== 200 || !refund) throw new RangeError("The refund was refused");
      return refund;
    },
    finishRefund: (id, status) => finishRefund(state, id, status),
    sign,
    deliver: (url, delivery = {}) =>
      deliverStripeWebhooks(url, sign, {
        ...delivery,
        events: delivery.events ?? [...state.events],
      }),
    received(count) {
      return new Promise((resolve) => {
        if (requests.length >= count) resolve();
        else waiting.add({ count, resolve });
      });
    },
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
    },
  };
}

function fail(
  fault: Exclude<StripeFault, { readonly kind: "slow" }>,
  socket: Socket,
  send: (answer: StripeAnswer, headers?: Record<string, string>) => void,
): void {
  if (fault.kind === "reset") socket.resetAndDestroy();
  if (fault.kind !== "status") return;
  const { retryAfter } = fault;
  send(statusAnswer(fault.status), retryAfter === undefined ? {} : { "retry-after": retryAfter });
}

function statusAnswer(status: number): StripeAnswer {
  if (status === 429) return problem(429, "Too many requests", { code: "rate_limit" });
  if (status === 401) return problem(401, "Invalid API Key provided");
  if (status === 409) {
    return problem(409, "In progress", {
      type: "idempotency_error",
      code: "idempotency_key_in_use",
    });
  }
  return problem(status, "An unknown error occurred", { type: "api_error" });
}

function accessProblem({ headers }: EmulatedRequest, apiKey: string): StripeAnswer | undefined {
  const { authorization = "" } = headers;
  const basic = `Basic ${btoa(`${apiKey}:`)}`;
  if (authorization === `Bearer ${apiKey}` || authorization === basic) return undefined;
  return problem(401, authorization === "" ? "No API key provided" : "Invalid API Key provided");
}

function requestOf(incoming: IncomingMessage, rawBody: string, id: string): EmulatedRequest {
  const { method = "GET", url = "/" } = incoming;
  const [path = "/", query = ""] = url.split("?", 2);
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, String(value ?? "")]),
  );
  return {
    id,
    method,
    path,
    form: decodeForm(method === "POST" ? rawBody : query),
    headers,
    idempotencyKey: headers["idempotency-key"],
  };
}

async function readText(incoming: IncomingMessage): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      if (typeof address === "object" && address) resolve(address.port);
      else reject(new Error("The emulator got no port"));
    });
  });
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
