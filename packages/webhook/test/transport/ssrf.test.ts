import { Socket } from "node:net";
import { describe, expect, test, vi } from "vitest";
import type { FetchLike } from "../../src/transport/fetch-transport.ts";
import { createFetchTransport } from "../../src/transport/fetch-transport.ts";
import { createNetworkPolicy } from "../../src/transport/network-policy.ts";
import { createVettedResolver } from "../../src/transport/pinned-lookup.ts";
import { TRANSPORTS, afterTest, failureOf, receiver, request, table } from "./setup.ts";
import { PUBLIC_ADDRESSES, PUBLIC_URLS } from "./public-hosts.ts";
import { BLOCKED_URLS, HOSTILE_NAMES, INVALID_URLS } from "./ssrf-corpus.ts";

const policy = createNetworkPolicy();

/** Counts what is dialled in this process, and still dials it. */
function dials() {
  const spy = vi.spyOn(Socket.prototype, "connect");
  // Bun's own runner hands out the spy of the test before.
  spy.mockClear();
  afterTest(() => spy.mockRestore());
  return { count: () => spy.mock.calls.length };
}

test("the corpus holds at least 200 hostile URLs and names, none of them twice", () => {
  const all = [...BLOCKED_URLS, ...INVALID_URLS, ...HOSTILE_NAMES.map(([name]) => name)];
  expect(all.length).toBeGreaterThanOrEqual(200);
  expect(new Set(all).size).toBe(all.length);
});

describe("the policy", () => {
  test.each(BLOCKED_URLS)("blocks %j", (url) => {
    expect(() => policy.checkUrl(url)).toThrow(
      expect.objectContaining({
        code: "BLOCKED_ADDRESS",
        message: expect.stringContaining("network: { allow: ["),
      }),
    );
  });

  test.each(INVALID_URLS)("calls %j no URL", (url) => {
    expect(() => policy.checkUrl(url)).toThrow(expect.objectContaining({ code: "INVALID_URL" }));
  });

  test.each(PUBLIC_ADDRESSES)("lets %s pass", (address) => {
    expect(policy.checkAddress(address, "example.com")).toBeUndefined();
    const host = address.includes(":") ? `[${address}]` : address;
    expect(policy.checkUrl(`https://${host}/`).protocol).toBe("https:");
  });

  test.each(PUBLIC_URLS)("lets %s pass", (url, canonical) => {
    expect(policy.checkUrl(url).href).toBe(canonical);
  });
});

