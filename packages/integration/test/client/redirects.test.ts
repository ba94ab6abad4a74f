import { describe, expect, test } from "vitest";
import { listenRaw, respond, status, useFaultServer } from "./fault-server.ts";
import { dataOf, errorOf, makeClient } from "./set-up.ts";

const server = useFaultServer();
const auth = { bearer: "token-of-the-client" };

describe.each([301, 302, 303, 307, 308])("a redirect %i", (code) => {
  test("is refused, and its target is never asked", async () => {
    const other = await listenRaw((socket) => socket.destroy());
    try {
      server.answers({ kind: "redirect", status: code, location: `${other.url}/?token=secret` });
      const { client } = makeClient(server.url(), { auth });
      const error = errorOf(await client.get("/"));
      expect(error).toMatchObject({
        code: "REDIRECT_BLOCKED",
        status: code,
        outcome: "rejected",
        attempts: 1,
        retryable: false,
      });
      expect(error.message).not.toContain("secret");
      expect(other.connections()).toBe(0);
    } finally {
      await other.close();
    }
  });

  test("after a POST may come after the deed, unless it says to send it there instead", async () => {
    server.answers({ kind: "redirect", status: code, location: "/elsewhere" });
    const { client } = makeClient(server.url(), { redirect: "same-origin" });
    expect(errorOf(await client.post("/", {}))).toMatchObject({
      code: "REDIRECT_BLOCKED",
      outcome: code >= 307 ? "rejected" : "unknown",
    });
    expect(server.count()).toBe(1);
  });

  test("on the same origin is followed for a GET where the client allows it", async () => {
    server.answers({ kind: "redirect", status: code, location: "/elsewhere?a=1" });
    server.script("/elsewhere", [respond(200, { there: true })]);
    const { client } = makeClient(server.url(), { auth, redirect: "same-origin" });
    expect(dataOf(await client.get("/"))).toEqual({ there: true });
    expect(server.requests.map(({ path }) => path)).toEqual(["/", "/elsewhere?a=1"]);
    expect(server.requests[1]?.headers["authorization"]).toBe("Bearer token-of-the-client");
  });
});

test("a redirect to another origin is refused also where redirects are allowed", async () => {
  const other = await listenRaw((socket) => socket.destroy());
  try {
    const { client } = makeClient(server.url(), { auth, redirect: "same-origin" });
    const userInfo = server.url("/x").replace("127", "user:pass@127");
    for (const location of [other.url, "http://localhost/", "file:///etc/passwd", userInfo]) {
      server.answers({ kind: "redirect", location });
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(errorOf(await client.get("/")).code).toBe("REDIRECT_BLOCKED");
    }
    expect(other.connections()).toBe(0);
  } finally {
    await other.close();
  }
});

test("redirects in a circle end after five", async () => {
  server.answers({ kind: "redirect", location: "/" });
  const { client } = makeClient(server.url(), { redirect: "same-origin" });
  expect(errorOf(await client.get("/")).code).toBe("REDIRECT_BLOCKED");
  expect(server.count()).toBe(6);
});

test("a 304, and a 302 that leads nowhere, are answers like others", async () => {
  const { client } = makeClient(server.url());
  for (const code of [302, 304]) {
    server.answers(status(code));
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(errorOf(await client.get("/"))).toMatchObject({
      code: "HTTP_ERROR",
      status: code,
      outcome: "rejected",
    });
  }
});
