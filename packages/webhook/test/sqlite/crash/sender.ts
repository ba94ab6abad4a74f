/**
 * Sends events through a durable store until it is killed, and tells on its standard output what it did, before or after
 * the fact as the accounting needs it: `accepted`, a `sendEvent` has resolved; `begun`, a request is about to leave;
 * `settled`, what came of it is on record. In the modes `subscribe` and `finish` it sends nothing new, tells how much is
 * `left`, and ends when all is delivered.
 */
import { writeSync } from "node:fs";
import { createHttpTransport } from "../../../src/transport/http-transport.ts";
import { createNetworkPolicy } from "../../../src/transport/network-policy.ts";
import { createOutboundWebhookManager } from "../../../src/outbound/manager.ts";
import { createSqliteStore } from "../../../src/store/sqlite/index.ts";

const [path = "", port = "", durability = "normal", mode = "send"] = process.argv.slice(2);

const SENDERS = 24;
const ORDERED_EVERY = 40;
/** With so much to be delivered nothing is added: a kill is to find accepting and delivering at work alike. */
const MOST_PENDING = 5000;
/** Longer than leases of killed processes take to run out. */
const STUCK_AFTER_MS = 60_000;
const TELL_EVERY_MS = 500;
const network = { allow: ["127.0.0.0/8"] };

function tell(what: string, id: string): void {
  writeSync(1, `${what} ${id}\n`);
}

const transport = createHttpTransport({ policy: createNetworkPolicy(network) });
const outbound = createOutboundWebhookManager({
  store: createSqliteStore(path, { durability: durability === "full" ? "full" : "normal" }),
  network,
  transport: {
    ...transport,
    send(request) {
      tell("begun", `${new URL(request.url).pathname}/${request.headers["webhook-id"] ?? ""}`);
      return transport.send(request);
    },
  },
  deliveryTimeout: 1000,
  maxRetries: 1000,
  retryInterval: 20,
  maxRetryInterval: 200,
  concurrencyPerEndpoint: 16,
  hooks: {
    onAttempt({ delivery }) {
      const { url = "" } = outbound.getSubscription(delivery.subscriptionId) ?? {};
      tell("settled", `${new URL(url).pathname}/${delivery.eventId}`);
    },
    onError: ({ error }) => console.error(error),
  },
});

function subscribe(): void {
  const base = { secret: "a-secret-of-the-crash-test" };
  for (const name of ["a", "b"]) {
    outbound.subscribe({ ...base, url: `http://127.0.0.1:${port}/${name}`, events: ["plain"] });
  }
  const url = `http://127.0.0.1:${port}/ordered`;
  outbound.subscribe({ ...base, url, events: ["ordered"], concurrency: 1 });
}

async function sendOn(): Promise<never> {
  for (let count = 0; ; count += 1) {
    const id = crypto.randomUUID();
    const type = count % ORDERED_EVERY === 0 ? "ordered" : "plain";
    const payload = { id, text: "x".repeat(200) };
    while (outbound.stats().pending > MOST_PENDING) {
      // oxlint-disable-next-line no-await-in-loop -- until there is room
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await outbound.sendEvent({ id, type, source: "crash", payload, timestamp: Date.now() });
    tell("accepted", `${type}/${id}`);
  }
}

async function finish(): Promise<void> {
  let left = Number.POSITIVE_INFINITY;
  let since = performance.now();
  for (;;) {
    const { pending, failed } = outbound.stats();
    if (pending + failed < left) since = performance.now();
    left = pending + failed;
    tell("left", String(left));
    if (left === 0 || performance.now() - since > STUCK_AFTER_MS) break;
    // oxlint-disable-next-line no-await-in-loop -- leases of killed processes have to run out
    await new Promise((resolve) => setTimeout(resolve, TELL_EVERY_MS));
  }
  await outbound.close();
  process.exit(0);
}

// The test that has started it is gone.
process.stdin.resume().on("end", () => process.exit(1));

if (mode === "subscribe") subscribe();
tell("ready", "");
if (mode === "send") await Promise.all(Array.from({ length: SENDERS }, sendOn));
else await finish();