describe.each(TRANSPORTS)("over the $name transport:", ({ transport }) => {
  test("the count of dials counts them", async () => {
    const server = await receiver();
    const counted = dials();
    const outcome = await transport().send(request(server.url()));
    expect(failureOf(outcome)).toEqual({ kind: "response", status: 200 });
    expect(counted.count()).toBe(1);
  });

  describe("a transport with the default policy", () => {
    test("dials none of the hostile URLs, and asks no resolver about them", async () => {
      const counted = dials();
      const { resolve, asked } = table({});
      const sender = transport({ resolve, network: {} });
      for (const url of [...BLOCKED_URLS, ...INVALID_URLS]) {
        const outcome = await sender.send(request(url));
        expect({ url, ...failureOf(outcome) }).toMatchObject({ url, errorClass: "blocked" });
      }
      expect(asked).toEqual([]);
      expect(counted.count()).toBe(0);
    });

    // A socket's `connect` is called before the name is looked up, so the count cannot tell here. A listener can: many of
    // these names lead to it, and beside the others stands an address that does.
    test("dials none of the hostile names", async () => {
      const server = await receiver();
      const { resolve, asked } = table(Object.fromEntries(HOSTILE_NAMES));
      const sender = transport({ resolve, network: {} });
      for (const [name] of HOSTILE_NAMES) {
        for (const scheme of ["http", "https"]) {
          const outcome = await sender.send(request(`${scheme}://${name}:${server.port}/`));
          expect({ name, ...failureOf(outcome) }).toEqual({
            name,
            errorClass: "blocked",
            code: "BLOCKED_ADDRESS",
          });
        }
      }
      expect(asked).toHaveLength(HOSTILE_NAMES.length * 2);
      expect(server.connections()).toBe(0);
    });

    test("gives out no address of a hostile name, not even those that are allowed", async () => {
      const server = await receiver();
      const mixed = HOSTILE_NAMES.filter(([, addresses]) => !addresses.includes("127.0.0.1"));
      const { resolve } = table(
        Object.fromEntries(mixed.map(([name, addresses]) => [name, ["127.0.0.1", ...addresses]])),
      );
      const sender = transport({ resolve, network: { allow: ["127.0.0.1"] } });
      for (const [name] of mixed) {
        const outcome = await sender.send(request(`http://${name}:${server.port}/`));
        expect({ name, ...failureOf(outcome) }).toMatchObject({ name, errorClass: "blocked" });
      }
      expect(server.connections()).toBe(0);
    });

    test("does not dial them through an injected fetch either, as far as the URL tells", async () => {
      const fetch = vi.fn<FetchLike>(async () => ({ status: 200 }));
      const sender = createFetchTransport({ fetch, policy });
      for (const url of [...BLOCKED_URLS, ...INVALID_URLS]) {
        const outcome = await sender.send(request(url));
        expect({ url, ...failureOf(outcome) }).toMatchObject({ url, errorClass: "blocked" });
      }
      expect(fetch).not.toHaveBeenCalled();
    });

    test("dials none of the hostile URLs through a proxy", async () => {
      const proxy = await receiver();
      const sender = transport({ network: {} });
      for (const url of [...BLOCKED_URLS, ...INVALID_URLS]) {
        const outcome = await sender.send(request(url, { proxy: proxy.url() }));
        expect({ url, ...failureOf(outcome) }).toMatchObject({ url, errorClass: "blocked" });
      }
      expect(proxy.connections()).toBe(0);
    });
  });

  describe("DNS rebinding", () => {
    const network = { allow: ["127.0.0.1"] };

    test("the address that is dialled is the one that was checked, from one single answer", async () => {
      const server = await receiver();
      let asked = 0;
      const sender = transport({
        network,
        resolve: async () => {
          asked += 1;
          return [{ address: asked === 1 ? "127.0.0.1" : "127.0.0.2", family: 4 }];
        },
      });
      const url = `http://rebind.example.test:${server.port}/`;
      expect(await sender.send(request(url))).toMatchObject({ status: 200, address: "127.0.0.1" });
      expect(asked).toBe(1);

      // A connection that is kept keeps its checked address; a new one is checked anew.
      expect(await sender.send(request(url))).toMatchObject({ status: 200, address: "127.0.0.1" });
      expect(asked).toBe(1);
      const [first, second] = await Promise.all([
        sender.send(request(url)),
        sender.send(request(url)),
      ]);
      expect(failureOf(first)).toEqual({ kind: "response", status: 200 });
      expect(failureOf(second)).toEqual({ errorClass: "blocked", code: "BLOCKED_ADDRESS" });
      expect(asked).toBe(2);
      expect(server.connections()).toBe(1);
    });

    test("the connection that replaces a dropped one is checked too", async () => {
      const server = await receiver();
      server.script("/", [
        { kind: "respond", status: 200 },
        { kind: "reset", when: "before-headers" },
      ]);
      const answers = ["127.0.0.1", "127.0.0.2"];
      const sender = transport({
        network,
        resolve: async () => [{ address: answers.shift() ?? "", family: 4 }],
      });
      const url = `http://rebind.example.test:${server.port}/`;
      await sender.send(request(url));
      const outcome = await sender.send(request(url));
      expect(failureOf(outcome)).toEqual({ errorClass: "blocked", code: "BLOCKED_ADDRESS" });
      expect(server.connections()).toBe(1);
    });

    test("an answer that changes after it was read is dialled as it was read", async () => {
      let reads = 0;
      const entry = {
        get address() {
          reads += 1;
          return reads === 1 ? "127.0.0.1" : "10.0.0.1";
        },
        family: 4 as const,
      };
      const vetted = createVettedResolver(createNetworkPolicy(network), async () => [entry]);
      expect(await vetted("rebind.example.test")).toEqual([{ address: "127.0.0.1", family: 4 }]);
    });

    test("a family that the resolver gets wrong is not believed", async () => {
      const vetted = createVettedResolver(createNetworkPolicy(network), async () => [
        { address: "127.0.0.1", family: 6 },
      ]);
      expect(await vetted("rebind.example.test")).toEqual([{ address: "127.0.0.1", family: 4 }]);
    });
  });
});
