import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { VerifierConfig } from "../../src/index.ts";
import { createInboundVerifier, createStandardWebhooksVerifier } from "../../src/index.ts";
import { NOW } from "./requests.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const KEY = Buffer.from("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "base64");
const SECONDS = String(NOW / 1000);

function v1(id: string, body: string, key: Uint8Array | string = KEY): string {
  return `v1,${createHmac("sha256", key).update(`${id}.${SECONDS}.${body}`).digest("base64")}`;
}

function headersOf(id: string, body: string, signature = v1(id, body), family = "webhook") {
  return {
    [`${family}-id`]: id,
    [`${family}-timestamp`]: SECONDS,
    [`${family}-signature`]: signature,
  };
}

function verify(
  body: string,
  headers: Record<string, string | string[]>,
  config: VerifierConfig = { secret: SECRET },
) {
  const provider = createStandardWebhooksVerifier();
  return createInboundVerifier({ provider, config }).safeVerify(body, headers, { now: NOW });
}

describe("the event", () => {
  it("has the signed id, the body's type and time", async () => {
    const body = '{"type":"user.created","timestamp":"2022-11-03T20:26:10.344522Z","data":{"a":1}}';
    await expect(verify(body, headersOf("msg_1", body))).resolves.toEqual({
      valid: true,
      event: {
        id: "msg_1",
        type: "user.created",
        source: "standard-webhooks",
        payload: JSON.parse(body) as unknown,
        timestamp: Date.UTC(2022, 10, 3, 20, 26, 10, 344),
        metadata: { provider: "standard-webhooks" },
      },
    });
  });

  it.each([
    ["no type", '{"a":1}'],
    ["a type that is no text", '{"type":7,"timestamp":1}'],
    ["no object", "[1]"],
    ["no JSON", "hello"],
  ])("has the type webhook.received and the signed time, with %s", async (_name, body) => {
    await expect(verify(body, headersOf("msg_1", body))).resolves.toMatchObject({
      event: { id: "msg_1", type: "webhook.received", timestamp: NOW },
    });
  });

  it("has the sender's name as source, where it is given", async () => {
    const provider = createStandardWebhooksVerifier({ id: "clerk" });
    const { verifyAndConvert } = createInboundVerifier({ provider, config: { secret: SECRET } });
    const event = await verifyAndConvert("{}", headersOf("msg_1", "{}"), { now: NOW });
    expect(event).toMatchObject({ source: "clerk", metadata: { provider: "clerk" } });
  });
});

describe("a body that is a whole event", () => {
  const event = {
    id: "e.1",
    type: "order.created",
    source: "shop",
    payload: { a: [1] },
    timestamp: 5,
  };

  it.each([
    ["as it is", event],
    ["with metadata", { ...event, metadata: { tenant: "t", unsigned: ["x"] } }],
    ["with null as payload", { ...event, payload: null }],
  ])("becomes that event again, %s", async (_name, whole) => {
    const body = JSON.stringify(whole);
    const result = await verify(body, headersOf("e.1", body));
    expect(result).toStrictEqual({ valid: true, event: whole });
  });

  it.each([
    ["another id than the signed one", { ...event, id: "e.2" }],
    ["no id", { ...event, id: undefined }],
    ["a type that is no text", { ...event, type: 1 }],
    ["an empty type", { ...event, type: "" }],
    ["no source", { ...event, source: undefined }],
    ["an empty source", { ...event, source: "" }],
    ["a timestamp that is no number", { ...event, timestamp: "2022-11-03T20:26:10Z" }],
    ["no payload", { ...event, payload: undefined }],
    ["metadata that is a list", { ...event, metadata: [] }],
    ["metadata that is null", { ...event, metadata: null }],
    ["a key of its own", { ...event, extra: 1 }],
    ["an event in a list", [event]],
  ])("is a payload like any other with %s", async (_name, almost) => {
    const body = JSON.stringify(almost);
    const result = await verify(body, headersOf("e.1", body));
    expect(result).toMatchObject({
      valid: true,
      event: { id: "e.1", source: "standard-webhooks", payload: JSON.parse(body) as object },
    });
  });

  it("is a payload like any other with a timestamp beyond all bounds", async () => {
    const body = JSON.stringify(event).replace('"timestamp":5', '"timestamp":1e999');
    await expect(verify(body, headersOf("e.1", body))).resolves.toMatchObject({
      event: { source: "standard-webhooks", timestamp: NOW },
    });
  });
});

