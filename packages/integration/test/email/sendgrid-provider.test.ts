import { describe, expect, it } from "vitest";
import type { EmailProvider, OutgoingEmail } from "../../src/email/index.ts";
import { createSendGridProvider } from "../../src/email/index.ts";
import type { SendGridClientOptions } from "../../src/email/index.ts";
import { T0, TEMPLATE } from "./set-up.ts";

const KEY = `SG.${"a".repeat(22)}.${"b".repeat(43)}`;

const emailTo = (...addresses: readonly string[]): OutgoingEmail => ({
  from: { email: "shop@example.com", name: "The Shop" },
  templateId: TEMPLATE,
  recipients: addresses.map((email, index) => ({
    reference: `ref-${index}`,
    to: { email },
    data: { n: index },
  })),
  categories: [],
  providerOptions: {},
});

interface Call {
  readonly url: string;
  readonly body: Record<string, unknown>;
}

/** A provider whose requests are answered by a function. */
function withFetch(
  answer: () => Response,
  options: Partial<Parameters<typeof createSendGridProvider>[0]> = {},
): { readonly provider: EmailProvider; readonly calls: readonly Call[] } {
  const calls: Call[] = [];
  const fetch: SendGridClientOptions["fetch"] = async (input, init) => {
    const body = JSON.parse(init?.body as string) as Call["body"];
    const url = input instanceof Request ? input.url : String(input);
    calls.push({ url, body });
    return answer();
  };
  const provider = createSendGridProvider({
    apiKey: KEY,
    ...options,
    client: { fetch, log: false, ...options.client },
  });
  return { provider, calls };
}

const accepted = () => new Response(null, { status: 202, headers: { "x-message-id": "req" } });
const refusal = (status: number, ...errors: { field: string | null; message: string }[]) =>
  Response.json({ errors }, { status });

