import { createInboundVerifier } from "@ventostack/webhook";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createSendGridEventVerifier } from "../../src/providers/sendgrid.ts";
import type { SendGridEmulator } from "../../src/testing/index.ts";
import { createSendGridEmulator } from "../../src/testing/index.ts";
import { T0, TEMPLATE } from "./set-up.ts";

type Json = Record<string, unknown>;

const mail = (changes: Json = {}): Json => ({
  from: { email: "shop@example.com" },
  template_id: TEMPLATE,
  personalizations: [{ to: [{ email: "jenny@example.com" }] }],
  ...changes,
});

const complaint = async (response: Response) => {
  const { errors } = (await response.json()) as { errors: { field: string; message: string }[] };
  return { status: response.status, field: errors[0]?.field, message: errors[0]?.message };
};

const to = (email: string, more: Json = {}): Json => ({ to: [{ email, ...more }] });

describe("the SendGrid emulator", () => {
  let emulator: SendGridEmulator;
  beforeEach(async () => {
    emulator = await createSendGridEmulator({ now: () => T0 });
  });
  afterEach(() => emulator.close());

  const post = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${emulator.url}/v3/mail/send`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${emulator.apiKey}`,
        "content-type": "application/json",
        ...headers,
      },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });

  it("accepts a message with 202, an empty body and an id", async () => {
    const response = await post(mail());
    expect(response.status).toBe(202);
    expect(await response.text()).toBe("");
    const [message] = emulator.messages;
    expect(message?.to).toBe("jenny@example.com");
    expect(response.headers.get("x-message-id")).toBe(message?.requestId);
    expect(message?.messageId.startsWith(`${message?.requestId}.`)).toBe(true);
  });

  it("answers 200 in sandbox mode and accepts nothing", async () => {
    const response = await post(mail({ mail_settings: { sandbox_mode: { enable: true } } }));
    expect(response.status).toBe(200);
    expect(emulator.messages).toHaveLength(0);
  });

  it("refuses a wrong key, method, path and content type", async () => {
    expect(
      await complaint(await post(mail(), { authorization: "Bearer SG.wrong.key" })),
    ).toMatchObject({
      status: 401,
      message: expect.stringContaining("authorization grant"),
    });
    const authorization = `Bearer ${emulator.apiKey}`;
    const get = await fetch(`${emulator.url}/v3/mail/send`, { headers: { authorization } });
    expect(get.status).toBe(405);
    const elsewhere = await fetch(`${emulator.url}/v3/other`, { headers: { authorization } });
    expect(elsewhere.status).toBe(404);
    expect((await post(mail(), { "content-type": "text/plain" })).status).toBe(415);
  });

  it.each<[string, unknown, string | null]>([
    ["no JSON", "{", null],
    ["no sender", mail({ from: {} }), "from.email"],
    ["neither template nor subject", mail({ template_id: undefined }), "subject"],
    ["no recipient", mail({ personalizations: [] }), "personalizations"],
    ["a recipient without to", mail({ personalizations: [{}] }), "personalizations.0.to"],
    [
      "a bad address at the second place",
      mail({ personalizations: [to("a@example.com"), to("nobody")] }),
      "personalizations.1.to.0.email",
    ],
    [
      "a comma in a name",
      mail({ personalizations: [to("a@example.com", { name: "Doe, Jane" })] }),
      "personalizations.0.to.0.name",
    ],
    [
      "an address twice",
      mail({ personalizations: [to("a@example.com"), to("A@example.com")] }),
      "personalizations",
    ],
    [
      "too many recipients",
      mail({ personalizations: Array.from({ length: 1001 }, (_, n) => to(`u${n}@example.com`)) }),
      "personalizations",
    ],
    [
      "template data without a dynamic template",
      mail({
        template_id: "legacy",
        personalizations: [{ ...to("a@example.com"), dynamic_template_data: {} }],
      }),
      "personalizations.0.dynamic_template_data",
    ],
    [
      "custom arguments that are too long",
      mail({
        personalizations: [{ ...to("a@example.com"), custom_args: { a: "x".repeat(10_001) } }],
      }),
      "personalizations.0.custom_args",
    ],
    ["a category twice", mail({ categories: ["a", "a"] }), "categories"],
    ["a date too far away", mail({ send_at: T0 / 1000 + 73 * 3600 }), "send_at"],
  ])("refuses %s with 400 and the field", async (_name, body, field) => {
    expect(await complaint(await post(body))).toMatchObject({ status: 400, field });
    expect(emulator.messages).toHaveLength(0);
  });

  it("refuses an address that it was told to refuse", async () => {
    emulator.refuse("jenny@example.com");
    expect(await complaint(await post(mail()))).toMatchObject({
      status: 400,
      field: "personalizations.0.to.0.email",
    });
  });

  it("limits the rate with 429 and three headers", async () => {
    emulator.fail({ kind: "rate-limit", resetAfterMs: 2500 });
    const response = await post(mail());
    expect(response.status).toBe(429);
    expect(response.headers.get("x-ratelimit-remaining")).toBe("0");
    expect(response.headers.get("x-ratelimit-reset")).toBe(String(T0 / 1000 + 3));
    expect((await post(mail())).status).toBe(202);
  });

  it("fails as it is told, one request each", async () => {
    emulator.fail(
      { kind: "status", status: 503 },
      { kind: "status", status: 500, acts: true },
      { kind: "reset", when: "before" },
      { kind: "reset", when: "after" },
    );
    expect((await post(mail())).status).toBe(503);
    expect(emulator.messages).toHaveLength(0);
    expect((await post(mail())).status).toBe(500);
    expect(emulator.messages).toHaveLength(1);
    await expect(post(mail())).rejects.toBeInstanceOf(Error);
    expect(emulator.messages).toHaveLength(1);
    await expect(post(mail())).rejects.toBeInstanceOf(Error);
    expect(emulator.messages).toHaveLength(2);
    expect(emulator.requests).toHaveLength(4);
  });

  it("is slow until it is released", async () => {
    emulator.fail({ kind: "slow", acts: true }, { kind: "slow", acts: false });
    const answers = [post(mail()), post(mail())];
    await emulator.received(2);
    expect(emulator.messages).toHaveLength(1);
    emulator.release();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([202, 202]);
    expect(emulator.messages).toHaveLength(2);
  });

  it("makes events that carry the message's custom arguments, and signs them", async () => {
    await post(
      mail({ personalizations: [{ ...to("jenny@example.com"), custom_args: { order: "42" } }] }),
    );
    const [message] = emulator.messages;
    const events = message ? emulator.events(message, ["processed", "delivered"]) : [];
    expect(events).toMatchObject([
      { event: "processed", order: "42", email: "jenny@example.com", timestamp: T0 / 1000 },
      { event: "delivered", order: "42", timestamp: T0 / 1000 + 1 },
    ]);
    const { body, headers } = emulator.sign(events);
    expect(new TextDecoder().decode(body).endsWith("]\r\n")).toBe(true);
    const verifier = createInboundVerifier({
      provider: createSendGridEventVerifier(),
      config: { publicKey: emulator.publicKey },
    });
    const event = await verifier.verifyAndConvert(body, headers, { now: T0 });
    expect(event).toMatchObject({ source: "sendgrid", timestamp: T0, payload: events });
  });
});