function flip(text: string, at: number): string {
  return text.slice(0, at) + (text[at] === "1" ? "2" : "1") + text.slice(at + 1);
}

describe("signatures", () => {
  it("may stand under svix-* headers, but not half under each name", async () => {
    const svix = headersOf("msg_1", "{}", v1("msg_1", "{}"), "svix");
    await expect(verify("{}", svix)).resolves.toMatchObject({
      valid: true,
      event: { id: "msg_1" },
    });
    const { "svix-id": id = "", ...rest } = svix;
    await expect(verify("{}", { ...rest, "webhook-id": id })).resolves.toMatchObject({
      code: "MISSING_HEADER",
      reason: expect.stringContaining("svix-id"),
    });
  });

  it.each(["webhook-id", "webhook-timestamp", "webhook-signature"])(
    "need the header %s",
    async (name) => {
      const { [name]: _, ...headers } = headersOf("msg_1", "{}");
      await expect(verify("{}", headers)).resolves.toMatchObject({
        code: "MISSING_HEADER",
        reason: expect.stringContaining(name),
      });
    },
  );

  it("may be several, and come as a list", async () => {
    const wrong = v1("msg_1", "{}", "other");
    const right = v1("msg_1", "{}");
    for (const signature of [`${wrong} ${right}`, `${right} v1a,x v2,y`, `  ${right}  ${wrong}`]) {
      const result = await verify("{}", headersOf("msg_1", "{}", signature));
      expect(result).toMatchObject({ valid: true });
    }
    const list = { ...headersOf("msg_1", "{}"), "webhook-signature": [right, wrong] };
    await expect(verify("{}", list)).resolves.toMatchObject({ valid: true });
  });

  it("cover id, timestamp and body: any byte changed is refused", async () => {
    const id = "msg_1";
    const headers = headersOf(id, "{}");
    for (let at = 0; at < id.length; at += 1) {
      const result = await verify("{}", { ...headers, "webhook-id": flip(id, at) });
      expect(result).toMatchObject({ code: "SIGNATURE_MISMATCH" });
    }
    for (let at = 0; at < SECONDS.length; at += 1) {
      const result = await verify("{}", { ...headers, "webhook-timestamp": flip(SECONDS, at) });
      expect(result).toMatchObject({ code: "SIGNATURE_MISMATCH" });
    }
    await expect(verify("{ }", headers)).resolves.toMatchObject({ code: "SIGNATURE_MISMATCH" });
  });

  it("cannot be moved from one id to a shorter one by shifting the full stops", async () => {
    // Signed for the id `evt.1700000000`; the same bytes with the id `evt` have a fresh timestamp and another body.
    const signature = v1("evt.1700000000", '{"a":1}');
    const shifted = { ...headersOf("evt", "", signature) };
    await expect(verify(`${SECONDS}.{"a":1}`, shifted)).resolves.toMatchObject({
      code: "MALFORMED_PAYLOAD",
    });
    await expect(verify("3.14", headersOf("evt", "3.14"))).resolves.toMatchObject({
      event: { payload: 3.14 },
    });
  });
});

