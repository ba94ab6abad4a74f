import { describe, expect, test } from "vitest";
import type { AuthToken } from "@ventostack/integration/client";
import { createIntegrationClient, IntegrationError } from "@ventostack/integration/client";
import { reset, respond, status, useFaultServer } from "./fault-server.ts";
import { errorOf, makeClient } from "./set-up.ts";

const server = useFaultServer();

function sentAuth(): (string | undefined)[] {
  return server.requests.map(({ headers }) => headers["authorization"]);
}

describe("fixed credentials", () => {
  test("are sent as a bearer token", async () => {
    const { client } = makeClient(server.url(), { auth: { bearer: "t0ken" } });
    await client.get("/");
    expect(sentAuth()).toEqual(["Bearer t0ken"]);
  });

  test("are sent as basic, in UTF-8", async () => {
    const basic = { username: "api", password: "pässword" };
    const { client } = makeClient(server.url(), { auth: { basic } });
    await client.get("/");
    const [, encoded = ""] = sentAuth()[0]?.split(" ") ?? [];
    expect(new TextDecoder().decode(Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0)))).toBe(
      "api:pässword",
    );
  });

  test("are sent in a header of the vendor's", async () => {
    const { client } = makeClient(server.url(), {
      auth: { header: { name: "X-Api-Key", value: "k" } },
    });
    await client.get("/");
    expect(server.requests[0]?.headers["x-api-key"]).toBe("k");
  });

  test("cannot be replaced by a call's own header", async () => {
    const { client } = makeClient(server.url(), {
      auth: { bearer: "ours" },
      headers: { authorization: "Bearer default" },
    });
    await client.get("/", { headers: { Authorization: "Bearer theirs" } });
    expect(sentAuth()).toEqual(["Bearer ours"]);
  });

  test("are not sent again after a 401", async () => {
    server.answers(status(401));
    const { client } = makeClient(server.url(), { auth: { bearer: "old" } });
    expect(errorOf(await client.get("/"))).toMatchObject({ code: "AUTH_ERROR", attempts: 1 });
  });

  test.each([
    { bearer: "" },
    { bearer: "hunter2\n" },
    { bearer: "hunter 2" },
    { basic: { username: "", password: "" } },
    { basic: { username: "a:b", password: "x" } },
    { header: { name: "X Key", value: "v" } },
    { header: { name: "X-Key", value: "" } },
    { header: { name: "X-Key", value: "hünter2\n" } },
  ])("that cannot be are a CONFIG_ERROR at creation, which does not repeat them (%#)", (auth) => {
    expect(() => createIntegrationClient({ name: "v", baseUrl: "https://v.test", auth })).toThrow(
      expect.objectContaining({
        code: "CONFIG_ERROR",
        message: expect.not.stringMatching(/h[uü]nter/),
      }),
    );
  });
});

/** Counts its calls; its tokens are t1, t2, … */
function tokens(make: (token: string) => AuthToken = (token) => token) {
  const reasons: string[] = [];
  const auth = async ({ reason }: { reason: string }): Promise<AuthToken> => {
    reasons.push(reason);
    return make(`t${reasons.length}`);
  };
  return { reasons, auth };
}

