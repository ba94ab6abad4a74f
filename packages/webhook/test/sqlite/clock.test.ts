import { describe, expect, it } from "vitest";
import type { Clock } from "../../src/clock.ts";
import { systemClock } from "../../src/clock.ts";
import { createOutboundWebhookManager } from "../../src/outbound/manager.ts";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { answer, createScriptedTransport } from "../outbound/scripted-transport.ts";
import { recount } from "./recount.ts";
import { countersOf, createPaths, until } from "./support.ts";

const newPath = createPaths();
const URL_A = "https://a.example.com/hook";
const URL_B = "https://b.example.com/hook";
const HOUR_MS = 3_600_000;

/** A clock that can be set while its timers run, as that of a machine can. */
function settableClock(): Clock & { set(byMs: number): void } {
  let offset = 0;
  return {
    ...systemClock,
    now: () => systemClock.now() + offset,
    set(byMs) {
      offset += byMs;
    },
  };
}

function sender(path: string, clock: Clock, script: Parameters<typeof createScriptedTransport>[0]) {
  const transport = createScriptedTransport(script);
  const errors: unknown[] = [];
  const outbound = createOutboundWebhookManager({
    ...{ store: createSqliteStore(path), transport, clock, retryInterval: 20 },
    hooks: { onError: ({ error }) => void errors.push(error) },
  });
  return { transport, outbound, errors };
}

describe("a sender with a SQLite store whose clock is set back by an hour", () => {
  it("writes down what was in flight, and sends and tries again what is new, at once", async () => {
    const path = newPath();
    const clock = settableClock();
    const script = { [URL_A]: ["hang"], [URL_B]: [answer(500), answer(200)] } as const;
    const { transport, outbound, errors } = sender(path, clock, script);
    outbound.subscribe({ url: URL_A, secret: "a-secret-of-the-tests", events: ["before"] });
    outbound.subscribe({ url: URL_B, secret: "a-secret-of-the-tests", events: ["after"] });
    await outbound.send("before", {});
    await until(() => transport.waiting.length === 1);
    clock.set(-HOUR_MS);
    const [id = ""] = await outbound.send("after", {});
    await until(() => outbound.getDelivery(id)?.status === "sent");
    transport.waiting[0]?.();
    await until(() => outbound.stats().sent === 2);
    expect(transport.requests).toHaveLength(3);
    expect(outbound.listAttempts(id).map((each) => each.status)).toEqual([500, 200]);
    expect(errors).toEqual([]);
    await outbound.close();
    expect(recount(path)).toMatchObject({ pending: 0, failed: 0, sent: 2 });
  });

  it("keeps what is due by the clock of before, and sends it when that time has come again", async () => {
    const path = newPath();
    const clock = settableClock();
    const { transport, outbound } = sender(path, clock, { [URL_A]: [answer(500), answer(200)] });
    outbound.subscribe({ url: URL_A, secret: "a-secret-of-the-tests" });
    const [before = ""] = await outbound.send("before", {});
    await until(() => outbound.getDelivery(before)?.status === "failed");
    clock.set(-HOUR_MS);
    const [after = ""] = await outbound.send("after", {});
    await until(() => outbound.getDelivery(after)?.status === "sent");
    expect(outbound.getDelivery(before)?.status).toBe("failed");
    clock.set(HOUR_MS);
    await outbound.send("later", {});
    await until(() => outbound.stats().sent === 3);
    expect(transport.requests).toHaveLength(4);
    await outbound.close();
  });

  it("goes on after a restart at the earlier time", async () => {
    const path = newPath();
    const clock = settableClock();
    const first = sender(path, clock, { [URL_A]: [answer(500)] });
    const sub = first.outbound.subscribe({ url: URL_A, secret: "a-secret-of-the-tests" });
    await first.outbound.send("before", {});
    await until(() => first.outbound.stats().failed === 1);
    await first.outbound.close({ timeoutMs: 0 });

    clock.set(-HOUR_MS);
    const second = sender(path, clock, {});
    expect(second.outbound.listSubscriptions().map((each) => each.id)).toEqual([sub]);
    await second.outbound.send("after", {});
    await until(() => second.outbound.stats().sent === 1);
    const store = createSqliteStore(path);
    expect(countersOf(store)).toEqual({ ...recount(path) });
    store.close();
    clock.set(HOUR_MS);
    expect(await second.outbound.retry()).toBe(1);
    await until(() => second.outbound.stats().sent === 2);
    await second.outbound.close();
  });
});
