import { describe, expect, test } from "vitest";
import { TRANSPORTS, certificate, failureOf, receiver, request } from "./setup.ts";

const tls = { cert: certificate("server.pem"), key: certificate("server.key") };
const never = new Promise<never>(() => {});

describe.each(TRANSPORTS)("over the $name transport:", ({ transport }) => {
  describe("class timeout", () => {
    const deadline = { timeoutMs: 60 };

    test("a resolver that never answers", async () => {
      const outcome = await transport({ resolve: () => never }).send(
        request("http://slow.example.test/", deadline),
      );
      expect(failureOf(outcome)).toEqual({ errorClass: "timeout" });
      expect(outcome).toMatchObject({
        message: expect.stringMatching(/60 ms.*name was being resolved/),
      });
    });

    test("a resolver that answers too late: nothing is dialled any more", async () => {
      const server = await receiver();
      let answer: ((addresses: { address: string; family: 4 }[]) => void) | undefined;
      const sender = transport({ resolve: () => new Promise((resolve) => (answer = resolve)) });
      const url = `http://slow.example.test:${server.port}/`;
      expect(failureOf(await sender.send(request(url, deadline)))).toEqual({
        errorClass: "timeout",
      });
      answer?.([{ address: "127.0.0.1", family: 4 }]);
      // A later connection that has arrived tells that an earlier one would have.
      await sender.send(request(server.url()));
      expect(server.connections()).toBe(1);
    });

    test("a server that never finishes the handshake", async () => {
      const server = await receiver({ tls, stallHandshake: true });
      const outcome = await transport().send(request(server.url(), deadline));
      expect(failureOf(outcome)).toEqual({ errorClass: "timeout" });
      expect(outcome).toMatchObject({ message: expect.stringContaining("TLS handshake") });
      expect(outcome.timings.connectMs).toBeUndefined();
    });

    test("a server that never answers", async () => {
      const server = await receiver();
      server.script("/", [{ kind: "hang" }]);
      const outcome = await transport().send(request(server.url(), deadline));
      expect(failureOf(outcome)).toEqual({ errorClass: "timeout" });
      expect(outcome).toMatchObject({
        message: expect.stringContaining("waiting for the response"),
      });
      expect(outcome.timings.connectMs).toBeLessThanOrEqual(outcome.timings.totalMs);
      expect(outcome.timings.firstByteMs).toBeUndefined();
    });

    test("a server that drips its body: the deadline holds beyond the headers", async () => {
      const server = await receiver();
      server.script("/", [{ kind: "drip", bytes: 1_000, intervalMs: 5 }]);
      const outcome = await transport().send(request(server.url(), deadline));
      expect(failureOf(outcome)).toEqual({ errorClass: "timeout", status: 200 });
      expect(outcome).toMatchObject({
        message: expect.stringContaining("reading the response body"),
      });
      expect(outcome.timings.totalMs).toBeLessThan(2_000);
    });

    test("a deadline of longer than timers take does not end the attempt at once", async () => {
      const server = await receiver();
      const outcome = await transport().send(request(server.url(), { timeoutMs: 2 ** 40 }));
      expect(failureOf(outcome)).toEqual({ kind: "response", status: 200 });
    });
  });

  describe("class aborted", () => {
    test("a signal before the attempt: nothing is sent", async () => {
      const server = await receiver();
      const outcome = await transport().send(
        request(server.url(), { signal: AbortSignal.abort() }),
      );
      expect(failureOf(outcome)).toEqual({ errorClass: "aborted" });
      expect(server.connections()).toBe(0);
    });

    test("a signal in the middle of the attempt", async () => {
      const server = await receiver();
      server.script("/", [{ kind: "hang" }]);
      const controller = new AbortController();
      const sending = transport().send(request(server.url(), { signal: controller.signal }));
      await server.received(1);
      controller.abort();
      expect(failureOf(await sending)).toEqual({ errorClass: "aborted" });
    });

    test("close ends what is in flight, and what is sent later", async () => {
      const server = await receiver();
      server.script("/", [{ kind: "hang" }]);
      const sender = transport();
      const sending = sender.send(request(server.url()));
      await server.received(1);
      sender.close();
      expect(failureOf(await sending)).toEqual({ errorClass: "aborted" });
      expect(failureOf(await sender.send(request(server.url())))).toEqual({
        errorClass: "aborted",
      });
      expect(server.requests).toHaveLength(1);
    });

    test("close during a name's resolution", async () => {
      const sender = transport({ resolve: () => never });
      const sending = sender.send(request("http://slow.example.test/"));
      sender.close();
      expect(failureOf(await sending)).toEqual({ errorClass: "aborted" });
    });
  });
});
