import { describe, expect, it } from "vitest";
import type { EventFilter } from "../../src/outbound/filter.ts";
import { compileFilter } from "../../src/outbound/filter.ts";
import { SECRET, setUp, URL_A, URL_B } from "./set-up.ts";

describe("which subscriptions an event goes to", () => {
  const cases: [string, readonly string[], string, boolean][] = [
    ["no events", [], "order.created", true],
    ["everything", ["*"], "order.created", true],
    ["the exact name", ["order.created"], "order.created", true],
    ["another name", ["order.paid"], "order.created", false],
    ["a prefix", ["order.*"], "order.created", true],
    ["a prefix, deeper", ["order.*"], "order.item.added", true],
    ["a longer prefix", ["order.item.*"], "order.item.added", true],
    ["a prefix itself", ["order.*"], "order", false],
    ["half a word", ["ord.*"], "order.created", false],
    ["one of several", ["user.*", "order.created"], "order.created", true],
    ["the name of an object's method", ["constructor"], "constructor", true],
  ];
  it.each(cases)("%s", async (_name, events, type, expected) => {
    const { outbound, transport } = setUp();
    outbound.subscribe({ url: URL_A, secret: SECRET, events });
    await outbound.send(type, {});
    expect(transport.requests).toHaveLength(expected ? 1 : 0);
    expect(outbound.listSubscriptions({ event: type })).toHaveLength(expected ? 1 : 0);
  });

  it("delivers once where two patterns match", async () => {
    const { outbound, transport } = setUp();
    outbound.subscribe({ url: URL_A, secret: SECRET, events: ["order.*", "*", "order.created"] });
    await outbound.send("order.created", {});
    expect(transport.requests).toHaveLength(1);
  });

  it("records nothing for an inactive subscription", async () => {
    const { outbound, transport } = setUp();
    const id = outbound.subscribe({ url: URL_A, secret: SECRET, active: false });
    expect(await outbound.send("order.created", {})).toEqual([]);
    expect(outbound.listSubscriptions({ active: true })).toEqual([]);
    outbound.update(id, { active: true });
    await outbound.send("order.created", {});
    expect(transport.requests).toHaveLength(1);
  });

  it("keeps tenants apart", async () => {
    const { outbound, transport } = setUp();
    outbound.subscribe({ url: URL_A, secret: SECRET, tenant: "a" });
    outbound.subscribe({ url: URL_B, secret: SECRET });
    await outbound.send("x", {}, { tenant: "a" });
    expect(transport.requests.map((request) => request.url)).toEqual([URL_A]);
    await outbound.send("x", {}, { tenant: "b" });
    expect(transport.requests).toHaveLength(1);
    await outbound.send("x", {});
    expect(transport.requests.map((request) => request.url)).toEqual([URL_A, URL_B]);
  });

  it("changes what one subscription gets by a transform, and only for it", async () => {
    const { outbound, transport } = setUp(
      {},
      {
        transform: (event, subscription) => {
          if (subscription.url === URL_B) return undefined;
          return { ...event, payload: { for: subscription.url } };
        },
      },
    );
    outbound.subscribe({ url: URL_A, secret: SECRET });
    outbound.subscribe({ url: URL_B, secret: SECRET });
    await outbound.send("x", { secret: "of another" });
    expect(
      transport.requests.map(({ url, body }) => [url, new TextDecoder().decode(body)]),
    ).toEqual([[URL_A, JSON.stringify({ for: URL_A })]]);
  });
});

describe("a filter on the payload", () => {
  const payload = {
    total: 50,
    country: "CN",
    tags: ["vip"],
    customer: { name: null },
    at: "2026-01-02",
  };
  const cases: [EventFilter, boolean][] = [
    [{}, true],
    [{ country: "CN" }, true],
    [{ country: "DE" }, false],
    [{ total: { $gt: 49 } }, true],
    [{ total: { $gt: 50 } }, false],
    [{ total: { $gte: 50, $lte: 50 } }, true],
    [{ total: { $lt: 50 } }, false],
    [{ total: { $gt: "4" } }, false],
    [{ at: { $gte: "2026-01-01" } }, true],
    [{ tags: "vip" }, true],
    [{ "customer.name": null }, true],
    [{ "customer.name": { $exists: true } }, true],
    [{ "customer.email": { $exists: false } }, true],
    [{ missing: { $ne: 1 } }, true],
    [{ country: { $in: ["DE", "CN"] } }, true],
    [{ country: { $in: [] } }, false],
    [{ $not: { country: "CN" } }, false],
    [{ $or: [{ country: "DE" }, { total: 50 }] }, true],
    [{ $or: [] }, false],
    [{ $and: [{ country: "CN" }, { total: 1 }] }, false],
    [{ __proto__x: { $exists: true } }, false],
    [{ "constructor.name": { $exists: true } }, false],
  ];
  it.each(cases)("%j is %s", (filter, expected) => {
    expect(compileFilter(filter)(payload)).toBe(expected);
  });

  it.each([
    null,
    1,
    [],
    { $where: "1" },
    { a: {} },
    { a: { b: 1 } },
    { $or: {} },
    { a: { $in: 1 } },
  ])("refuses %j", (filter) => {
    expect(() => compileFilter(filter)).toThrow(/^filter: /);
  });

  it("refuses a filter that costs too much", () => {
    const $or = Array.from({ length: 101 }, (_each, n) => ({ n }));
    expect(() => compileFilter({ $or })).toThrow(/more than 100/);
  });

  it("decides per subscription, on what the receiver will read", async () => {
    const { outbound, transport } = setUp();
    outbound.subscribe({ url: URL_A, secret: SECRET, filter: { at: "2026-01-01T00:00:00.000Z" } });
    outbound.subscribe({ url: URL_B, secret: SECRET, filter: { at: "another" } });
    await outbound.send("x", { at: new Date("2026-01-01") });
    expect(transport.requests.map((request) => request.url)).toEqual([URL_A]);
  });
});
