import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { IntegrationError } from "@ventostack/integration/client";
import { buildUrl, isUnder, relativeTo } from "../../src/client/path.ts";
import { logTemplate } from "../../src/client/template.ts";
import { useFaultServer } from "./fault-server.ts";
import { dataOf, errorOf, makeClient } from "./set-up.ts";

const server = useFaultServer();
const base = new URL("https://api.vendor.test/v1");

describe("a path", () => {
  test.each([
    ["/customers", "https://api.vendor.test/v1/customers"],
    ["customers", "https://api.vendor.test/v1/customers"],
    ["", "https://api.vendor.test/v1"],
    ["/", "https://api.vendor.test/v1/"],
    ["/a//b", "https://api.vendor.test/v1/a//b"],
    ["/documents:batch", "https://api.vendor.test/v1/documents:batch"],
    ["/projects/group%2Fname", "https://api.vendor.test/v1/projects/group%2Fname"],
    ["/files/a..b", "https://api.vendor.test/v1/files/a..b"],
    ["/files/...", "https://api.vendor.test/v1/files/..."],
    ["/files/100%25", "https://api.vendor.test/v1/files/100%25"],
    ["/search?q=../..&a=//b", "https://api.vendor.test/v1/search?q=../..&a=//b"],
    ["/search?q=http://other.test/?x", "https://api.vendor.test/v1/search?q=http://other.test/?x"],
  ])("%j stays under the base URL", (path, url) => {
    expect(buildUrl(base, path).url.href).toBe(url);
  });

  test.each([
    "https://evil.test/",
    "HTTPS:evil.test",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "//evil.test",
    "///evil.test",
    "\\\\evil.test",
    "/\\evil.test",
    "\\evil",
    "/a\\..\\b",
    "..",
    "../secret",
    "/..",
    "/a/../../b",
    "/a/./b",
    ".",
    "/%2e%2e/b",
    "/%2E%2e/b",
    "/.%2e/b",
    "/%2e",
    "/a/%2e%2e%2fb",
    "/a%2f..%2fb",
    "/a%5c..%5cb",
    "/%252e%252e/b",
    "/%25252e%25252e/b",
    "/%252525252525252e%2e",
    "/..;/b",
    "/..;x=1/b",
    "/%2e%2e%3b/b",
    "/\t/evil.test",
    "/a\nb",
    "\u0000/a",
    "/a b",
    "/a#b",
    "/a%",
    "/a%zz",
    "/a%2",
  ])("%j is refused", (path) => {
    expect(() => buildUrl(base, path)).toThrow(expect.objectContaining({ code: "CONFIG_ERROR" }));
  });

  test("is a CONFIG_ERROR of the call, which repeats nothing of it, and nothing is sent", async () => {
    const { client } = makeClient(server.url());
    const error = errorOf(await client.get("/../sk_live_secret"));
    expect(error).toMatchObject({ code: "CONFIG_ERROR", outcome: "not_sent", attempts: 0 });
    expect(error.message).not.toContain("sk_live");
    expect(server.count()).toBe(0);
  });

  test("takes its values percent-encoded", () => {
    const { url, template } = buildUrl(base, "/users/{id}/files/{name}", {
      params: { id: "a/b?c#d", name: "Ünï c%" },
    });
    expect(url.href).toBe(
      "https://api.vendor.test/v1/users/a%2Fb%3Fc%23d/files/%C3%9Cn%C3%AF%20c%25",
    );
    expect(template).toBe("/users/{id}/files/{name}");
  });

  test.each(["..", ".", "../x", "a/../b", "..\\x", "..;", ""])(
    "does not take the value %j",
    (id) => {
      expect(() => buildUrl(base, "/users/{id}", { params: { id } })).toThrow(
        expect.objectContaining({ code: "CONFIG_ERROR" }),
      );
    },
  );

  test("needs a value for each name, and of its own properties alone", () => {
    for (const path of ["/{id}", "/{toString}", "/{__proto__}"]) {
      expect(() => buildUrl(base, path, { params: {} })).toThrow(/value for each/);
    }
  });

  test("takes query values of every kind", () => {
    const query = { q: "a b&c", n: 1, on: true, list: ["x", "y"], none: undefined };
    expect(buildUrl(base, "/s?v=1", { query }).url.search).toBe(
      "?v=1&q=a+b%26c&n=1&on=true&list=x&list=y",
    );
  });
});

