import { describe, expect, it } from "vitest";
import type { EmailServiceOptions, SendResult } from "../../src/email/index.ts";
import { createBench, createScriptedProvider, serviceWith, TEMPLATE } from "./set-up.ts";

describe("the service", () => {
  it.each<[string, Partial<EmailServiceOptions>, RegExp]>([
    ["a provider", { provider: undefined as never }, /provider/],
    ["a sender", { from: "shop" }, /from/],
    ["a reply address that is one", { replyTo: "a\nb@example.com" }, /replyTo/],
    ["a batch size that the provider takes", { batchSize: 1001 }, /batchSize/],
    ["options that it knows", { stores: 1 } as never, /stores/],
  ])("needs %s", (_name, options, message) => {
    expect(() => serviceWith(options)).toThrow(message);
  });

  it("keeps addresses, keys and data out of its logs and failures", async () => {
    await using bench = await createBench();
    const { service, emulator } = bench;
    emulator.refuse("refused.secret@example.com");
    emulator.fail(
      { kind: "status", status: 500 },
      { kind: "reset", when: "after" },
      { kind: "status", status: 400 },
    );
    const results: SendResult[] = [];
    for (const to of ["a", "b", "c", "refused", "e"]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      results.push(
        await service.sendEmail(`${to}.secret@example.com`, TEMPLATE, { card: "4242 secret" }),
      );
    }
    results.push(await service.sendEmail("secret@@example.com", TEMPLATE));
    expect(results.filter(({ success }) => !success)).toHaveLength(5);
    expect(bench.logged.length).toBeGreaterThanOrEqual(5);
    const output = `${JSON.stringify(results)}${bench.logged.join("")}`;
    expect(output).not.toMatch(/secret|4242|SG\.emulator/);
    const failures = results.flatMap((result) => (result.success ? [] : [result.error]));
    expect(JSON.stringify(failures)).not.toContain("@");
  });

  it("does not reject when a provider breaks its word", async () => {
    const { service } = serviceWith({ provider: createScriptedProvider("broken", []) });
    expect(await service.sendEmail("jenny@example.com", "welcome")).toMatchObject({
      success: false,
      error: { outcome: "unknown", provider: "broken" },
    });
  });

  it("can be destructured, and closed twice", async () => {
    const bench = await createBench();
    const { sendEmail, close } = bench.service;
    expect(await sendEmail("jenny@example.com", TEMPLATE)).toMatchObject({ success: true });
    await close();
    await bench[Symbol.asyncDispose]();
    expect(await sendEmail("jenny@example.com", TEMPLATE)).toMatchObject({ success: false });
  });
});
