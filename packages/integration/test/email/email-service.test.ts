import { describe, expect, it } from "vitest";
import { createMemoryEmailLogStore } from "../../src/email/index.ts";
import {
  createBench,
  createScriptedProvider,
  idOf,
  sentBy,
  serviceWith,
  T0,
  TEMPLATE,
} from "./set-up.ts";

describe("sending one e-mail", () => {
  it("hands it over and has it on record", async () => {
    await using bench = await createBench();
    const result = await bench.service.sendEmail(
      { email: "jenny@example.com", name: "Jenny" },
      TEMPLATE,
      { order: 42 },
      { operationId: "order-42-shipped" },
    );
    const [message] = bench.emulator.messages;
    expect(result).toEqual({
      success: true,
      id: expect.any(String),
      operationId: "order-42-shipped",
      provider: "sendgrid",
      messageId: message?.requestId,
      repeated: false,
      sandbox: false,
    });
    expect(message).toMatchObject({
      to: "jenny@example.com",
      templateId: TEMPLATE,
      data: { order: 42 },
      customArgs: { ventostack_ref: idOf(result) },
    });
    expect(await bench.service.get(idOf(result))).toEqual({
      id: idOf(result),
      operationId: "order-42-shipped",
      slot: "",
      to: "jenny@example.com",
      templateId: TEMPLATE,
      handOver: "sent",
      attempt: 1,
      provider: "sendgrid",
      messageId: message?.requestId,
      status: "queued",
      flags: [],
      createdAt: T0,
      updatedAt: T0,
    });
  });

  it("is on record before the call", async () => {
    const store = createMemoryEmailLogStore();
    const seen: string[] = [];
    const { service } = serviceWith({
      store,
      provider: {
        ...createScriptedProvider("p", []),
        async send({ recipients }) {
          for (const { reference } of recipients)
            seen.push((await store.get(reference))?.handOver ?? "no record");
          return sentBy("p");
        },
      },
    });
    await service.sendEmail("jenny@example.com", "welcome");
    expect(seen).toEqual(["sending"]);
  });

  it("does not send again what was sent under the same operation id", async () => {
    const { provider, service } = serviceWith();
    const send = () => service.sendEmail("jenny@example.com", "welcome", {}, { operationId: "op" });
    const first = await send();
    const second = await send();
    expect(second).toMatchObject({
      success: true,
      repeated: true,
      id: idOf(first),
      messageId: "m1",
    });
    expect(provider.emails).toHaveLength(1);
  });

  it("sends once, however many call at the same time", async () => {
    await using bench = await createBench();
    const send = () =>
      bench.service.sendEmail("jenny@example.com", TEMPLATE, {}, { operationId: "op" });
    const results = await Promise.all([send(), send(), send()]);
    expect(bench.emulator.messages).toHaveLength(1);
    expect(results.map((result) => (result.success ? "sent" : result.error.code))).toEqual([
      "sent",
      "IN_PROGRESS",
      "IN_PROGRESS",
    ]);
  });

  it("sends each call without an operation id", async () => {
    const { provider, service } = serviceWith();
    await service.sendEmail("jenny@example.com", "welcome");
    await service.sendEmail("jenny@example.com", "welcome");
    expect(provider.emails).toHaveLength(2);
  });

  it("does not send again what may have been sent", async () => {
    await using bench = await createBench();
    bench.emulator.fail({ kind: "reset", when: "after" });
    const send = () =>
      bench.service.sendEmail("jenny@example.com", TEMPLATE, {}, { operationId: "op" });
    expect(await send()).toMatchObject({ error: { code: "NETWORK_ERROR", outcome: "unknown" } });
    expect(await send()).toMatchObject({ error: { code: "OUTCOME_UNKNOWN", outcome: "unknown" } });
    expect(bench.emulator.messages).toHaveLength(1);
  });

  it("sends again what was certainly not sent", async () => {
    await using bench = await createBench();
    bench.emulator.fail({ kind: "status", status: 400 });
    const send = () =>
      bench.service.sendEmail("jenny@example.com", TEMPLATE, {}, { operationId: "op" });
    const first = await send();
    expect(first).toMatchObject({ success: false, error: { outcome: "rejected" } });
    const second = await send();
    expect(second).toMatchObject({ success: true, repeated: false, id: idOf(first) });
    expect(await bench.service.get(idOf(second))).toMatchObject({ attempt: 2, handOver: "sent" });
  });

  it("refuses an operation id that stands for another e-mail", async () => {
    const { provider, service } = serviceWith();
    await service.sendEmail("jenny@example.com", "welcome", {}, { operationId: "op" });
    for (const [to, template] of [
      ["tom@example.com", "welcome"],
      ["jenny@example.com", "goodbye"],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await service.sendEmail(to, template, {}, { operationId: "op" })).toMatchObject({
        success: false,
        error: { code: "OPERATION_MISMATCH", outcome: "not_sent" },
      });
    }
    expect(provider.emails).toHaveLength(1);
  });

  it("can be sent in earnest after it was tried in the sandbox", async () => {
    const store = createMemoryEmailLogStore();
    await using sandbox = await createBench({ service: { store }, provider: { sandbox: true } });
    const send = ({ service }: typeof sandbox) =>
      service.sendEmail("jenny@example.com", TEMPLATE, {}, { operationId: "op" });
    expect(await send(sandbox)).toMatchObject({ success: true, sandbox: true });
    expect(sandbox.emulator.messages).toHaveLength(0);
    await using live = await createBench({ service: { store } });
    expect(await send(live)).toMatchObject({ success: true, sandbox: false, repeated: false });
    expect(live.emulator.messages).toHaveLength(1);
  });

  it("is not begun once the caller has aborted", async () => {
    const { provider, service } = serviceWith();
    const signal = AbortSignal.abort();
    expect(await service.sendEmail("jenny@example.com", "welcome", {}, { signal })).toMatchObject({
      error: { code: "ABORTED", outcome: "not_sent" },
    });
    expect(provider.emails).toHaveLength(0);
    expect((await service.list()).records).toEqual([]);
  });

  it("that is aborted under way may have been sent", async () => {
    await using bench = await createBench();
    bench.emulator.fail({ kind: "slow", acts: true });
    const controller = new AbortController();
    const sending = bench.service.sendEmail("jenny@example.com", TEMPLATE, {}, controller);
    await bench.emulator.received(1);
    controller.abort();
    expect(await sending).toMatchObject({ error: { code: "ABORTED", outcome: "unknown" } });
  });

  it.each<[string, Parameters<ReturnType<typeof serviceWith>["service"]["sendEmail"]>, string]>([
    ["an address that is none", ["jenny", "welcome"], "INVALID_RECIPIENT"],
    [
      "an address with a header in it",
      ["j@example.com\r\nBcc: x@example.com", "welcome"],
      "INVALID_RECIPIENT",
    ],
    ["no template", ["jenny@example.com", ""], "INVALID_MESSAGE"],
    ["a template id of two lines", ["jenny@example.com", "a\nb"], "INVALID_MESSAGE"],
    [
      "a sender that is none",
      ["jenny@example.com", "welcome", {}, { from: "shop" }],
      "INVALID_MESSAGE",
    ],
    [
      "a reply address that is none",
      ["jenny@example.com", "welcome", {}, { replyTo: "a\nb" }],
      "INVALID_MESSAGE",
    ],
    [
      "a category of two lines",
      ["jenny@example.com", "welcome", {}, { categories: ["a\nb"] }],
      "INVALID_MESSAGE",
    ],
    [
      "a category twice",
      ["jenny@example.com", "welcome", {}, { categories: ["a", "a"] }],
      "INVALID_MESSAGE",
    ],
    [
      "a time that is none",
      ["jenny@example.com", "welcome", {}, { sendAt: NaN }],
      "INVALID_MESSAGE",
    ],
    ["data that JSON cannot hold", ["jenny@example.com", "welcome", { n: 1n }], "INVALID_MESSAGE"],
    ["data that is a list", ["jenny@example.com", "welcome", [] as never], "INVALID_MESSAGE"],
  ])("with %s sends nothing and says so", async (_name, args, code) => {
    const { provider, service } = serviceWith();
    expect(await service.sendEmail(...args)).toMatchObject({
      success: false,
      error: { code, outcome: "not_sent", retryable: false },
    });
    expect(provider.emails).toHaveLength(0);
    expect((await service.list()).records).toEqual([]);
  });

  it("takes sender, reply address, categories and time per e-mail", async () => {
    const { provider, service } = serviceWith({ replyTo: "help@example.com" });
    await service.sendEmail("jenny@example.com", "welcome");
    await service.sendEmail("jenny@example.com", "welcome", undefined, {
      from: { email: "boss@example.com", name: "The Boss" },
      replyTo: "boss@example.com",
      categories: ["a"],
      sendAt: T0,
    });
    expect(provider.emails).toMatchObject([
      {
        from: { email: "shop@example.com" },
        replyTo: { email: "help@example.com" },
        categories: [],
      },
      {
        from: { email: "boss@example.com", name: "The Boss" },
        replyTo: { email: "boss@example.com" },
        categories: ["a"],
        sendAt: T0,
      },
    ]);
  });

  it.each(["", "x".repeat(256), "a\nb", 5 as unknown as string])(
    "rejects the operation id %j, which is the caller's mistake",
    async (operationId) => {
      const { service } = serviceWith();
      await expect(
        service.sendEmail("jenny@example.com", "welcome", {}, { operationId }),
      ).rejects.toMatchObject({ code: "CONFIG_ERROR" });
    },
  );

  it("rejects a misspelt option, which would mean a second e-mail", async () => {
    const { service } = serviceWith();
    await expect(
      // @ts-expect-error -- misspelt
      service.sendEmail("jenny@example.com", "welcome", {}, { operationID: "op" }),
    ).rejects.toThrow(/operationID/);
  });
});