describe("keys", () => {
  const pair = generateKeyPairSync("ed25519");
  const spki = pair.publicKey.export({ type: "spki", format: "der" });
  const publicKey = `whpk_${spki.subarray(-32).toString("base64")}`;
  const v1a = `v1a,${sign(null, Buffer.from(`msg_1.${SECONDS}.{}`), pair.privateKey).toString("base64")}`;

  it("may be a secret without its prefix, as base64 or as it stands", async () => {
    const bare = SECRET.slice("whsec_".length);
    for (const key of [KEY, bare]) {
      const headers = headersOf("msg_1", "{}", v1("msg_1", "{}", key));
      await expect(verify("{}", headers, { secret: bare })).resolves.toMatchObject({ valid: true });
    }
    const raw = headersOf("msg_1", "{}", v1("msg_1", "{}", "polar-raw-secret"));
    await expect(verify("{}", raw, { secret: "polar-raw-secret" })).resolves.toMatchObject({
      valid: true,
    });
  });

  it("are not decoded where that gives fewer bytes than the specification asks for", async () => {
    const headers = headersOf("msg_1", "{}", v1("msg_1", "{}", "short"));
    const secret = Buffer.from("short").toString("base64");
    await expect(verify("{}", headers, { secret })).resolves.toMatchObject({
      code: "SIGNATURE_MISMATCH",
    });
  });

  it("are decoded where they have the prefix: the text itself is no key then", async () => {
    const headers = headersOf("msg_1", "{}", v1("msg_1", "{}", SECRET));
    await expect(verify("{}", headers)).resolves.toMatchObject({ code: "SIGNATURE_MISMATCH" });
  });

  it("may be an Ed25519 public key in several forms", async () => {
    const pem = pair.publicKey.export({ type: "spki", format: "pem" });
    const imported = await crypto.subtle.importKey("spki", spki, "Ed25519", true, ["verify"]);
    for (const key of [publicKey, pem, imported, [publicKey]]) {
      const headers = headersOf("msg_1", "{}", v1a);
      const result = await verify("{}", headers, { publicKey: key });
      expect(result).toMatchObject({ valid: true });
    }
    await expect(verify("{ }", headersOf("msg_1", "", v1a), { publicKey })).resolves.toMatchObject({
      code: "SIGNATURE_MISMATCH",
    });
  });

  it("count only for their own version of the signature", async () => {
    const config = { secret: SECRET, publicKey };
    for (const signature of [v1a, v1("msg_1", "{}"), `v1,AAAA ${v1a}`]) {
      const result = await verify("{}", headersOf("msg_1", "{}", signature), config);
      expect(result).toMatchObject({ valid: true });
    }
    for (const signature of [v1a.replace("v1a", "v1"), v1("msg_1", "{}").replace("v1", "v1a")]) {
      const result = await verify("{}", headersOf("msg_1", "{}", signature), config);
      expect(result).toMatchObject({ code: "SIGNATURE_MISMATCH" });
    }
    await expect(verify("{}", headersOf("msg_1", "{}", v1a))).resolves.toMatchObject({
      code: "MISSING_SIGNATURE",
    });
  });

  it("cannot be made to verify without end", async () => {
    const many = Array.from({ length: 9 }, () => v1a).join(" ");
    await expect(
      verify("{}", headersOf("msg_1", "{}", many), { publicKey }),
    ).resolves.toMatchObject({
      code: "MALFORMED_SIGNATURE",
    });
    const eight = `${`v1a,${"A".repeat(86)}== `.repeat(7)}${v1a}`;
    await expect(
      verify("{}", headersOf("msg_1", "{}", eight), { publicKey }),
    ).resolves.toMatchObject({
      valid: true,
    });
  });

  it.each<[string, VerifierConfig, RegExp]>([
    ["none", {}, /no secret .* and no public key/],
    ["half a key pair as secret", { secret: publicKey }, /config\.publicKey/],
    ["the private half", { publicKey: publicKey.replace("whpk", "whsk") }, /private key/],
    ["an empty public key", { publicKey: "" }, /empty/],
    ["an empty one in the list", { publicKey: [publicKey, ""] }, /empty/],
    ["what is no key", { publicKey: "whpk_AAAA" }, /public key/],
  ])("are the operator's fault with %s", async (_name, config, reason) => {
    await expect(verify("{}", headersOf("msg_1", "{}", v1a), config)).resolves.toMatchObject({
      code: "CONFIG",
      reason: expect.stringMatching(reason),
    });
  });
});
