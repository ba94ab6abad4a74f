import { describe, expect, it } from "vitest";
import type { Bench } from "./set-up.ts";
import { createBench, T0, TEMPLATE } from "./set-up.ts";

const send = (bench: Bench) => bench.service.sendEmail("jenny@example.com", TEMPLATE);

describe("the SendGrid provider over a real socket", () => {
  it("waits for the rate limit to be reset, and sends once", async () => {
    const retries: number[] = [];
    await using bench = await createBench({
      client: {
        hooks: {
          onRetry: ({ delayMs }) => {
            retries.push(delayMs);
            queueMicrotask(() => bench.clock.advance(delayMs + 1));
          },
        },
      },
    });
    bench.emulator.fail({ kind: "rate-limit", resetAfterMs: 5000 });
    expect(await send(bench)).toMatchObject({ success: true });
    expect(bench.emulator.requests).toHaveLength(2);
    expect(bench.emulator.messages).toHaveLength(1);
    expect(bench.clock.now()).toBeGreaterThanOrEqual(T0 + 5000);
    expect(retries.length).toBeLessThanOrEqual(3);
  });

  it.each([
    ["a 500 after the message was taken", { kind: "status", status: 500, acts: true }, 1],
    ["a 503", { kind: "status", status: 503 }, 0],
    ["a reset after the message was taken", { kind: "reset", when: "after" }, 1],
    ["a reset before anything was done", { kind: "reset", when: "before" }, 0],
  ] as const)("does not send again after %s", async (_name, failure, taken) => {
    await using bench = await createBench();
    bench.emulator.fail(failure);
    expect(await send(bench)).toMatchObject({ success: false, error: { outcome: "unknown" } });
    expect(bench.emulator.requests).toHaveLength(1);
    expect(bench.emulator.messages).toHaveLength(taken);
  });

  it("does not send again after a time-out", async () => {
    await using bench = await createBench();
    bench.emulator.fail({ kind: "slow", acts: true });
    const sending = send(bench);
    await bench.emulator.received(1);
    bench.clock.advance(30_000);
    expect(await sending).toMatchObject({ error: { code: "TIMEOUT", outcome: "unknown" } });
    expect(bench.emulator.requests).toHaveLength(1);
  });

  it("tries a refused connection again, and then says that nothing was sent", async () => {
    const bench = await createBench();
    await bench.emulator.close();
    const result = await send(bench);
    expect(result).toMatchObject({
      success: false,
      error: { code: "NETWORK_ERROR", outcome: "not_sent", retryable: true },
    });
    await bench.service.close();
  });

  it("says that a key is wrong", async () => {
    await using bench = await createBench({ provider: { apiKey: "SG.not.it" } });
    expect(await send(bench)).toMatchObject({ error: { code: "AUTH_ERROR", outcome: "rejected" } });
  });
});
