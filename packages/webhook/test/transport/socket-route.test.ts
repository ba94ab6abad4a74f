import { describe, expect, test } from "vitest";
import { createDialer } from "../../src/transport/dial.ts";
import { createNetworkPolicy } from "../../src/transport/network-policy.ts";
import { createVettedResolver } from "../../src/transport/pinned-lookup.ts";
import { createRecentMap } from "../../src/transport/recent-map.ts";
import { createRoutes } from "../../src/transport/route.ts";
import { request } from "./setup.ts";

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a recent map holds what is asked for, and forgets what is not", () => {
  const map = createRecentMap<number, string>(8);
  map.set(0, "kept");
  for (let key = 1; key < 1_000; key += 1) {
    map.set(key, "x");
    expect(map.get(0)).toBe("kept");
  }
  const held = Array.from({ length: 1_000 }, (_each, key) => key).filter((key) => map.get(key));
  expect(held.length).toBeLessThanOrEqual(8);
});

describe("the addresses of an origin in use", () => {
  test("are checked again after 30 seconds, beside its requests", async () => {
    const policy = createNetworkPolicy({ allow: ["127.0.0.1"] });
    const { origin } = createRoutes(policy).find(request("http://hook.example.test/"));
    const refused: unknown[] = [];
    let asked = 0;
    let address = "127.0.0.1";
    const dialer = createDialer({
      resolve: createVettedResolver(policy, async () => {
        asked += 1;
        if (address === "") throw Object.assign(new Error("down"), { code: "EAI_AGAIN" });
        return [{ address, family: 4 }];
      }),
      onRefused: (each) => refused.push(each),
    });
    const start = performance.now();
    origin.checkedAt = start;
    dialer.recheck(origin, start + 29_999);
    expect(asked).toBe(0);
    dialer.recheck(origin, start + 30_000);
    dialer.recheck(origin, start + 30_001);
    await settled();
    expect(asked).toBe(1);

    // A name server that is down says nothing about the addresses.
    address = "";
    dialer.recheck(origin, start + 90_000);
    await settled();
    expect([asked, refused]).toEqual([2, []]);

    address = "10.0.0.1";
    dialer.recheck(origin, start + 119_999);
    await settled();
    expect(asked).toBe(2);
    dialer.recheck(origin, start + 120_000);
    await settled();
    expect(refused).toEqual([origin]);
  });

  test("are not looked up for an address, nor behind a proxy", () => {
    const routes = createRoutes(createNetworkPolicy({ allow: ["127.0.0.1"] }));
    const dialer = createDialer({
      resolve: async () => {
        throw new Error("asked");
      },
      onRefused() {},
    });
    for (const found of [
      routes.find(request("http://127.0.0.1/")),
      routes.find(request("http://hook.example.test/", { proxy: "http://proxy.example:3128" })),
    ]) {
      expect(found.origin.isResolved).toBe(false);
      dialer.recheck(found.origin, Number.MAX_SAFE_INTEGER);
      expect(found.origin.lookup).toBeUndefined();
    }
  });
});

describe("a route", () => {
  const routes = createRoutes(createNetworkPolicy());
  const find = (url: string, changes = {}) => routes.find(request(url, changes));

  test("is found again, and its origin is that of other paths", () => {
    const one = find("https://hook.example.test/one");
    expect(find("https://hook.example.test/one")).toBe(one);
    expect(find("https://hook.example.test/two").origin).toBe(one.origin);
    expect(find("https://hook.example.test:444/one").origin).not.toBe(one.origin);
    expect(find("http://hook.example.test/one").origin).not.toBe(one.origin);
  });

  test("is another one with other settings, and the same one with equal settings", () => {
    const url = "https://hook.example.test/one";
    const plain = find(url).origin;
    const withCa = find(url, { tls: { ca: "a" } }).origin;
    expect(find(url, { tls: { ca: "a" } }).origin).toBe(withCa);
    expect(find(url).origin).toBe(plain);
    const others = [
      plain,
      withCa,
      find(url, { tls: { ca: "b" } }).origin,
      find(url, { tls: { cert: "a" } }).origin,
      find(url, { tls: { ca: "a" }, proxy: "http://proxy.example" }).origin,
      find(url, { proxy: "http://proxy.example" }).origin,
      find(url, { proxy: "http://other.example" }).origin,
    ];
    expect(new Set(others).size).toBe(others.length);
  });

  test("through a proxy asks for the whole URL, with the proxy's credentials and no others", () => {
    const headers = { "Proxy-Authorization": "Basic other" };
    const proxy = "http://user:pass@proxy.example";
    const bytesFor = (url: string): string => {
      const { writer, requestStart } = find(url, { proxy });
      return new TextDecoder().decode(writer.bytes(requestStart, headers, new Uint8Array(0)));
    };
    expect(bytesFor("http://hook.example.test/one")).toBe(
      "POST http://hook.example.test/one HTTP/1.1\r\nhost: hook.example.test\r\naccept-encoding: identity\r\n" +
        `proxy-authorization: Basic ${btoa("user:pass")}\r\ncontent-length: 0\r\n\r\n`,
    );
    // In a tunnel the endpoint is spoken to, not the proxy.
    expect(bytesFor("https://hook.example.test/one")).toBe(
      "POST /one HTTP/1.1\r\nhost: hook.example.test\r\naccept-encoding: identity\r\n" +
        "Proxy-Authorization: Basic other\r\ncontent-length: 0\r\n\r\n",
    );
  });

  test("is judged by the policy, each time that it is not found", () => {
    for (let times = 0; times < 2; times += 1) {
      expect(() => find("http://127.0.0.1/")).toThrow(
        expect.objectContaining({ code: "BLOCKED_ADDRESS" }),
      );
      expect(() => find("https://hook.example.test/", { proxy: "nonsense" })).toThrow(
        expect.objectContaining({ code: "INVALID_OPTION" }),
      );
    }
  });
});
