import { describe, expect, it } from "vitest";
import type { RawBody } from "../../src/index.ts";
import { createGenericHmacVerifier, createInboundVerifier } from "../../src/index.ts";
import { hmacHex, SECRET } from "./requests.ts";

const BODY = '{"hello":"wörld"}';
const BYTES = new TextEncoder().encode(BODY);
const HEADERS = { "x-signature": hmacHex(SECRET, BODY) };

const provider = createGenericHmacVerifier("sha256", "X-Signature");
const verifier = createInboundVerifier({ provider, config: { secret: SECRET } });

describe("the body", () => {
  it.each<[string, RawBody]>([
    ["a string", BODY],
    ["a Uint8Array", BYTES],
    ["a Buffer", Buffer.from(BODY)],
    ["a part of a larger buffer", new Uint8Array(Buffer.from(`..${BODY}..`)).subarray(2, -2)],
    ["an ArrayBuffer", new Uint8Array(BYTES).buffer],
    ["a DataView", new DataView(new Uint8Array(BYTES).buffer) as unknown as Uint8Array],
  ])("may be %s", async (_name, body) => {
    await expect(verifier.verifyAndConvert(body, HEADERS)).resolves.toMatchObject({
      payload: { hello: "wörld" },
    });
  });

  it.each([
    ["a parsed object", { hello: "world" }, "an object that has been parsed already"],
    ["a list", [1], "an object that has been parsed already"],
    ["nothing", undefined, "missing"],
    ["null", null, "missing"],
    ["a number", 1, "a number"],
    ["a Request", new Request("http://localhost"), "verifyRequest"],
    ["a stream", new ReadableStream(), "a stream"],
  ])("may not be %s, and the refusal says how to get the raw one", async (_name, body, says) => {
    const result = await verifier.safeVerify(body as unknown as RawBody, HEADERS);
    expect(result).toMatchObject({ valid: false, code: "CONFIG", status: 500 });
    for (const words of [
      says,
      "express.raw",
      "parseAs: 'buffer'",
      "c.req.arrayBuffer()",
      "Elysia",
      "Next.js",
    ]) {
      expect(result).toMatchObject({ reason: expect.stringContaining(words) });
    }
  });

  it("is refused when its memory has been given away", async () => {
    const bytes = new Uint8Array(BYTES);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    await expect(verifier.safeVerify(bytes.buffer, HEADERS)).resolves.toMatchObject({
      valid: false,
    });
  });
});

describe("headers", () => {
  const signature = HEADERS["x-signature"];
  it.each([
    ["a plain object", { "x-signature": signature }],
    ["any case", { "X-SIGNATURE": signature }],
    ["a Headers", new Headers({ "X-Signature": signature })],
    ["pairs", [["X-Signature", signature]] as [string, string][]],
    ["a Map", new Map([["X-Signature", signature]])],
    ["a list with one value", { "x-signature": [signature] }],
    [
      "an object without a prototype",
      Object.assign(Object.create(null), { "x-signature": signature }),
    ],
    ["white space around the value", { "x-signature": ` ${signature}\t` }],
  ])("may be %s", async (_name, headers) => {
    await expect(verifier.safeVerify(BODY, headers)).resolves.toMatchObject({ valid: true });
  });

  it("count several values as one, joined, as Headers does", async () => {
    const twice = { "x-signature": [signature, signature] };
    await expect(verifier.safeVerify(BODY, twice)).resolves.toMatchObject({
      code: "SIGNATURE_MISMATCH",
    });
    const pairs: [string, string][] = [
      ["x-signature", signature],
      ["X-Signature", signature],
    ];
    await expect(verifier.safeVerify(BODY, pairs)).resolves.toMatchObject({
      code: "SIGNATURE_MISMATCH",
    });
  });

  it.each([
    ["none", {}],
    ["an empty value", { "x-signature": "" }],
    ["an empty value in a Headers", new Headers({ "x-signature": "" })],
    ["an empty list", { "x-signature": [] }],
    ["undefined", { "x-signature": undefined }],
    ["a number", { "x-signature": 1 as unknown as string }],
    ["a list with a number", { "x-signature": [1 as unknown as string] }],
    ["an inherited value", Object.create({ "x-signature": signature }) as Record<string, string>],
    ["pairs that are none", ["x-signature"] as unknown as [string, string][]],
  ])("count as missing with %s", async (_name, headers) => {
    await expect(verifier.safeVerify(BODY, headers)).resolves.toMatchObject({
      code: "MISSING_HEADER",
      status: 401,
      reason: expect.stringContaining("x-signature"),
    });
  });

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
    "may be called %s, and are read as own properties only",
    async (name) => {
      const { safeVerify } = createInboundVerifier({
        provider: createGenericHmacVerifier("sha256", name),
        config: { secret: SECRET },
      });
      await expect(safeVerify(BODY, {})).resolves.toMatchObject({ code: "MISSING_HEADER" });
      await expect(safeVerify(BODY, new Map())).resolves.toMatchObject({ code: "MISSING_HEADER" });
      const own = JSON.parse(`{"${name}":"${signature}"}`) as Record<string, string>;
      await expect(safeVerify(BODY, own)).resolves.toMatchObject({ valid: true });
      await expect(safeVerify(BODY, [[name, signature]])).resolves.toMatchObject({ valid: true });
    },
  );

  it("are the caller's mistake where there are none at all", async () => {
    const none = undefined as unknown as Record<string, string>;
    await expect(verifier.safeVerify(BODY, none)).resolves.toMatchObject({ code: "CONFIG" });
  });
});
