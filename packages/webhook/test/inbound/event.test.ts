import { describe, expect, it } from "vitest";
import {
  createGenericHmacVerifier,
  createInboundVerifier,
  WebhookVerificationError,
} from "../../src/index.ts";
import { hmacHex, NOW, SECRET } from "./requests.ts";

const BODY = '{"hello":"wörld"}';
const HEADERS = { "x-signature": hmacHex(SECRET, BODY) };

const provider = createGenericHmacVerifier("sha256", "X-Signature");
const verifier = createInboundVerifier({ provider, config: { secret: SECRET } });

describe("the event", () => {
  it("has an id, a type, a source, a payload and the time, where the sender says nothing", async () => {
    const { verifyAndConvert } = verifier;
    const event = await verifyAndConvert(BODY, HEADERS, { now: NOW });
    expect(event).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      type: "webhook.received",
      source: "generic-hmac",
      payload: { hello: "wörld" },
      metadata: { provider: "generic-hmac" },
      timestamp: NOW,
    });
    expect((await verifyAndConvert(BODY, HEADERS)).id).not.toBe(event.id);
  });

  it("takes the machine's clock where none is given", async () => {
    const before = Date.now();
    const { timestamp } = await verifier.verifyAndConvert(BODY, HEADERS);
    expect(timestamp).toBeGreaterThanOrEqual(before);
    expect(timestamp).toBeLessThanOrEqual(Date.now());
  });

  it("carries the raw body out of sight", async () => {
    const event = await verifier.verifyAndConvert(BODY, HEADERS);
    expect(new TextDecoder().decode(event.rawBody)).toBe(BODY);
    expect(Object.keys(event)).not.toContain("rawBody");
    expect(JSON.stringify(event)).not.toContain("rawBody");
    expect(structuredClone(event)).toEqual(event);
  });

  it("keeps digits in the raw body that JSON numbers lose", async () => {
    const body = '{"id":820982911946154508}';
    const event = await verifier.verifyAndConvert(body, { "x-signature": hmacHex(SECRET, body) });
    expect(new TextDecoder().decode(event.rawBody)).toContain("820982911946154508");
  });

  it.each([
    ["a text that is not JSON", "Hello, World!", "Hello, World!"],
    ["an empty body", "", ""],
    ["a JSON text", '"x"', "x"],
    ["null", "null", null],
    ["JSON after a byte order mark", "\uFEFF{}", {}],
  ])("has %s as payload", async (_name, body, payload) => {
    const headers = { "x-signature": hmacHex(SECRET, body) };
    expect((await verifier.verifyAndConvert(body, headers)).payload).toEqual(payload);
    const bytes = new TextEncoder().encode(body);
    expect((await verifier.verifyAndConvert(bytes, headers)).payload).toEqual(payload);
  });

  it("has bytes that are no UTF-8 as text with replacement characters", async () => {
    const bytes = Uint8Array.of(0x61, 0xff, 0xfe, 0x62);
    const event = await verifier.verifyAndConvert(bytes, { "x-signature": hmacHex(SECRET, bytes) });
    expect(event.payload).toBe("a\uFFFD\uFFFDb");
    expect(event.rawBody).toEqual(bytes);
  });

  it("does not pollute prototypes with what a body names `__proto__`", async () => {
    const body = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
    const event = await verifier.verifyAndConvert(body, { "x-signature": hmacHex(SECRET, body) });
    expect({}).not.toHaveProperty("polluted");
    expect(Object.getPrototypeOf(event.payload)).toBe(Object.prototype);
  });
});

describe("a refusal", () => {
  it("is thrown by verifyAndConvert with code, provider, reason and status", async () => {
    const headers = { "x-signature": "0".repeat(64) };
    const error = await verifier.verifyAndConvert(BODY, headers).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WebhookVerificationError);
    expect(error).toMatchObject({
      code: "SIGNATURE_MISMATCH",
      provider: "generic-hmac",
      status: 401,
    });
    const { message, reason } = error as WebhookVerificationError;
    expect(message).toBe(`Webhook verification failed: ${reason}`);
    expect(error).not.toHaveProperty("cause");
  });

  it("never holds the secret, the signature or the body", async () => {
    const secret = "secret-4711\n";
    const headers = { "x-signature": "signature-4711" };
    const leaky = createInboundVerifier({ provider, config: { secret } });
    for (const check of [leaky, verifier]) {
      const error = await check.verifyAndConvert("body-4711", headers).catch((e: unknown) => e);
      const { message, stack, cause } = error as Error;
      expect(`${message}${stack}${String(cause)}`).not.toContain("4711");
    }
  });
});