describe("whatever the path", () => {
  const pieces = fc.constantFrom(
    "/",
    "//",
    "\\",
    ".",
    "..",
    "%2e",
    "%2E",
    "%2f",
    "%5c",
    "%25",
    "%252e",
    "%00",
    ";",
    "?",
    "#",
    "@",
    ":",
    "evil.test",
    "http:",
    "https://evil.test",
    "a",
    "v1",
    " ",
    "\t",
    "\n",
    "\u0000",
    "．",
    "。",
    "／",
    "é",
    "%",
    "{x}",
    "&",
    "=",
  );
  const paths = fc.oneof(
    fc.array(pieces, { maxLength: 12 }).map((list) => list.join("")),
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.webUrl({ withFragments: true, withQueryParameters: true }),
  );

  test("a URL that is built lies under the base URL, also once its path has been decoded several times", () => {
    fc.assert(
      fc.property(paths, fc.string({ unit: "binary" }), (path, x) => {
        let url: URL;
        try {
          ({ url } = buildUrl(base, path, { params: { x } }));
        } catch (error) {
          if (error instanceof IntegrationError && error.code === "CONFIG_ERROR") return;
          throw error;
        }
        expect(url.origin).toBe(base.origin);
        expect(url.hash).toBe("");
        expect(isUnder(base, url)).toBe(true);
        let decoded = url.pathname;
        for (let round = 0; round < 4; round += 1) {
          const resolved = new URL(
            decoded.replaceAll("?", "%3f").replaceAll("#", "%23"),
            base.origin,
          );
          expect(isUnder(base, resolved)).toBe(true);
          decoded = decoded.replace(/%(2e|2f|5c|25)/gi, (code) => decodeURIComponent(code));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("a value stands for itself: it comes out of the URL as it went in", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (x) => {
        let url: URL;
        try {
          ({ url } = buildUrl(base, "/things/{x}/parts", { params: { x } }));
        } catch {
          return;
        }
        const [, , , segment = "", last] = url.pathname.split("/");
        expect(decodeURIComponent(segment)).toBe(x);
        expect(last).toBe("parts");
      }),
    );
  });

  test("the log's template keeps the number of segments and shows words alone", () => {
    fc.assert(
      fc.property(paths, (path) => {
        for (const segment of logTemplate(path).split("/")) {
          expect(segment).toMatch(/^$|^\{[\w.-]*\}$|^[a-z0-9._:-]+$/i);
        }
      }),
    );
  });
});

describe("a URL that the vendor gave", () => {
  test.each([
    ["https://api.vendor.test/v1/items?page=2", "/items?page=2"],
    ["/v1/items?page=2", "/items?page=2"],
    ["https://api.vendor.test/v1", "/"],
    ["?page=2", "/?page=2"],
  ])("%s is a path under the base URL", (text, path) => {
    expect(relativeTo(new URL("https://api.vendor.test/v1"), text)).toBe(
      path === "/?page=2" ? "/?page=2" : path,
    );
  });

  test.each([
    "https://evil.test/v1/items",
    "http://api.vendor.test/v1/items",
    "https://api.vendor.test:444/v1/items",
    "https://api.vendor.test/v2/items",
    "https://api.vendor.test/v1evil",
    "https://u:p@api.vendor.test/v1/items",
    "https://u@api.vendor.test/v1/items",
    "https://api.vendor.test/v1/../admin",
    "//evil.test/v1/items",
    "https://[",
  ])("%s is not", (text) => {
    expect(relativeTo(base, text)).toBeUndefined();
  });
});

test("a base URL with a path and a final slash keeps its path", async () => {
  server.script("/api/v2/x", [{ kind: "respond", status: 200 }]);
  const { client } = makeClient(server.url("/api/v2/"));
  dataOf(await client.get("/x", { query: { a: 1 } }));
  expect(server.requests[0]?.path).toBe("/api/v2/x?a=1");
});