describe("the SendGrid provider", () => {
  it("sends one personalization a recipient, each with our reference", async () => {
    const { provider, calls } = withFetch(accepted, { sandbox: false });
    const result = await provider.send({
      ...emailTo("a@example.com", "b@example.com"),
      replyTo: { email: "help@example.com" },
      categories: ["orders"],
      sendAt: T0 + 999,
    });
    expect(result).toEqual({
      success: true,
      provider: "sendgrid",
      messageId: "req",
      sandbox: false,
    });
    expect(calls[0]).toEqual({
      url: "https://api.sendgrid.com/v3/mail/send",
      body: {
        from: { email: "shop@example.com", name: "The Shop" },
        reply_to: { email: "help@example.com" },
        categories: ["orders"],
        send_at: T0 / 1000,
        template_id: TEMPLATE,
        personalizations: [
          {
            to: [{ email: "a@example.com" }],
            dynamic_template_data: { n: 0 },
            custom_args: { ventostack_ref: "ref-0" },
          },
          {
            to: [{ email: "b@example.com" }],
            dynamic_template_data: { n: 1 },
            custom_args: { ventostack_ref: "ref-1" },
          },
        ],
      },
    });
  });

  it("speaks to the region of the account", async () => {
    const { provider, calls } = withFetch(accepted, { region: "eu" });
    await provider.send(emailTo("a@example.com"));
    expect(calls[0]?.url).toBe("https://api.eu.sendgrid.com/v3/mail/send");
  });

  it("uses the sandbox in test runs, unless it is told otherwise", async () => {
    const before = process.env["NODE_ENV"];
    try {
      for (const [environment, sandbox, expected] of [
        ["test", undefined, true],
        ["test", false, false],
        ["production", undefined, false],
        ["production", true, true],
      ] as const) {
        process.env["NODE_ENV"] = environment;
        const { provider, calls } = withFetch(
          () => new Response(null, { status: expected ? 200 : 202 }),
          sandbox === undefined ? {} : { sandbox },
        );
        const result = await provider.send(emailTo("a@example.com"));
        expect(result).toEqual({ success: true, provider: "sendgrid", sandbox: expected });
        expect(calls[0]?.body["mail_settings"]).toEqual(
          expected ? { sandbox_mode: { enable: true } } : undefined,
        );
      }
    } finally {
      process.env["NODE_ENV"] = before ?? "test";
    }
  });

  it("knows templates by names of our own", async () => {
    const { provider, calls } = withFetch(accepted, { templates: { welcome: "d-1" } });
    await provider.send({ ...emailTo("a@example.com"), templateId: "welcome" });
    expect(calls[0]?.body["template_id"]).toBe("d-1");
  });

  it.each(["welcom", "constructor", "5997fcf6-2b9f-484d-acd5-7e9a99f0dc1f"])(
    "sends nothing from the template %s, which is neither a name nor a dynamic template",
    async (templateId) => {
      const { provider, calls } = withFetch(accepted, { templates: { welcome: "d-1" } });
      expect(await provider.send({ ...emailTo("a@example.com"), templateId })).toMatchObject({
        success: false,
        error: { code: "INVALID_MESSAGE", outcome: "not_sent" },
      });
      expect(calls).toHaveLength(0);
    },
  );

  it("passes further fields on, but none that would change who gets what", async () => {
    const { provider, calls } = withFetch(accepted, { sandbox: false });
    await provider.send({
      ...emailTo("a@example.com"),
      providerOptions: {
        sendgrid: {
          asm: { group_id: 7 },
          personalizations: [{ to: [{ email: "evil@example.com" }] }],
          from: { email: "evil@example.com" },
          template_id: "d-evil",
        },
        other: { asm: { group_id: 8 } },
      },
    });
    expect(calls[0]?.body).toMatchObject({ asm: { group_id: 7 }, template_id: TEMPLATE });
    expect(JSON.stringify(calls[0]?.body)).not.toContain("evil");
  });

  it.each([
    { headers: { "X-Tag": "a\r\nBcc: victim@example.com" } },
    { headers: { "X-Tag\r\nBcc": "victim@example.com" } },
    { subject: "Hello\nBcc: victim@example.com" },
  ])("refuses a header that would break: %j", async (sendgrid) => {
    const { provider, calls } = withFetch(accepted);
    const result = await provider.send({
      ...emailTo("a@example.com"),
      providerOptions: { sendgrid },
    });
    expect(result).toMatchObject({ error: { code: "INVALID_MESSAGE", outcome: "not_sent" } });
    expect(calls).toHaveLength(0);
  });

  it.each([
    ["an empty key", { apiKey: "" }, /apiKey/],
    ["a key with a line end", { apiKey: `${KEY}\n` }, /apiKey/],
    ["a key of something else", { apiKey: "sk_live_1234" }, /apiKey/],
    ["no key", { apiKey: undefined as unknown as string }, /environment variable/],
    ["a region that there is not", { region: "us" as "eu" }, /region/],
    ["an option that there is not", { sandBox: true }, /sandBox/],
  ])("is not made with %s", (_name, options, message) => {
    const make = () => createSendGridProvider({ apiKey: KEY, ...options });
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({ code: "CONFIG_ERROR" }));
    expect(make).not.toThrow(/sk_live|bbbb/);
  });

  it("names the recipients that a whole request was refused for", async () => {
    const { provider } = withFetch(() =>
      refusal(
        400,
        { field: "personalizations.1.to.0.email", message: "Does not contain a valid address." },
        { field: "personalizations.1.to.0.name", message: "…" },
        { field: "personalizations.0.custom_args", message: "…" },
      ),
    );
    expect(
      await provider.send(emailTo("a@example.com", "b@example.com", "c@example.com")),
    ).toMatchObject({
      success: false,
      refusedRecipients: [1, 0],
      error: { code: "INVALID_RECIPIENT", outcome: "rejected", status: 400 },
    });
  });

  it.each([
    [
      "something else was wrong too",
      [
        { field: "personalizations.0.to", message: "" },
        { field: "from", message: "" },
      ],
    ],
    ["the place is beyond the list", [{ field: "personalizations.7.to", message: "" }]],
    ["no place is named", [{ field: null, message: "" }]],
    ["nothing is said", []],
  ])("names none where %s", async (_name, errors) => {
    const { provider } = withFetch(() => refusal(400, ...errors));
    const result = await provider.send(emailTo("a@example.com"));
    expect(result).toMatchObject({ error: { code: "INVALID_MESSAGE", outcome: "rejected" } });
    expect(result).not.toHaveProperty("refusedRecipients");
  });

  it("says which fields were wrong, but nothing of what SendGrid quotes", async () => {
    const { provider } = withFetch(() =>
      refusal(
        400,
        {
          field: "personalizations",
          message: "You have included [jenny@example.com] more than once.",
        },
        { field: "evil field jenny@example.com", message: "…" },
      ),
    );
    const result = await provider.send(emailTo("jenny@example.com"));
    expect(result).toMatchObject({
      error: { message: expect.stringContaining("personalizations") },
    });
    expect(JSON.stringify(result)).not.toContain("jenny");
  });

  it("tells credits that are used up from a wrong key", async () => {
    const credits = withFetch(() =>
      refusal(401, { field: null, message: "Maximum credits exceeded" }),
    );
    expect(await credits.provider.send(emailTo("a@example.com"))).toMatchObject({
      error: { code: "QUOTA_EXHAUSTED", outcome: "rejected", retryable: true },
    });
    const key = withFetch(() =>
      refusal(401, {
        field: null,
        message: "The provided authorization grant is invalid, expired, or revoked",
      }),
    );
    expect(await key.provider.send(emailTo("a@example.com"))).toMatchObject({
      error: { code: "AUTH_ERROR", outcome: "rejected", retryable: false },
    });
  });

  it.each(["not json", "[]", '{"errors":5}', '{"errors":[null,5,{"field":{}}]}'])(
    "survives the error body %s",
    async (body) => {
      const { provider } = withFetch(
        () => new Response(body, { status: 400, headers: { "content-type": "application/json" } }),
      );
      expect(await provider.send(emailTo("a@example.com"))).toMatchObject({
        success: false,
        error: { status: 400, outcome: "rejected" },
      });
    },
  );

  it("does not send again what the caller's later change would alter", async () => {
    const { provider, calls } = withFetch(accepted);
    const data = { n: 1 };
    const sending = provider.send({
      ...emailTo(),
      recipients: [{ reference: "r", to: { email: "a@example.com" }, data }],
    });
    data.n = 2;
    await sending;
    expect(calls[0]?.body).toMatchObject({
      personalizations: [{ dynamic_template_data: { n: 1 } }],
    });
  });
});
