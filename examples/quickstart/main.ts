/**
 * The main job, end to end, on loopback only: an event on the bus becomes signed deliveries over real sockets, a failing
 * endpoint is retried until it answers, and the receiver verifies what arrives and turns it back into the same event.
 * Exit code 1 if anything is not as it should be.
 */
import { isDeepStrictEqual } from "node:util";
import { createEventBus, defineEvent } from "@ventostack/events";
import type { WebhookEvent } from "@ventostack/webhook";
import { createOutboundWebhookManager, generateSecret } from "@ventostack/webhook";
import { checkPlatformRequests } from "./platform-requests.ts";
import { startReceiver } from "./receiver-process.ts";
import type { ReceiverMessage } from "./receiver.ts";
import { log, paint, table } from "./terminal.ts";

/** What should become of each subscription's delivery; `undefined`: none is made. */
const EXPECTED = [
  { path: "/healthy", about: "answers at once", status: "sent", attempts: 1 },
  { path: "/flaky", about: "answers 503 twice, then recovers", status: "sent", attempts: 3 },
  { path: "/hangs", about: "never answers", status: "dead", attempts: 3 },
  { path: "/inactive", about: "is switched off", status: undefined, attempts: 0 },
] as const;

const GIVE_UP_AFTER_MS = 30_000;

const received = new Map<string, WebhookEvent>();

function onMessage(message: ReceiverMessage): void {
  if (message.kind === "received") {
    received.set(message.path, message.event);
    const { id, type, payload } = message.event;
    log(
      "receiver",
      `${message.path} verified ${type} ${id.slice(0, 8)}… ${JSON.stringify(payload)}`,
    );
  }
  if (message.kind === "answered") {
    log("receiver", `${message.path} answers ${message.status}`);
  }
  if (message.kind === "refused") log("receiver", `${message.path} refused: ${message.reason}`);
}

const secret = generateSecret();
log("demo", "starting a receiver in a process of its own");
const receiver = await startReceiver(secret, onMessage);
log("demo", `it listens on ${receiver.origin}`);

const finished = Promise.withResolvers<void>();
let unfinished = EXPECTED.filter((each) => each.status !== undefined).length;
const finish = (): void => {
  unfinished -= 1;
  if (unfinished === 0) finished.resolve();
};

const pathById = new Map<string, string>();
const outbound = createOutboundWebhookManager({
  maxRetries: 2,
  retryInterval: 800,
  maxRetryInterval: 2000,
  deliveryTimeout: 1500,
  // The whole event is signed, so that the receiver can rebuild it.
  body: "event",
  // Only for this demo: inner networks are closed by default.
  network: { allow: ["127.0.0.1"] },
  hooks: {
    onDelivered: ({ delivery, attempt }) => {
      const path = pathById.get(delivery.subscriptionId);
      log("sender", `${path} ${paint("green", "sent")}, attempt ${attempt.number}`);
      finish();
    },
    onFailed: ({ delivery, attempt }) => {
      const path = pathById.get(delivery.subscriptionId);
      const wait = (((delivery.nextAttemptAt ?? 0) - Date.now()) / 1000).toFixed(1);
      log(
        "sender",
        `${path} ${paint("yellow", "failed")}, attempt ${attempt.number}: ${attempt.error}; again in ${wait} s`,
      );
    },
    onDead: ({ delivery, attempt }) => {
      const path = pathById.get(delivery.subscriptionId);
      log(
        "sender",
        `${path} ${paint("red", "dead")} after attempt ${attempt.number}: ${attempt.error}`,
      );
      finish();
    },
  },
});

for (const { path, about } of EXPECTED) {
  const id = outbound.subscribe({
    url: `${receiver.origin}${path}`,
    secret,
    events: ["order.*"],
    active: path !== "/inactive",
  });
  pathById.set(id, path);
  log("sender", `subscribed ${path}, which ${about}`);
}

const OrderCreated = defineEvent<{ orderId: string; total: string }>("order.created");
const bus = createEventBus();
let sent: WebhookEvent | undefined;
bus.on(OrderCreated, async (payload) => {
  sent = {
    id: crypto.randomUUID(),
    type: OrderCreated.name,
    source: "my-shop",
    payload,
    timestamp: Date.now(),
  };
  await outbound.sendEvent(sent, { wait: "accepted" });
});

log("bus", "publishes order.created");
await bus.emit(OrderCreated, { orderId: "123", total: "49.90" });
log("bus", "goes on: the sender has taken the event over");

const givenUp = setTimeout(() => finished.resolve(), GIVE_UP_AFTER_MS);
await finished.promise;
clearTimeout(givenUp);

const failures: string[] = [];
const verdict = (isRight: boolean, what: string): string => {
  if (!isRight) failures.push(what);
  return isRight ? paint("green", "as expected") : paint("red", "NOT AS EXPECTED");
};

const deliveryRows = EXPECTED.map(({ path, about, status, attempts }) => {
  const id = [...pathById].find(([, each]) => each === path)?.[0] ?? "";
  const [delivery] = outbound.listDeliveries({ subscriptionId: id });
  const isSameEvent = isDeepStrictEqual(
    received.get(path),
    sent && JSON.parse(JSON.stringify(sent)),
  );
  const isRight =
    delivery?.status === status &&
    (delivery?.attempts ?? 0) === attempts &&
    isSameEvent === (status === "sent");
  return [
    `${path} ${about}`,
    delivery
      ? `${delivery.status}, ${delivery.attempts} of ${delivery.maxAttempts} attempts`
      : "no delivery",
    received.has(path) ? (isSameEvent ? "the same event" : "another event") : "nothing",
    verdict(isRight, path),
  ];
});

const platformRows = (await checkPlatformRequests()).map(({ name, expected, result }) => {
  const isRight = result.valid === (expected === "accepted");
  const outcome = result.valid
    ? `accepted: ${result.event.type} ${result.event.id.slice(0, 16)}`
    : `refused: ${result.code}`;
  log("verifier", `${name}: ${outcome}`);
  return [name, outcome, verdict(isRight, name)];
});

console.log(`\n${table(["subscription", "delivery", "the receiver got back", ""], deliveryRows)}`);
console.log(`\n${table(["published request", "verifier says", ""], platformRows)}\n`);

await outbound.close();
receiver.stop();

if (failures.length > 0) {
  console.error(paint("red", `Not as it should be: ${failures.join("; ")}`));
  process.exit(1);
}
console.log(paint("green", "Everything is as it should be."));
process.exit(0);
