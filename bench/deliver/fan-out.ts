/** One event for a thousand subscriptions, next to as many events for one. */
import type { OutboundWebhookManager, Transport } from "../../packages/webhook/src/index.ts";
import { createOutboundWebhookManager } from "../../packages/webhook/src/index.ts";
import type { Group } from "../support/report.ts";
import type { Sample } from "../support/rounds.ts";
import { measure, runRounds } from "../support/rounds.ts";

export interface FanOutOptions {
  readonly url: string;
  readonly count: number;
  readonly rounds: number;
  readonly inFlight: number;
  readonly payload: unknown;
  readonly transport: Transport;
}

const SUBSCRIPTIONS = 1_000;
const FAN_OUT = "deliver, 1,000 subscriptions";
const ONE = "deliver, one subscription";

/** Of the sample of an operation that was `times` deliveries; how long each of them took is not known. */
function perDelivery({ perSecond, cpuMicros }: Sample, times: number): Sample {
  return { perSecond: perSecond * times, cpuMicros: cpuMicros / times };
}

/** The same deliveries, the same endpoint, the same number in flight: what differs is who has subscribed. */
export async function fanOutGroup(options: FanOutOptions): Promise<Group> {
  const { url, count, rounds, inFlight, payload, transport } = options;
  const create = (): OutboundWebhookManager =>
    createOutboundWebhookManager({
      network: { allow: ["127.0.0.0/8"] },
      transport,
      concurrency: inFlight,
      concurrencyPerEndpoint: inFlight,
    });
  const subscribe = (outbound: OutboundWebhookManager, event: string): unknown =>
    outbound.subscribe({ url, secret: "a-secret-of-32-characters-length", events: [event] });
  const [many, one] = [create(), create()];
  for (let index = 0; index < SUBSCRIPTIONS; index += 1) subscribe(many, "e");
  subscribe(one, "e");

  const events = Math.max(1, Math.round(count / SUBSCRIPTIONS));
  const rows = await runRounds(
    {
      [FAN_OUT]: async () => {
        const sample = await measure(events, 1, () => many.send("e", payload));
        return perDelivery(sample, SUBSCRIPTIONS);
      },
      [ONE]: async () => {
        // All of them at once, as the event for a thousand asks for all of its deliveries at once.
        const sample = await measure(events, 1, () =>
          Promise.all(Array.from({ length: SUBSCRIPTIONS }, () => one.send("e", payload))),
        );
        return perDelivery(sample, SUBSCRIPTIONS);
      },
    },
    rounds,
  );
  for (const outbound of [many, one]) {
    const { pending, failed, dead } = outbound.stats();
    if (pending + failed + dead > 0) throw new Error("not everything was delivered");
    await outbound.close();
  }
  return {
    title: `fan-out, 1 endpoint, 1 kB, ${inFlight} in flight`,
    baseline: ONE,
    rows,
  };
}