describe("an auth function", () => {
  test("is asked once for many calls, also those that come while it works", async () => {
    const { auth, reasons } = tokens();
    const { client } = makeClient(server.url(), { auth });
    await Promise.all([client.get("/"), client.get("/"), client.get("/")]);
    await client.get("/");
    expect(reasons).toEqual(["first"]);
    expect(new Set(sentAuth())).toEqual(new Set(["Bearer t1"]));
  });

  test("may give headers", async () => {
    const { auth } = tokens((token) => ({ headers: { "x-key": token, "x-account": "a" } }));
    const { client } = makeClient(server.url(), { auth });
    await client.get("/");
    expect(server.requests[0]?.headers).toMatchObject({ "x-key": "t1", "x-account": "a" });
  });

  test("is asked again 30 s before the token expires", async () => {
    const { client, clock } = makeClient(server.url(), {
      auth: ({ reason }) => ({ token: reason, expiresAt: clock.now() + 60_000 }),
    });
    await client.get("/");
    await clock.advance(29_999);
    await client.get("/");
    await clock.advance(1);
    await client.get("/");
    expect(sentAuth()).toEqual(["Bearer first", "Bearer first", "Bearer expired"]);
  });

  test("is asked again after a 401, and the call is repeated once, also a POST", async () => {
    server.answers(status(401), respond(201, { id: 1 }));
    const { auth, reasons } = tokens();
    const { client, logs, retries } = makeClient(server.url(), { auth });
    const result = await client.post("/", { amount: 1 });
    expect(result).toMatchObject({ success: true, status: 201, attempts: 2 });
    expect(reasons).toEqual(["first", "unauthorized"]);
    expect(sentAuth()).toEqual(["Bearer t1", "Bearer t2"]);
    expect(logs.map(({ attempt, status: code }) => [attempt, code])).toEqual([
      [1, 401],
      [2, 201],
    ]);
    expect(retries).toEqual([]);
  });

  test("is not asked a third time by a call that is still refused", async () => {
    server.answers(status(401));
    const { auth, reasons } = tokens();
    const { client } = makeClient(server.url(), { auth });
    expect(errorOf(await client.get("/"))).toMatchObject({
      code: "AUTH_ERROR",
      status: 401,
      attempts: 2,
      outcome: "rejected",
    });
    expect(reasons).toEqual(["first", "unauthorized"]);
  });

  test("is asked once per call, also where a retry is refused again", async () => {
    server.answers(status(401), status(503), status(401), respond(200, {}));
    const { auth, reasons } = tokens();
    const { client } = makeClient(server.url(), { auth });
    expect(errorOf(await client.get("/"))).toMatchObject({ code: "AUTH_ERROR", attempts: 3 });
    expect(reasons).toEqual(["first", "unauthorized"]);
  });

  test("is not asked by a call that has been aborted", async () => {
    const { auth, reasons } = tokens();
    const { client } = makeClient(server.url(), { auth });
    const error = errorOf(await client.get("/", { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: "ABORTED", outcome: "not_sent", attempts: 0 });
    expect(reasons).toEqual([]);
  });

  test("is asked once after the 401s of many calls", async () => {
    server.script("/", [...Array.from({ length: 3 }, () => status(401)), respond(200, {})]);
    const { auth, reasons } = tokens();
    const { client } = makeClient(server.url(), { auth });
    const results = await Promise.all([client.get("/"), client.get("/"), client.get("/")]);
    expect(results.every(({ success }) => success)).toBe(true);
    expect(reasons).toEqual(["first", "unauthorized"]);
  });

  test("that fails is an AUTH_ERROR without its text, and nothing is sent", async () => {
    const { client } = makeClient(server.url(), {
      auth: () => Promise.reject(new Error("client_secret=hunter2 was wrong")),
    });
    const error = errorOf(await client.post("/", {}));
    expect(error).toMatchObject({ code: "AUTH_ERROR", outcome: "not_sent", attempts: 0 });
    expect(JSON.stringify(error) + error.stack).not.toContain("hunter2");
    expect(server.count()).toBe(0);
  });

  test("that fails is asked again by the next call", async () => {
    let calls = 0;
    const { client } = makeClient(server.url(), {
      auth: () => {
        calls += 1;
        if (calls === 1) throw new Error("down");
        return "token";
      },
    });
    expect(errorOf(await client.get("/")).code).toBe("AUTH_ERROR");
    expect((await client.get("/")).success).toBe(true);
  });

  test("that fails with the error of another client passes on whether to come back", async () => {
    const inner = new IntegrationError({
      code: "RATE_LIMITED",
      message: "m",
      outcome: "rejected",
      retryable: true,
      retryAfterMs: 5_000,
    });
    const { client } = makeClient(server.url(), { auth: () => Promise.reject(inner) });
    expect(errorOf(await client.get("/"))).toMatchObject({
      code: "AUTH_ERROR",
      retryable: true,
      retryAfterMs: 5_000,
      reason: "RATE_LIMITED",
    });
  });

  test("that fails after a 401 leaves the call refused", async () => {
    server.answers(status(401));
    let calls = 0;
    const { client } = makeClient(server.url(), {
      auth: () => {
        calls += 1;
        if (calls > 1) throw new Error("revoked");
        return "token";
      },
    });
    expect(errorOf(await client.post("/", {}))).toMatchObject({
      code: "AUTH_ERROR",
      status: 401,
      outcome: "rejected",
      attempts: 1,
    });
  });

  test("that never ends cannot hold a call longer than its deadline", async () => {
    const { client, clock } = makeClient(server.url(), { auth: () => new Promise(() => {}) });
    const result = client.post("/", {});
    await clock.advance(60_000);
    expect(errorOf(await result)).toMatchObject({
      code: "TIMEOUT",
      outcome: "not_sent",
      attempts: 0,
    });
  });

  test("whose token cannot be sent is a CONFIG_ERROR that does not repeat it", async () => {
    const { client } = makeClient(server.url(), { auth: () => "bad token\n" });
    const error = errorOf(await client.get("/"));
    expect(error.code).toBe("CONFIG_ERROR");
    expect(error.message).not.toContain("bad token");
  });

  test("a lost answer to the repeated call may have been executed", async () => {
    server.answers(status(401), reset);
    const { auth } = tokens();
    const { client } = makeClient(server.url(), { auth });
    expect(errorOf(await client.post("/", {}))).toMatchObject({
      code: "NETWORK_ERROR",
      outcome: "unknown",
      attempts: 2,
    });
  });
});

test("an SDK's fetch does not get the client's credentials", async () => {
  const { client } = makeClient(server.url(), { auth: { bearer: "ours" } });
  await client.fetch(server.url("/"));
  expect(sentAuth()).toEqual([undefined]);
});
