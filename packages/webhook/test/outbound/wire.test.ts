import { createHmac, createPublicKey, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { TransportRequest } from "../../src/transport/transport.ts";
import { generateSigningKeyPair } from "../../src/signing/ed25519-secret.ts";
import { SECRET, setUp, URL_A } from "./set-up.ts";

function hmac(
  algorithm: string,
  secret: string | Uint8Array,
  content: string | Uint8Array,
): Buffer {
  return createHmac(algorithm, secret).update(content).digest();
}

function textOf(request: TransportRequest | undefined): string {
  return new TextDecoder().decode(request?.body);
}

describe("a request on the wire", () => {
  it("carries the payload, its signature, and the Standard Webhooks headers", async () => {
    const { outbound, clock, transport } = setUp();
    outbound.subscribe({ url: URL_A, secret: SECRET, headers: { Authorization: "Bearer token" } });
    await outbound.sendEvent({
      id: "evt_1",
      type: "order.created",
      source: "my-app",
      payload: { orderId: "123", note: "订单 ☕" },
      timestamp: 1,
    });
    const request = transport.requests[0];
    const body = '{"orderId":"123","note":"订单 ☕"}';
    const seconds = String(Math.floor(clock.now() / 1000));
    expect(textOf(request)).toBe(body);
    expect(request?.headers).toEqual({
      "user-agent": "ventostack-webhook",
      Authorization: "Bearer token",
      "content-type": "application/json",
      "webhook-id": "evt_1",
      "webhook-timestamp": seconds,
      "webhook-signature": `v1,${hmac("sha256", SECRET, `evt_1.${seconds}.${body}`).toString("base64")}`,
      "webhook-event": "order.created",
      "webhook-source": "my-app",
      "X-Webhook-Signature": `sha256=${hmac("sha256", SECRET, body).toString("hex")}`,
    });
  });

  it("takes a user agent of the subscription's in place of its own, whatever its case", async () => {
    const { outbound, transport } = setUp();
    outbound.subscribe({ url: URL_A, secret: SECRET, headers: { "User-Agent": "acme/1" } });
    await outbound.send("x", {});
    const names = Object.keys(transport.requests[0]?.headers ?? {});
    expect(names.filter((name) => name.toLowerCase() === "user-agent")).toEqual(["User-Agent"]);
  });

  it.each(["sha256", "sha384", "sha512"] as const)("signs with %s as asked", async (algorithm) => {
    const { outbound, transport } = setUp(
      {},
      { signatureAlgorithm: algorithm, signatureHeader: "X-Acme-Signature" },
    );
    outbound.subscribe({ url: URL_A, secret: SECRET });
    await outbound.send("x", { a: 1 });
    const expected = hmac(algorithm, SECRET, '{"a":1}').toString("hex");
    expect(transport.requests[0]?.headers["X-Acme-Signature"]).toBe(`${algorithm}=${expected}`);
    expect(outbound.sign({ a: 1 }, SECRET)).toBe(expected);
    expect(outbound.sign('{"a":1}', SECRET)).toBe(expected);
  });

  it("signs with the decoded bytes of a whsec_ secret", async () => {
    const { outbound, clock, transport } = setUp();
    const key = new Uint8Array(32).fill(7);
    const secret = `whsec_${Buffer.from(key).toString("base64")}`;
    outbound.subscribe({ url: URL_A, secret });
    await outbound.send("x", {});
    const request = transport.requests[0];
    const content = `${request?.headers["webhook-id"]}.${Math.floor(clock.now() / 1000)}.{}`;
    expect(request?.headers["webhook-signature"]).toBe(
      `v1,${hmac("sha256", key, content).toString("base64")}`,
    );
  });

  it("signs with an Ed25519 key, whose receiver needs no secret", async () => {
    const { outbound, clock, transport } = setUp();
    const { secret, publicKey } = generateSigningKeyPair();
    outbound.subscribe({ url: URL_A, secret });
    await outbound.send("x", {});
    const headers = transport.requests[0]?.headers ?? {};
    expect(headers).not.toHaveProperty("X-Webhook-Signature");
    const [version, signature = ""] = headers["webhook-signature"]?.split(",") ?? [];
    expect(version).toBe("v1a");
    const raw = Buffer.from(publicKey.slice("whpk_".length), "base64");
    const key = createPublicKey({
      key: Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), raw]),
      format: "der",
      type: "spki",
    });
    const content = `${headers["webhook-id"]}.${Math.floor(clock.now() / 1000)}.{}`;
    expect(verify(null, Buffer.from(content), key, Buffer.from(signature, "base64"))).toBe(true);
    expect(() => outbound.subscribe({ url: URL_A, secret: "whsk_c2hvcnQ=" })).toThrow(/whsk_/);
  });

  it("sends the whole event with body: event, for a manager or for one subscription", async () => {
    const event = {
      id: "evt_1",
      type: "x",
      source: "s",
      payload: { deep: [1, null, "\u2028"] },
      metadata: { region: "cn" },
      timestamp: 1_700_000_000_123,
    };
    const whole = setUp({}, { body: "event" });
    whole.outbound.subscribe({ url: URL_A, secret: SECRET });
    await whole.outbound.sendEvent(event);
    expect(JSON.parse(textOf(whole.transport.requests[0]))).toEqual(event);

    const single = setUp();
    single.outbound.subscribe({ url: URL_A, secret: SECRET, body: "event" });
    await single.outbound.sendEvent({ ...event, payload: "not JSON" });
    expect(JSON.parse(textOf(single.transport.requests[0]))).toEqual({
      ...event,
      payload: "not JSON",
    });
  });

  it("takes a string as serialised already, and says what it is", async () => {
    const { outbound, transport } = setUp();
    outbound.subscribe({ url: URL_A, secret: SECRET });
    await outbound.send("x", '{ "spaced": true }');
    await outbound.send("x", "<xml/>");
    expect(
      transport.requests.map((request) => [textOf(request), request.headers["content-type"]]),
    ).toEqual([
      ['{ "spaced": true }', "application/json"],
      ["<xml/>", "text/plain; charset=utf-8"],
    ]);
  });
});

