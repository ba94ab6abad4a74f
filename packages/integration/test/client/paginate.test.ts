import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { IntegrationResult } from "@ventostack/integration/client";
import { respond, status, useFaultServer } from "./fault-server.ts";
import { dataOf, errorOf, makeClient } from "./set-up.ts";

const server = useFaultServer();
const schema = z.object({ data: z.array(z.number()), cursor: z.string().optional() });

async function all<T>(pages: AsyncIterable<IntegrationResult<T>>): Promise<IntegrationResult<T>[]> {
  const results: IntegrationResult<T>[] = [];
  for await (const page of pages) results.push(page);
  return results;
}

const byCursor = ({ data }: { data: z.output<typeof schema> }) =>
  data.cursor === undefined ? undefined : { query: { after: data.cursor } };

describe("pages", () => {
  test("follow the vendor's cursor, with the query of the first", async () => {
    server.answers(
      respond(200, { data: [1, 2], cursor: "a" }),
      respond(200, { data: [3], cursor: "b" }),
      respond(200, { data: [] }),
    );
    const { client } = makeClient(server.url());
    const pages = await all(client.paginate("/", { schema, query: { limit: 2 }, next: byCursor }));
    expect(pages.flatMap((page) => dataOf(page).data)).toEqual([1, 2, 3]);
    expect(server.requests.map(({ path }) => path)).toEqual([
      "/?limit=2",
      "/?limit=2&after=a",
      "/?limit=2&after=b",
    ]);
  });

  test("follow URLs of the vendor's, as they are", async () => {
    server.script("/v1/users/7", [
      respond(200, [1], { link: `<${server.url("/v1/users/7/next?page=2")}>; rel="next"` }),
    ]);
    server.script("/v1/users/7/next", [respond(200, [2])]);
    const { client } = makeClient(server.url("/v1"));
    const pages = await all(
      client.paginate("/users/{id}", {
        params: { id: 7 },
        query: { limit: 1 },
        next: ({ headers }) => {
          const url = /<([^>]+)>; rel="next"/.exec(headers.get("link") ?? "")?.[1];
          return url === undefined ? undefined : { url };
        },
      }),
    );
    expect(pages.map(dataOf)).toEqual([[1], [2]]);
    expect(server.requests.map(({ path }) => path)).toEqual([
      "/v1/users/7?limit=1",
      "/v1/users/7/next?page=2",
    ]);
  });

  test("are asked for only as they are taken", async () => {
    server.answers(respond(200, { data: [1], cursor: "a" }));
    const { client } = makeClient(server.url());
    for await (const page of client.paginate("/", { schema, next: byCursor })) {
      expect(page.success).toBe(true);
      break;
    }
    expect(server.count()).toBe(1);
  });

  test("are tried again one by one", async () => {
    server.answers(
      respond(200, { data: [1], cursor: "a" }),
      status(503),
      respond(200, { data: [2] }),
    );
    const { client } = makeClient(server.url());
    const pages = await all(client.paginate("/", { schema, next: byCursor }));
    expect(pages.map((page) => page.success && page.attempts)).toEqual([1, 2]);
  });
});

describe("the iteration ends", () => {
  test("with the failure of a page", async () => {
    server.answers(respond(200, { data: [1], cursor: "a" }), status(404));
    const { client } = makeClient(server.url());
    const pages = await all(client.paginate("/", { schema, next: byCursor }));
    expect(pages).toHaveLength(2);
    expect(pages[1]).toMatchObject({ success: false, error: { status: 404 } });
  });

  test("after maxPages, and says that there was more", async () => {
    let page = 0;
    const { client } = makeClient(server.url());
    const pages = await all(
      client.paginate("/", { maxPages: 3, next: () => ({ query: { page: (page += 1) } }) }),
    );
    expect(pages).toHaveLength(4);
    expect(pages[3]).toMatchObject({
      success: false,
      error: { code: "RESPONSE_TOO_LARGE", message: expect.stringContaining("maxPages (3)") },
    });
    expect(server.count()).toBe(3);
  });

  test("without a word where maxPages is just enough", async () => {
    server.answers(respond(200, { data: [1], cursor: "a" }), respond(200, { data: [2] }));
    const { client } = makeClient(server.url());
    const pages = await all(client.paginate("/", { schema, maxPages: 2, next: byCursor }));
    expect(pages.every(({ success }) => success)).toBe(true);
  });

  test("where the vendor leads back", async () => {
    server.answers(respond(200, { data: [1], cursor: "same" }));
    const { client } = makeClient(server.url());
    const pages = await all(client.paginate("/", { schema, next: byCursor }));
    expect(pages.at(-1)).toMatchObject({ success: false, error: { code: "PARSE_ERROR" } });
    expect(server.count()).toBe(2);
  });

  test.each(["https://evil.test/", "//evil.test/", "/v2/items", "http://[", "/v1/../admin"])(
    "where the vendor leads away (%s)",
    async (url) => {
      server.script("/v1/items", [respond(200, [])]);
      const { client } = makeClient(server.url("/v1"), { auth: { bearer: "token" } });
      const pages = await all(client.paginate("/items", { next: () => ({ url }) }));
      expect(pages.at(-1)).toMatchObject({
        success: false,
        error: { code: "REDIRECT_BLOCKED", outcome: "not_sent" },
      });
      expect(server.count()).toBe(1);
    },
  );

  test("where next throws", async () => {
    const { client } = makeClient(server.url());
    const pages = await all(
      client.paginate("/", {
        next: () => {
          throw new Error("bug");
        },
      }),
    );
    expect(errorOf(pages[1] ?? fail())).toMatchObject({ code: "PARSE_ERROR" });
  });

  test("at once for options that cannot be", async () => {
    const { client } = makeClient(server.url());
    const pages = await all(client.paginate("/", { maxPages: 0, next: () => undefined }));
    expect(pages).toMatchObject([{ success: false, error: { code: "CONFIG_ERROR" } }]);
    expect(server.count()).toBe(0);
  });
});

function fail(): never {
  throw new Error("There is no such page");
}
