import { describe, expect, test } from "vitest";
import { createNetworkPolicy } from "../../src/transport/network-policy.ts";
import type { NetworkOptions } from "../../src/transport/network-policy.ts";
import { TRANSPORTS, receiver, request, table } from "./setup.ts";

function refusalOf(options: NetworkOptions, url: string): string | undefined {
  try {
    createNetworkPolicy(options).checkUrl(url);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe("allow", () => {
  test("opens a range up to its edges and no further", () => {
    const policy = createNetworkPolicy({ allow: ["10.1.0.0/16", "fd00:1::/32"] });
    for (const address of ["10.1.0.0", "10.1.255.255", "fd00:1::", "fd00:1:ffff::1"]) {
      expect(policy.checkAddress(address)).toBeUndefined();
    }
    for (const address of ["10.0.255.255", "10.2.0.0", "fd00:0:ffff::1", "fd00:2::"]) {
      expect(policy.checkAddress(address)).toContain("private");
    }
  });

  test("opens one address", () => {
    const policy = createNetworkPolicy({ allow: ["127.0.0.1", "::1"] });
    expect(policy.checkAddress("127.0.0.1")).toBeUndefined();
    expect(policy.checkAddress("::1")).toBeUndefined();
    expect(policy.checkAddress("0:0:0:0:0:0:0:1")).toBeUndefined();
    expect(policy.checkAddress("127.0.0.2")).toContain("loopback");
    expect(policy.checkAddress("::2")).toContain("reserved");
  });

  test("reads a range by its network, whatever host bits it is written with", () => {
    const policy = createNetworkPolicy({ allow: ["10.1.2.3/8"] });
    expect(policy.checkAddress("10.255.0.1")).toBeUndefined();
    expect(policy.checkAddress("11.0.0.1")).toBeUndefined();
    expect(policy.checkAddress("192.168.0.1")).toContain("private");
  });

  test("of IPv4 does not open the IPv6 spellings of the same addresses", () => {
    const policy = createNetworkPolicy({ allow: ["0.0.0.0/0"] });
    expect(policy.checkAddress("127.0.0.1")).toBeUndefined();
    expect(policy.checkAddress("::ffff:127.0.0.1")).toContain("::ffff:0:0/96");
    expect(policy.checkAddress("::1")).toContain("loopback");
  });

  test("of IPv6 does not open IPv4, though `::/8` holds its mapped form", () => {
    const policy = createNetworkPolicy({ allow: ["::/8"] });
    expect(policy.checkAddress("::ffff:10.0.0.1")).toBeUndefined();
    expect(policy.checkAddress("10.0.0.1")).toContain("private");
  });

  test("opens what is behind NAT64 in either form", () => {
    expect(createNetworkPolicy({}).checkAddress("64:ff9b::a00:1")).toContain("10.0.0.0/8");
    const byPrefix = createNetworkPolicy({ allow: ["64:ff9b::/96"] });
    expect(byPrefix.checkAddress("64:ff9b::a00:1")).toBeUndefined();
  });

  test("opens host names, without regard to case, the root's dot, or the script they are written in", () => {
    const policy = createNetworkPolicy({ allow: ["Hooks.Internal", "münchen.example."] });
    for (const name of ["hooks.internal", "HOOKS.internal.", "xn--mnchen-3ya.example"]) {
      expect(policy.allowsName(name)).toBe(true);
    }
    for (const name of [
      "a.hooks.internal",
      "xhooks.internal",
      "internal",
      "hooks.internal.example",
    ]) {
      expect(policy.allowsName(name)).toBe(false);
    }
  });

  test("opens names below a wildcard, at any depth, but not the name itself", () => {
    const policy = createNetworkPolicy({ allow: ["*.internal.example"] });
    for (const name of ["a.internal.example", "a.b.internal.example."]) {
      expect(policy.allowsName(name)).toBe(true);
    }
    for (const name of ["internal.example", "xinternal.example", "internal.example.com"]) {
      expect(policy.allowsName(name)).toBe(false);
    }
  });

  test.each(TRANSPORTS)(
    "by name skips the check of its addresses: the consequence is the operator's ($name)",
    async ({ transport }) => {
      const server = await receiver();
      const { resolve } = table({
        "hooks.internal": ["127.0.0.1"],
        "other.internal": ["127.0.0.1"],
      });
      const sender = transport({ resolve, network: { allow: ["hooks.internal"] } });
      const allowed = await sender.send(request(`http://hooks.internal:${server.port}/`));
      expect(allowed).toMatchObject({ kind: "response", address: "127.0.0.1" });
      const other = await sender.send(request(`http://other.internal:${server.port}/`));
      expect(other).toMatchObject({ kind: "error", errorClass: "blocked" });
    },
  );

  test("by name does not let the name's literal neighbours in", () => {
    expect(refusalOf({ allow: ["hooks.internal"] }, "http://10.0.0.1/")).toContain("10.0.0.0/8");
  });
});

describe("localhost", () => {
  test.each(TRANSPORTS)(
    "is dialled at the allowed loopback addresses, without asking a resolver ($name)",
    async ({ transport }) => {
      const server = await receiver();
      const { resolve, asked } = table({});
      const sender = transport({ resolve, network: { allow: ["127.0.0.0/8"] } });
      for (const host of ["localhost", "LOCALHOST.", "app.localhost"]) {
        const outcome = await sender.send(request(`http://${host}:${server.port}/`));
        expect(outcome).toMatchObject({ kind: "response", status: 200, address: "127.0.0.1" });
      }
      expect(asked).toEqual([]);
    },
  );

  test("is open where either of its addresses is, or its name", () => {
    for (const entry of ["127.0.0.1", "::1", "127.0.0.0/8", "localhost"]) {
      expect(refusalOf({ allow: [entry] }, "http://localhost:3000/")).toBeUndefined();
    }
    expect(refusalOf({ allow: ["127.0.0.2"] }, "http://localhost:3000/")).toContain("localhost");
    expect(refusalOf({ allow: ["localhost"] }, "http://app.localhost:3000/")).toContain(
      "localhost",
    );
  });
});

describe("requireHttps and ports", () => {
  test("requireHttps refuses http", () => {
    expect(refusalOf({ requireHttps: true }, "http://example.com/")).toContain("requireHttps");
    expect(refusalOf({ requireHttps: true }, "https://example.com/")).toBeUndefined();
  });

  test("ports counts the default port of the scheme", () => {
    const options = { ports: [443, 8443] };
    expect(refusalOf(options, "https://example.com/")).toBeUndefined();
    expect(refusalOf(options, "https://example.com:8443/")).toBeUndefined();
    expect(refusalOf(options, "http://example.com/")).toContain("Port 80");
    expect(refusalOf(options, "https://example.com:22/")).toContain("ports: [22]");
    expect(refusalOf({ ports: [] }, "https://example.com/")).toContain("Port 443");
  });
});

describe("a host that DNS, a certificate or a head could read as another one", () => {
  test.each([
    "http://hook.example.com\0.evil.example/",
    "http://hook.example.com%00.evil.example/",
    "http://hook.example.com\x01.evil.example/",
    "http://hook.example.com%0d%0ax-a:b/",
    "http://hook.example.com%20.evil.example/",
    "http://[::1%00]/",
    "http://[fe80::1%25eth0]/",
    "http://127.0.0.1%00.evil.example/",
    "http://*.example.com/",
    `http://${"a".repeat(64)}.example.com/`,
    `http://${"a.".repeat(127)}example.com/`,
  ])("%j is refused, and nobody is asked about it", async (url) => {
    const allow = ["127.0.0.0/8", "*.example.com", "*.evil.example"];
    expect(() => createNetworkPolicy({ allow }).checkUrl(url)).toThrow(
      expect.objectContaining({ code: "INVALID_URL" }),
    );
    for (const { transport } of TRANSPORTS) {
      const { resolve, asked } = table({});
      const outcome = await transport({ resolve, network: { allow } }).send(request(url));
      expect(outcome).toMatchObject({ errorClass: "blocked", code: "INVALID_URL" });
      expect(asked).toEqual([]);
    }
  });
});

describe("the text of a refusal", () => {
  test.each([
    ["http://127.0.0.1/", "127.0.0.1 is a loopback address (127.0.0.0/8)", '["127.0.0.0/8"]'],
    ["http://[::1]/", "::1 is a loopback address (::1/128)", '["::1/128"]'],
    ["http://169.254.169.254/", "clouds serve credentials", '["169.254.0.0/16"]'],
    ["http://[::ffff:10.0.0.1]/", "use the IPv4 address itself", '["::ffff:0:0/96"]'],
    ["http://localhost/", "localhost is this machine", '["localhost"]'],
  ])("for %s says what and how to allow it", (url, what, how) => {
    expect(refusalOf({}, url)).toContain(what);
    expect(refusalOf({}, url)).toContain(`network: { allow: ${how} }`);
  });

  test.each([
    ["http://127.0.0.1/", "127.0.0.0/8"],
    ["http://[fd00::1]/", "fc00::/7"],
    ["http://[64:ff9b::a00:1]/", "10.0.0.0/8"],
  ])("for %s is mended by its own advice", (url, advice) => {
    expect(refusalOf({}, url)).toContain(`allow: ["${advice}"]`);
    expect(refusalOf({ allow: [advice] }, url)).toBeUndefined();
  });

  test("names the host that led there", () => {
    const text = createNetworkPolicy().checkAddress("10.0.0.5", "Hook.example.com.");
    expect(text).toContain("Hook.example.com. resolves to 10.0.0.5");
    expect(text).toContain('["hook.example.com"]');
  });

  test("never repeats a URL, which may hold a secret", () => {
    for (const url of [
      "http://user:hunter2@example.com/",
      "ftp://example.com/hunter2",
      "http://exa mple/hunter2",
      "http://127.0.0.1/hunter2?token=hunter2",
      "http://example.com:0/hunter2",
    ]) {
      expect(refusalOf({}, url)).toEqual(expect.not.stringContaining("hunter2"));
    }
  });
});

describe("options that mean nothing", () => {
  test.each([
    "",
    " ",
    "*",
    "*.",
    "*.*.example",
    "a.*.example",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/8.5",
    "10.0.0.0/ 8",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.0.0/8",
    "10/8",
    "010.0.0.0/8",
    "fd00::/129",
    "fd00::/x",
    "fe80::1%eth0",
    "fe80::%eth0/64",
    "[::1]",
    "127.1",
    "2130706433",
    "256.0.0.1",
    "1::2::3",
    "http://hooks.internal",
    "hooks.internal:8080",
    "hooks.internal/",
    "user@hooks.internal",
    "hooks..internal",
    ".internal",
    "ho oks",
  ])("allow: %j is refused", (entry) => {
    expect(() => createNetworkPolicy({ allow: [entry] })).toThrow(
      expect.objectContaining({
        code: "INVALID_OPTION",
        message: expect.stringContaining(JSON.stringify(entry)),
      }),
    );
  });

  test.each([
    { allow: "10.0.0.0/8" },
    { allow: [10] },
    { allow: [null] },
    { ports: 443 },
    { ports: [0] },
    { ports: [65_536] },
    { ports: [1.5] },
    { ports: ["443"] },
    { requireHttps: "yes" },
  ])("%o is refused", (options) => {
    expect(() => createNetworkPolicy(options as NetworkOptions)).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION" }),
    );
  });

  test("the options are read once: changing them later changes nothing", () => {
    const allow = ["10.0.0.0/8"];
    const policy = createNetworkPolicy({ allow });
    allow.push("0.0.0.0/0");
    expect(policy.checkAddress("127.0.0.1")).toContain("loopback");
  });
});
