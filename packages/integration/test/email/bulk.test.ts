import { describe, expect, it } from "vitest";
import type { BulkProgress, BulkRecipient, HandOver } from "../../src/email/index.ts";
import { createEmailService } from "../../src/email/index.ts";
import { createBench, createScriptedProvider, sentBy, TEMPLATE } from "./set-up.ts";

const people = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, n) => `u${n + from}@example.com`);

const scripted = (answers: readonly HandOver[], batchSize: number) => {
  const provider = createScriptedProvider("scripted", answers);
  const service = createEmailService({ provider, from: "shop@example.com", batchSize });
  return { provider, service };
};

const failure = (
  code: "AUTH_ERROR" | "NETWORK_ERROR" | "INVALID_MESSAGE" | "RATE_LIMITED",
  outcome: "not_sent" | "rejected" | "unknown",
  status?: number,
): HandOver => ({
  success: false,
  error: {
    code,
    message: code,
    outcome,
    retryable: false,
    ...(status !== undefined && { status }),
    ...(code === "RATE_LIMITED" && { retryAfterMs: 9000 }),
  },
});

describe("sending to many", () => {
  it("sends batches of at most 1000, each recipient with data of their own", async () => {
    await using bench = await createBench();
    const recipients: BulkRecipient[] = people(2500).map((to, n) => ({ to, data: { n } }));
    const report = await bench.service.sendBulk(recipients, TEMPLATE, {
      data: { shop: "ours", n: -1 },
    });
    expect(report).toMatchObject({
      total: 2500,
      sent: 2500,
      repeated: 0,
      rejected: 0,
      notSent: 0,
      unknown: 0,
    });
    expect(bench.emulator.requests).toHaveLength(3);
    expect(bench.emulator.messages.map(({ to }) => to)).toEqual(people(2500));
    expect(bench.emulator.messages[2499]?.data).toEqual({ shop: "ours", n: 2499 });
    expect(report.results.map(({ index }) => index)).toEqual([...Array(2500).keys()]);
    const ids = new Set(
      bench.emulator.messages.map(({ customArgs }) => customArgs["ventostack_ref"]),
    );
    expect(ids.size).toBe(2500);
    expect((await bench.service.list({ to: "u7@example.com" })).records).toMatchObject([
      { operationId: report.operationId, slot: "u7@example.com", handOver: "sent" },
    ]);
  });

  it("with nobody sends nothing", async () => {
    const { provider, service } = scripted([sentBy("scripted")], 10);
    expect(await service.sendBulk([], "welcome")).toMatchObject({ total: 0, sent: 0, results: [] });
    expect(provider.emails).toHaveLength(0);
  });

  it("tells each recipient's own result: bad addresses and doubles do not spoil the rest", async () => {
    const { provider, service } = scripted([sentBy("scripted")], 3);
    const report = await service.sendBulk(
      [
        "a@example.com",
        "nobody",
        { to: { email: "A@Example.com", name: "again" } },
        { to: "b@example.com", data: { n: 1n } },
        null as never,
        "c@example.com",
        "a@example.com",
      ],
      "welcome",
    );
    expect(
      report.results.map(({ result }) => (result.success ? "sent" : result.error.code)),
    ).toEqual([
      "sent",
      "INVALID_RECIPIENT",
      "DUPLICATE_RECIPIENT",
      "INVALID_MESSAGE",
      "INVALID_RECIPIENT",
      "sent",
      "DUPLICATE_RECIPIENT",
    ]);
    expect(report).toMatchObject({ sent: 2, notSent: 5 });
    expect(provider.emails).toHaveLength(2);
  });

  it("leaves out the recipients that the provider refuses, and sends to the others", async () => {
    await using bench = await createBench();
    bench.emulator.refuse("u1@example.com");
    bench.emulator.refuse("u3@example.com");
    const report = await bench.service.sendBulk(people(5), TEMPLATE);
    expect(report).toMatchObject({ sent: 3, rejected: 2 });
    expect(report.results[3]?.result).toMatchObject({
      success: false,
      id: expect.any(String),
      error: { code: "INVALID_RECIPIENT", outcome: "rejected", status: 400 },
    });
    expect(bench.emulator.messages.map(({ to }) => to)).toEqual([
      "u0@example.com",
      "u2@example.com",
      "u4@example.com",
    ]);
    expect((await bench.service.list({ handOver: ["rejected"] })).records).toHaveLength(2);
  });

  it("gives up on a provider that refuses one recipient after the other", async () => {
    const refusing: HandOver = {
      ...failure("INVALID_MESSAGE", "rejected", 400),
      refusedRecipients: [0],
    } as HandOver;
    const { provider, service } = scripted([refusing], 100);
    const report = await service.sendBulk(people(100), "welcome");
    expect(report).toMatchObject({ sent: 0, rejected: 100 });
    expect(provider.emails.map(({ recipients }) => recipients.length)).toEqual([100, 99, 98, 97]);
  });

  it.each([
    ["a wrong key", failure("AUTH_ERROR", "rejected", 401)],
    ["a refused connection", failure("NETWORK_ERROR", "not_sent")],
    ["a bad template", failure("INVALID_MESSAGE", "rejected", 400)],
    ["the rate limit", failure("RATE_LIMITED", "rejected", 429)],
  ])("stops at %s, which the next batch would meet too", async (_name, answer) => {
    const { provider, service } = scripted([sentBy("scripted"), answer], 2);
    const report = await service.sendBulk(people(8), "welcome");
    expect(provider.emails).toHaveLength(2);
    expect(report.sent).toBe(2);
    expect(report.results[7]?.result).toMatchObject({
      error: { code: "STOPPED", outcome: "not_sent" },
    });
    expect(report.rejected + report.notSent).toBe(6);
  });

  it("passes on how long to wait", async () => {
    const { service } = scripted([failure("RATE_LIMITED", "rejected", 429)], 1);
    const report = await service.sendBulk(people(2), "welcome");
    expect(report.results[1]?.result).toMatchObject({
      error: { code: "STOPPED", retryAfterMs: 9000 },
    });
  });

  it.each([
    ["a lost answer", failure("NETWORK_ERROR", "unknown"), { unknown: 2, sent: 4 }],
    [
      "a batch that was too large",
      failure("INVALID_MESSAGE", "rejected", 413),
      { rejected: 2, sent: 4 },
    ],
  ])(
    "goes on after %s, which says nothing about the next batch",
    async (_name, answer, expected) => {
      const { service } = scripted([sentBy("scripted"), answer, sentBy("scripted")], 2);
      expect(await service.sendBulk(people(6), "welcome")).toMatchObject(expected);
    },
  );

  it("goes on where it stopped, with the same operation id, and sends to nobody twice", async () => {
    const { provider, service } = scripted(
      [
        sentBy("scripted"),
        failure("NETWORK_ERROR", "unknown"),
        failure("AUTH_ERROR", "rejected", 401),
        sentBy("scripted"),
      ],
      2,
    );
    const options = { operationId: "newsletter-7" };
    const first = await service.sendBulk(people(8), "welcome", options);
    expect(first).toMatchObject({ sent: 2, unknown: 2, rejected: 2, notSent: 2 });
    const second = await service.sendBulk(people(8), "welcome", options);
    expect(second).toMatchObject({ sent: 6, repeated: 2, unknown: 2, rejected: 0, notSent: 0 });
    const counts = new Map<string, number>();
    const [sent, , , ...later] = provider.emails;
    for (const email of [sent, ...later])
      for (const { to } of email?.recipients ?? [])
        counts.set(to.email, (counts.get(to.email) ?? 0) + 1);
    expect([...counts.values()]).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it("refuses everybody where the message is wrong", async () => {
    const { provider, service } = scripted([sentBy("scripted")], 2);
    const report = await service.sendBulk(people(3), "welcome", { from: "nobody" });
    expect(report).toMatchObject({ sent: 0, notSent: 3 });
    expect(report.results[2]?.result).toMatchObject({ error: { code: "INVALID_MESSAGE" } });
    expect(provider.emails).toHaveLength(0);
  });

  it("throws at once for the caller's mistakes", () => {
    const { service } = scripted([sentBy("scripted")], 2);
    expect(() => service.sendBulk("a@example.com" as never, "welcome")).toThrow(/list/);
    expect(() => service.sendBulk([], "welcome", { operationId: "" })).toThrow(/operationId/);
    expect(() => service.sendBulk([], "welcome", { progress: 1 } as never)).toThrow(/progress/);
  });

  it("is not changed by what happens to the list meanwhile", async () => {
    const { provider, service } = scripted([sentBy("scripted")], 1);
    const recipients = people(2);
    const sending = service.sendBulk(recipients, "welcome");
    recipients.length = 0;
    expect(await sending).toMatchObject({ total: 2, sent: 2 });
    expect(provider.emails).toHaveLength(2);
  });
});

describe("the progress of a bulk", () => {
  it("comes by callback, after each batch", async () => {
    const { service } = scripted([sentBy("scripted")], 2);
    const seen: BulkProgress[] = [];
    await service.sendBulk(people(5), "welcome", {
      onProgress: (progress) => void seen.push(progress),
    });
    expect(seen.map(({ done, total }) => `${done}/${total}`)).toEqual(["2/5", "4/5", "5/5"]);
    expect(seen[2]?.results.map(({ index }) => index)).toEqual([4]);
  });

  it("comes as an async iterable, to each who reads, from the beginning", async () => {
    const { service } = scripted([sentBy("scripted")], 2);
    const sending = service.sendBulk(people(5), "welcome");
    const read = async () => {
      const done: number[] = [];
      for await (const progress of sending) done.push(progress.done);
      return done;
    };
    const early = read();
    const report = await sending;
    expect(await early).toEqual([2, 4, 5]);
    expect(await read()).toEqual([2, 4, 5]);
    expect(report.sent).toBe(5);
  });

  it("may be left without stopping the sending", async () => {
    const { service } = scripted([sentBy("scripted")], 1);
    const sending = service.sendBulk(people(4), "welcome");
    for await (const progress of sending) if (progress.done === 1) break;
    expect(await sending).toMatchObject({ sent: 4 });
  });

  it("goes on when the callback throws", async () => {
    const { service } = scripted([sentBy("scripted")], 1);
    const report = await service.sendBulk(people(2), "welcome", {
      onProgress() {
        throw new Error("watcher");
      },
    });
    expect(report.sent).toBe(2);
  });
});

describe("aborting a bulk", () => {
  it("between batches leaves the rest unsent, and the same operation id goes on", async () => {
    await using bench = await createBench({ service: { batchSize: 2 } });
    const controller = new AbortController();
    const options = { operationId: "op" };
    const report = await bench.service.sendBulk(people(6), TEMPLATE, {
      ...options,
      signal: controller.signal,
      onProgress: ({ done }) => {
        if (done === 2) controller.abort();
      },
    });
    expect(report).toMatchObject({ sent: 2, notSent: 4, unknown: 0 });
    expect(report.results[5]?.result).toMatchObject({
      error: { code: "ABORTED", outcome: "not_sent" },
    });
    expect(bench.emulator.requests).toHaveLength(1);
    expect(await bench.service.sendBulk(people(6), TEMPLATE, options)).toMatchObject({
      sent: 6,
      repeated: 2,
    });
    expect(bench.emulator.messages).toHaveLength(6);
  });

  it("within a batch leaves that batch unknown and the rest unsent", async () => {
    await using bench = await createBench({ service: { batchSize: 2 } });
    bench.emulator.fail({ kind: "slow", acts: true });
    const controller = new AbortController();
    const sending = bench.service.sendBulk(people(4), TEMPLATE, { signal: controller.signal });
    await bench.emulator.received(1);
    controller.abort();
    expect(await sending).toMatchObject({ sent: 0, unknown: 2, notSent: 2 });
    expect(bench.emulator.requests).toHaveLength(1);
  });
});
