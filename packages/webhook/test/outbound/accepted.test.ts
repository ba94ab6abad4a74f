import { execFileSync } from "node:child_process";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import {
  createGenericHmacVerifier,
  createInboundVerifier,
  createStandardWebhooksVerifier,
  generateSecret,
  generateSigningKeyPair,
} from "../../src/index.ts";
import { answer } from "./scripted-transport.ts";
import { setUp, URL_A } from "./set-up.ts";

const event = {
  id: "evt_1",
  type: "order.created",
  source: "my-shop",
  payload: { orderId: "123", note: "订单 ☕", nothing: null },
  metadata: { region: "cn" },
  timestamp: 1_700_000_000_123,
};

/** What leaves for one subscription, after a failed first attempt: a retry is signed anew. */
async function sent(secret: string, body: "payload" | "event") {
  const { outbound, clock, transport } = setUp({ [URL_A]: [answer(500), answer(200)] }, { body });
  outbound.subscribe({ url: URL_A, secret });
  await outbound.sendEvent(event);
  await clock.advance(1000);
  const request = transport.requests[1];
  return {
    body: new Uint8Array(request?.body ?? []),
    headers: request?.headers ?? {},
    now: clock.now(),
  };
}

describe("what we send is accepted", () => {
  it.each(["payload", "event"] as const)(
    "by the package standardwebhooks, with body: %s",
    async (body) => {
      // It reads the machine's clock, and refuses what is older than five minutes.
      const secret = generateSecret();
      const { outbound, transport } = setUp({}, { body, clock: systemNow() });
      outbound.subscribe({ url: URL_A, secret });
      await outbound.sendEvent(event);
      const request = transport.requests[0];
      const text = new TextDecoder().decode(request?.body);
      const verified = new Webhook(secret).verify(text, { ...request?.headers });
      expect(verified).toEqual(body === "event" ? event : event.payload);
      outbound.destroy();
    },
  );

  it("by our own verifier, which rebuilds the very same event", async () => {
    const secret = generateSecret();
    const { body, headers, now } = await sent(secret, "event");
    const verifier = createInboundVerifier({
      provider: createStandardWebhooksVerifier(),
      config: { secret },
    });
    expect(await verifier.verifyAndConvert(body, headers, { now })).toEqual(event);
  });

  it("by our own verifier with an Ed25519 key", async () => {
    const { secret, publicKey } = generateSigningKeyPair();
    const { body, headers, now } = await sent(secret, "event");
    const verifier = createInboundVerifier({
      provider: createStandardWebhooksVerifier(),
      config: { publicKey },
    });
    expect(await verifier.verifyAndConvert(body, headers, { now })).toEqual(event);
  });

  it("by our own generic verifier", async () => {
    const { body, headers } = await sent("a-secret", "payload");
    const verifier = createInboundVerifier({
      provider: createGenericHmacVerifier("sha256", "x-webhook-signature"),
      config: { secret: "a-secret" },
    });
    expect((await verifier.verifyAndConvert(body, headers)).payload).toEqual(event.payload);
  });

  it.skipIf(!hasOpenssl())(
    "by openssl dgst -hmac (skipped where there is no openssl)",
    async () => {
      const { body, headers } = await sent("a-secret", "payload");
      const output = execFileSync("openssl", ["dgst", "-sha256", "-hmac", "a-secret"], {
        input: body,
      });
      const hex = output.toString().trim().split(/\s+/).at(-1);
      expect(headers["X-Webhook-Signature"]).toBe(`sha256=${hex}`);
    },
  );
});

function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function systemNow() {
  return { now: () => Date.now(), after: () => () => {}, keepAlive: () => () => {} };
}