describe("rotation of a secret", () => {
  it("lets every live secret sign until the overlap is over", async () => {
    const { outbound, clock, transport } = setUp();
    const id = outbound.subscribe({ url: URL_A, secret: "old-secret" });
    const next = outbound.rotateSecret(id, { overlapMs: 1000 });
    expect(next).toMatch(/^whsec_/);

    await outbound.send("x", {});
    const during = transport.requests[0];
    expect(during?.headers["webhook-signature"]?.split(" ")).toHaveLength(2);
    // The plain header has room for one: a receiver that has not been told yet must still verify it.
    expect(during?.headers["X-Webhook-Signature"]).toBe(
      `sha256=${hmac("sha256", "old-secret", "{}").toString("hex")}`,
    );

    await clock.advance(1000);
    await outbound.send("x", {});
    const after = transport.requests[1];
    expect(after?.headers["webhook-signature"]?.split(" ")).toHaveLength(1);
    expect(after?.headers["X-Webhook-Signature"]).toBe(
      `sha256=${hmac("sha256", next, "{}").toString("hex")}`,
    );
  });

  it("drops the old secret at once with an overlap of 0", async () => {
    const { outbound, transport } = setUp();
    const id = outbound.subscribe({ url: URL_A, secret: "leaked" });
    outbound.rotateSecret(id, { overlapMs: 0, secret: "fresh-secret" });
    await outbound.send("x", {});
    expect(transport.requests[0]?.headers["webhook-signature"]?.split(" ")).toHaveLength(1);
  });

  it("never shows a secret or a header's value", () => {
    const { outbound } = setUp();
    const id = outbound.subscribe({
      url: URL_A,
      secret: "planted-secret",
      headers: { Authorization: "planted-token" },
    });
    const shown = JSON.stringify([outbound.getSubscription(id), outbound.listSubscriptions()]);
    expect(shown).not.toContain("planted");
    expect(shown).toContain("Authorization");
  });
});

describe("idempotency", () => {
  const event = { id: "evt_1", type: "x", source: "s", payload: {}, timestamp: 1 };

  it("sends an event once, however often it is handed over", async () => {
    const { outbound, transport } = setUp();
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const first = await outbound.sendEvent(event);
    expect(await outbound.sendEvent(event)).toEqual(first);
    expect(transport.requests).toHaveLength(1);
  });

  it("goes by the key that is given", async () => {
    const { outbound, transport } = setUp();
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const first = await outbound.send("x", { n: 1 }, { idempotencyKey: "k" });
    expect(await outbound.send("x", { n: 2 }, { idempotencyKey: "k" })).toEqual(first);
    await outbound.send("x", { n: 2 });
    expect(transport.requests).toHaveLength(2);
  });
});

describe("replay", () => {
  it("sends a range once more to one subscription, also to one that is newer than the events", async () => {
    const { outbound, clock, transport } = setUp();
    outbound.subscribe({ url: URL_A, secret: SECRET });
    for (let n = 0; n < 3; n += 1) {
      await outbound.send(n === 1 ? "other" : "x", { n });
      await clock.advance(1000);
    }
    const since = clock.now() - 3000;
    const newer = outbound.subscribe({ url: `${URL_A}/newer`, secret: SECRET, events: ["x"] });
    const ids = await outbound.replay({ subscriptionId: newer, since, until: clock.now() });
    expect(ids).toHaveLength(2);
    await clock.advance(0);
    expect(transport.requests.filter(({ url }) => url.endsWith("newer")).map(textOf)).toEqual([
      '{"n":0}',
      '{"n":2}',
    ]);
    await expect(outbound.replay({ subscriptionId: "none" })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });
});

describe("what is handed out", () => {
  it("is a copy: changing it changes nothing inside", async () => {
    const { outbound } = setUp();
    const id = outbound.subscribe({
      url: URL_A,
      secret: SECRET,
      events: ["x"],
      metadata: { a: [1] },
    });
    const [delivery = ""] = await outbound.send("x", {});
    const subscription = outbound.getSubscription(id) as unknown as {
      events: string[];
      url: string;
    };
    subscription.events.push("*");
    subscription.url = "http://127.0.0.1/";
    expect(outbound.getSubscription(id)).toMatchObject({ events: ["x"], url: URL_A });
    const shown = outbound.getDelivery(delivery) as unknown as { status: string };
    shown.status = "dead";
    expect(outbound.getDelivery(delivery)?.status).toBe("sent");
    const attempts = outbound.listAttempts(delivery) as unknown as {
      timings: { totalMs: number };
    }[];
    if (attempts[0]) attempts[0].timings.totalMs = 99;
    expect(outbound.listAttempts(delivery)[0]?.timings.totalMs).toBe(1);
  });

  it("can be paged in the order of creation", async () => {
    const { outbound } = setUp();
    outbound.subscribe({ url: URL_A, secret: SECRET });
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push(...(await outbound.send("x", { n })));
    const first = outbound.listDeliveries({ limit: 2 });
    const second = outbound.listDeliveries({ limit: 2, after: first[1]?.seq ?? 0 });
    expect([...first, ...second].map((delivery) => delivery.id)).toEqual(ids.slice(0, 4));
    expect(outbound.listDeliveries({ event: "other" })).toEqual([]);
    expect(outbound.listDeliveries({ status: ["sent", "dead"] })).toHaveLength(5);
  });
});
