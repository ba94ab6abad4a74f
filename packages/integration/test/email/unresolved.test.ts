import { describe, expect, it } from "vitest";
import type { EmailLogStore } from "../../src/email/index.ts";
import { createMemoryEmailLogStore } from "../../src/email/index.ts";
import { createBench, createScriptedProvider, idOf, serviceWith, T0, TEMPLATE } from "./set-up.ts";

function broken(method: "begin" | "settle"): EmailLogStore {
  return {
    ...createMemoryEmailLogStore(),
    [method]() {
      throw new Error("disk full");
    },
  };
}

describe("a log that fails", () => {
  it("before the call: nothing is sent", async () => {
    const errors: unknown[] = [];
    const { provider, service } = serviceWith({
      store: broken("begin"),
      hooks: { onStoreError: (error) => void errors.push(error) },
    });
    expect(await service.sendEmail("jenny@example.com", "welcome")).toMatchObject({
      error: { code: "STORE_FAILED", outcome: "not_sent", retryable: true },
    });
    expect(provider.emails).toHaveLength(0);
    expect(errors).toHaveLength(1);
  });

  it("after the call: the result is what the provider said, and the record stays unresolved", async () => {
    const { service } = serviceWith({
      store: broken("settle"),
      hooks: {
        onStoreError() {
          throw new Error("a hook that throws changes nothing");
        },
      },
    });
    const result = await service.sendEmail(
      "jenny@example.com",
      "welcome",
      {},
      { operationId: "op" },
    );
    expect(result).toMatchObject({ success: true });
    expect(await service.get(idOf(result))).toMatchObject({ handOver: "sending" });
    expect(
      await service.sendEmail("jenny@example.com", "welcome", {}, { operationId: "op" }),
    ).toMatchObject({ error: { code: "IN_PROGRESS", outcome: "unknown" } });
  });
});

describe("what is unresolved", () => {
  it("is what was lost, and what has been under way for too long", async () => {
    await using bench = await createBench();
    const { service, emulator, clock, store } = bench;
    emulator.fail({ kind: "reset", when: "after" });
    const lost = await service.sendEmail("lost@example.com", TEMPLATE);
    await service.sendEmail("sent@example.com", TEMPLATE);
    // As a process leaves it that died in the middle of a call.
    const died = {
      id: "died",
      operationId: "died",
      slot: "",
      to: "d@example.com",
      templateId: TEMPLATE,
    };
    await store.begin([died], clock.now());
    expect((await service.unresolved()).records).toEqual([]);
    clock.advance(300_001);
    expect((await service.unresolved()).records.map(({ id }) => id)).toEqual([idOf(lost), "died"]);
    expect((await service.unresolved({ olderThanMs: 1, limit: 1 })).records).toHaveLength(1);
    await expect(service.unresolved({ olderThanMs: -1 })).rejects.toMatchObject({
      code: "CONFIG_ERROR",
    });
  });

  it("is settled by the events that come in", async () => {
    await using bench = await createBench();
    const { service, emulator } = bench;
    emulator.fail({ kind: "reset", when: "after" });
    const lost = await service.sendEmail("lost@example.com", TEMPLATE, {}, { operationId: "op" });
    const [message] = emulator.messages;
    const payload = message ? emulator.events(message, ["processed"]) : [];
    await service.handleWebhook({ id: "w", type: "t", source: "sendgrid", payload, timestamp: T0 });
    bench.clock.advance(600_000);
    expect((await service.unresolved()).records).toEqual([]);
    expect(await service.get(idOf(lost))).toMatchObject({ handOver: "sent", status: "processed" });
    expect(
      await service.sendEmail("lost@example.com", TEMPLATE, {}, { operationId: "op" }),
    ).toMatchObject({
      success: true,
      repeated: true,
    });
  });

  it("can be settled by hand, either way", async () => {
    await using bench = await createBench();
    const { service, emulator } = bench;
    emulator.fail({ kind: "reset", when: "before" }, { kind: "reset", when: "after" });
    const send = (operationId: string) =>
      service.sendEmail("jenny@example.com", TEMPLATE, {}, { operationId });
    const [one, two] = [await send("one"), await send("two")];
    expect(await service.resolve(idOf(one), "not_sent")).toMatchObject({ handOver: "not_sent" });
    expect(await service.resolve(idOf(two), "sent")).toMatchObject({
      handOver: "sent",
      status: "queued",
    });
    expect(await send("one")).toMatchObject({ success: true, repeated: false });
    expect(await send("two")).toMatchObject({ success: true, repeated: true });
    expect(emulator.messages).toHaveLength(2);
  });

  it("is all that can be settled by hand", async () => {
    const { service } = serviceWith();
    const sent = await service.sendEmail("jenny@example.com", "welcome");
    expect(await service.resolve(idOf(sent), "not_sent")).toMatchObject({ handOver: "sent" });
    const refused = serviceWith({
      provider: createScriptedProvider("refusing", [
        {
          success: false,
          error: { code: "AUTH_ERROR", message: "no", outcome: "rejected", retryable: false },
        },
      ]),
    }).service;
    const id = idOf(await refused.sendEmail("jenny@example.com", "welcome"));
    expect(await refused.resolve(id, "sent")).toMatchObject({ handOver: "rejected" });
    expect(await service.resolve("nobody", "sent")).toBeUndefined();
    await expect(service.resolve(idOf(sent), "lost" as "sent")).rejects.toThrow(/not_sent/);
  });
});
