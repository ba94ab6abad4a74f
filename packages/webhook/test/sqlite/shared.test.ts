import { describe, expect, it } from "vitest";
import { createOutboundWebhookManager } from "../../src/outbound/manager.ts";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { createScriptedTransport } from "../outbound/scripted-transport.ts";
import { recount } from "./recount.ts";
import {
  claim,
  countersOf,
  createPaths,
  enqueue,
  idsOf,
  LEASE_MS,
  settleSent,
  subscribe,
  T0,
  turn,
  until,
} from "./support.ts";

const newPath = createPaths();
const URL_A = "https://a.example.com/hook";
const SECRET = "a-secret-of-the-tests";

/** Two connections to one file, as of two processes. */
function twoStores() {
  const path = newPath();
  const [one, two] = [
    createSqliteStore(path, { pollMs: 5 }),
    createSqliteStore(path, { pollMs: 5 }),
  ];
  return {
    ...{ path, one, two },
    close: (): void => {
      one.close();
      two.close();
    },
  };
}

describe("two processes on one file", () => {
  it("hear of each other's work, and only then", async () => {
    const { one, two, close } = twoStores();
    subscribe(one, "a");
    expect(two.changes?.poll(T0)).toBe(true);
    expect(two.changes?.poll(T0)).toBe(false);
    await enqueue(two, "a");
    expect(two.changes?.poll(T0)).toBe(false);
    expect(one.changes?.poll(T0)).toBe(true);
    expect(one.changes?.poll(T0)).toBe(false);
    close();
  });

  it("take a dead one's work over when its leases have run out, and fence it off", async () => {
    const { one, two, close } = twoStores();
    subscribe(one, "a");
    const id = await enqueue(one, "a");
    const old = await claim(one);
    await two.changes?.poll(T0);
    expect(two.changes?.poll(T0 + LEASE_MS - 1)).toBe(false);
    expect(await claim(two, T0 + LEASE_MS - 1)).toEqual([]);
    expect(two.changes?.poll(T0 + LEASE_MS)).toBe(true);
    const current = await claim(two, T0 + LEASE_MS);
    expect(idsOf(current)).toEqual([id]);
    expect(await settleSent(one, old)).toEqual(["fenced"]);
    expect(await settleSent(two, current)).toEqual(["settled"]);
    close();
  });

  it("see each other's subscriptions at once, changed and removed ones too", async () => {
    const { one, two, close } = twoStores();
    const matched = async (): Promise<string[]> =>
      (await two.subscriptions.match(["order.created"], undefined)).map((each) => each.id);
    expect(await matched()).toEqual([]);
    subscribe(one, "a", { events: ["order.created"] });
    await turn();
    expect(await matched()).toEqual(["a"]);
    subscribe(one, "a", { events: ["order.created"], url: "https://elsewhere.example.com/" });
    await turn();
    expect(two.subscriptions.get("a")?.url).toBe("https://elsewhere.example.com/");
    subscribe(one, "a", { events: ["order.paid"] });
    await turn();
    expect(await matched()).toEqual([]);
    one.subscriptions.delete("a", T0);
    await turn();
    expect(two.subscriptions.get("a")).toBeUndefined();
    close();
  });

  it("keep an endpoint paused that one pauses while the other's result is on its way", async () => {
    const { path, one, two, close } = twoStores();
    subscribe(one, "a");
    await enqueue(one, "a");
    await enqueue(one, "a");
    const [claimed] = await claim(one, T0, { limit: 1 });
    const settling = one.settle([
      {
        ...{ deliveryId: claimed?.delivery.id ?? "", token: claimed?.token ?? 0, at: T0 },
        ...{ result: "failed", dueAt: T0, error: "HTTP 500" },
        endpoint: { status: "failing", failures: 1, failingSince: T0 },
      },
    ]);
    subscribe(two, "a", { endpoint: { status: "paused", reason: "by hand", failures: 0 } });
    expect(await settling).toEqual(["settled"]);
    expect(one.subscriptions.get("a")?.endpoint).toMatchObject({
      status: "paused",
      reason: "by hand",
    });
    expect(countersOf(one)).toMatchObject({ held: 2 });
    expect(countersOf(one)).toEqual({ ...recount(path) });
    close();
  });

  it("give an ordered subscription's next delivery to whoever comes first", async () => {
    const { one, two, close } = twoStores();
    subscribe(one, "a", { ordered: true });
    const ids = [await enqueue(one, "a"), await enqueue(two, "a"), await enqueue(one, "a")];
    for (const [index, store] of [one, two, two].entries()) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const claimed = await claim(store);
      expect(idsOf(claimed)).toEqual([ids[index]]);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await claim(store === one ? two : one)).toEqual([]);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await settleSent(store, claimed);
    }
    close();
  });

  it("count right together", async () => {
    const { path, one, two, close } = twoStores();
    for (const id of ["a", "b"]) subscribe(one, id);
    await Promise.all(
      [one, two, one, two].map(async (store, index) => {
        for (let count = 0; count < 20; count += 1) {
          // oxlint-disable-next-line no-await-in-loop -- one after the other
          await enqueue(store, index % 2 === 0 ? "a" : "b");
          // oxlint-disable-next-line no-await-in-loop -- one after the other
          await settleSent(store, await claim(store, T0, { limit: 1 }));
        }
      }),
    );
    await turn();
    expect(countersOf(one)).toEqual({ ...recount(path) });
    expect(countersOf(two)).toEqual(countersOf(one));
    expect(one.stats().pending + one.stats().sent).toBe(80);
    close();
  });
});

function sender(path: string, status: "answers" | "hangs") {
  const transport = createScriptedTransport(status === "hangs" ? { [URL_A]: ["hang"] } : {});
  const outbound = createOutboundWebhookManager({
    store: createSqliteStore(path, { pollMs: 5 }),
    transport,
    // One attempt of an endpoint that is not known yet leaves the rest to the other.
    deliveryTimeout: 1,
  });
  return { transport, outbound };
}

describe("two senders on one file", () => {
  it("share the work: what one cannot take, the other does within the poll's time", async () => {
    const path = newPath();
    const busy = sender(path, "hangs");
    const idle = sender(path, "answers");
    busy.outbound.subscribe({ url: URL_A, secret: SECRET });
    for (let count = 0; count < 10; count += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await busy.outbound.send("x", { count });
    }
    await until(() => idle.outbound.stats().sent === 9);
    expect(busy.transport.requests).toHaveLength(1);
    expect(idle.transport.requests).toHaveLength(9);
    busy.outbound.destroy();
    await idle.outbound.close();
  });

  it("lose nothing when one ends: its work is given back and done by the other", async () => {
    const path = newPath();
    const first = sender(path, "hangs");
    first.outbound.subscribe({ url: URL_A, secret: SECRET });
    const ids = await first.outbound.send("x", {});
    await until(() => first.transport.requests.length === 1);
    first.outbound.destroy();
    const second = sender(path, "answers");
    await until(() => second.outbound.getDelivery(ids[0] ?? "")?.status === "sent");
    expect(second.outbound.stats()).toMatchObject({ subscriptions: 1, sent: 1 });
    await second.outbound.close();
  });
});
