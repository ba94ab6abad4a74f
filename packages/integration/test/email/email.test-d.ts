import { expectTypeOf, test } from "vitest";
import type {
  BulkProgress,
  BulkReport,
  EmailFailure,
  EmailLogStore,
  EmailProvider,
  EmailRecord,
  EmailService,
  SendResult,
  WebhookReport,
} from "../../src/email/index.ts";
import { createEmailService, createSendGridProvider } from "../../src/email/index.ts";
import { createSqliteEmailLogStore } from "../../src/email/sqlite/index.ts";

const service = {} as EmailService;

test("a provider and a store are made from plain options", () => {
  expectTypeOf(createSendGridProvider({ apiKey: "SG.a.b" })).toEqualTypeOf<EmailProvider>();
  expectTypeOf(createSqliteEmailLogStore({ path: "log.db" })).toEqualTypeOf<EmailLogStore>();
  // @ts-expect-error -- the region decides about the host, so it is one of two
  createSendGridProvider({ apiKey: "SG.a.b", region: "us" });
  // @ts-expect-error -- the provider takes care of these
  createSendGridProvider({ apiKey: "SG.a.b", client: { baseUrl: "https://example.com" } });
  // @ts-expect-error -- who the e-mails come from has to be said
  createEmailService({ provider: createSendGridProvider({ apiKey: "SG.a.b" }) });
});

test("a result has an error or not, and the error says whether it may have been sent", async () => {
  const result = await service.sendEmail("jenny@example.com", "welcome", { order: 42 });
  expectTypeOf(result).toEqualTypeOf<SendResult>();
  // @ts-expect-error -- not before the check
  void result.error;
  if (result.success) expectTypeOf(result.id).toEqualTypeOf<string>();
  else {
    expectTypeOf(result.error).toEqualTypeOf<EmailFailure>();
    expectTypeOf(result.error.outcome).toEqualTypeOf<"not_sent" | "rejected" | "unknown">();
  }
});

test("a bulk is a promise of its report and an iterable of its progress", async () => {
  const bulk = service.sendBulk(["a@example.com", { to: { email: "b@example.com" } }], "welcome");
  expectTypeOf(await bulk).toEqualTypeOf<BulkReport>();
  for await (const progress of bulk) expectTypeOf(progress).toEqualTypeOf<BulkProgress>();
  // @ts-expect-error -- a misspelt option would mean a second e-mail
  void service.sendBulk([], "welcome", { operationID: "x" });
});

test("the log is typed", async () => {
  expectTypeOf(service.get("id")).resolves.toEqualTypeOf<EmailRecord | undefined>();
  expectTypeOf(service.handleWebhook).returns.resolves.toEqualTypeOf<WebhookReport>();
  // @ts-expect-error -- only what happened can be said
  void service.resolve("id", "unknown");
});
