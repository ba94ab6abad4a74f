import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { HmacVerifierOptions } from "../../src/index.ts";
import {
  createGenericHmacVerifier,
  createHmacVerifier,
  createInboundVerifier,
} from "../../src/index.ts";
import { hmacHex, NOW, SECRET } from "./requests.ts";

const BODY = '{"id":"m1"}';
const SECONDS = String(NOW / 1000);

describe("createGenericHmacVerifier", () => {
  it.each(["sha256", "sha384", "sha512"] as const)(
    "takes %s, bare and after its name",
    async (hash) => {
      const { safeVerify } = createInboundVerifier({
        provider: createGenericHmacVerifier(hash, "X-Signature"),
        config: { secret: SECRET },
      });
      const hex = hmacHex(SECRET, BODY, hash);
      for (const signature of [hex, `${hash}=${hex}`, hex.toUpperCase()]) {
        const result = await safeVerify(BODY, { "x-signature": signature });
        expect(result).toMatchObject({ valid: true });
      }
    },
  );

  it("does not let the header choose the algorithm", async () => {
    const { safeVerify } = createInboundVerifier({
      provider: createGenericHmacVerifier("sha512", "x-signature"),
      config: { secret: SECRET },
    });
    for (const hash of ["sha1", "sha256", "sha384"] as const) {
      const hex = hmacHex(SECRET, BODY, hash);
      for (const signature of [hex, `${hash}=${hex}`, `sha512=${hex}`]) {
        const result = await safeVerify(BODY, { "x-signature": signature });
        expect(result).toMatchObject({ code: "SIGNATURE_MISMATCH" });
      }
    }
  });

  it("takes no prefix but its own", async () => {
    const { safeVerify } = createInboundVerifier({
      provider: createGenericHmacVerifier("sha256", "x-signature"),
      config: { secret: SECRET },
    });
    const hex = hmacHex(SECRET, BODY);
    for (const prefix of ["sha1=", "SHA256=", "sha256:", "=", "sha256=sha256=", "v1="]) {
      const result = await safeVerify(BODY, { "x-signature": prefix + hex });
      expect(result).toMatchObject({ code: "SIGNATURE_MISMATCH" });
    }
  });

  it.each(["sha1", "md5", "SHA256", "", undefined, "constructor"])("refuses %s", (algorithm) => {
    expect(() => createGenericHmacVerifier(algorithm as "sha256", "x-signature")).toThrow(
      expect.objectContaining({ code: "UNSUPPORTED_ALGORITHM" }),
    );
  });

  it.each(["", " x", "x y", "x:", "x\n", "é", undefined, 1])("refuses %j as header", (header) => {
    expect(() => createGenericHmacVerifier("sha256", header as string)).toThrow(
      expect.objectContaining({ code: "INVALID_HEADER" }),
    );
  });

  it("refuses a request with any byte of body or signature changed", async () => {
    const { safeVerify } = createInboundVerifier({
      provider: createGenericHmacVerifier("sha256", "x-signature"),
      config: { secret: SECRET },
    });
    const signature = hmacHex(SECRET, BODY);
    const body = new TextEncoder().encode(BODY);
    for (const index of body.keys()) {
      const changed = body.map((byte, at) => (at === index ? byte ^ 1 : byte));
      const result = await safeVerify(changed, { "x-signature": signature });
      expect(result).toMatchObject({ code: "SIGNATURE_MISMATCH" });
    }
    for (let index = 0; index < signature.length; index += 1) {
      const digit = signature[index] === "0" ? "1" : "0";
      const changed = signature.slice(0, index) + digit + signature.slice(index + 1);
      const result = await safeVerify(BODY, { "x-signature": changed });
      expect(result).toMatchObject({ code: "SIGNATURE_MISMATCH" });
    }
    for (const changed of [signature.slice(1), signature.slice(0, -2), `${signature}00`]) {
      const result = await safeVerify(BODY, { "x-signature": changed });
      expect(result).toMatchObject({ code: "SIGNATURE_MISMATCH" });
    }
  });
});

function verifierOf(options: Omit<HmacVerifierOptions, "header">) {
  return createInboundVerifier({
    provider: createHmacVerifier({ header: "X-Sig", ...options }),
    config: { secret: SECRET },
  });
}

describe("createHmacVerifier", () => {
  it("verifies the bare body by default", async () => {
    const event = await verifierOf({}).verifyAndConvert(BODY, { "x-sig": hmacHex(SECRET, BODY) });
    expect(event).toMatchObject({ source: "hmac", payload: { id: "m1" } });
  });

  it("takes algorithm, encoding and prefix", async () => {
    const { safeVerify } = verifierOf({ algorithm: "sha1", encoding: "base64", prefix: "v0=" });
    const signature = createHmac("sha1", SECRET).update(BODY).digest("base64");
    await expect(safeVerify(BODY, { "x-sig": `v0=${signature}` })).resolves.toMatchObject({
      valid: true,
    });
    await expect(safeVerify(BODY, { "x-sig": signature })).resolves.toMatchObject({
      code: "MALFORMED_SIGNATURE",
    });
    await expect(safeVerify(BODY, { "x-sig": `v1=${signature}` })).resolves.toMatchObject({
      code: "MALFORMED_SIGNATURE",
    });
  });

  it("fills a template with what the sender signs", async () => {
    const { safeVerify } = verifierOf({
      content: "v0:{timestamp}:{header:X-Id}:{query:q}:{method}:{url}:{body}",
      timestamp: { header: "X-Timestamp" },
    });
    const url = "https://example.com/hook?q=a%20b";
    const signature = hmacHex(SECRET, `v0:${SECONDS}:7:a b:POST:${url}:${BODY}`);
    const headers = { "x-sig": signature, "x-timestamp": SECONDS, "x-id": "7" };
    const context = { method: "POST", url, now: NOW };
    await expect(safeVerify(BODY, headers, context)).resolves.toMatchObject({ valid: true });
    await expect(safeVerify(BODY, { ...headers, "x-id": "8" }, context)).resolves.toMatchObject({
      code: "SIGNATURE_MISMATCH",
    });
    await expect(safeVerify(BODY, { ...headers, "x-id": "" }, context)).resolves.toMatchObject({
      code: "MISSING_HEADER",
    });
    await expect(safeVerify(BODY, headers, { ...context, query: {} })).resolves.toMatchObject({
      code: "MISSING_HEADER",
    });
    await expect(
      safeVerify(BODY, headers, { now: NOW, query: { q: "a b" } }),
    ).resolves.toMatchObject({
      code: "CONFIG",
      reason: expect.stringContaining("third argument"),
    });
  });

  it("takes a function for other contents, and one for the event", async () => {
    const { verifyAndConvert } = verifierOf({
      id: "acme",
      content: (request) => [request.body, request.required("x-salt")],
      event: (request, payload) => ({
        id: request.string("id"),
        type: "made",
        timestamp: 5,
        metadata: { payload, nothing: undefined },
      }),
    });
    const headers = { "x-sig": hmacHex(SECRET, `${BODY}salt`), "x-salt": "salt" };
    await expect(verifyAndConvert(BODY, headers)).resolves.toEqual({
      id: "m1",
      type: "made",
      source: "acme",
      payload: { id: "m1" },
      timestamp: 5,
      metadata: { provider: "acme", payload: { id: "m1" } },
    });
  });

  it.each([
    ["s", "1700000000", 1000],
    ["ms", "1700000000000", 1],
    ["iso", "2023-11-14T22:13:20Z", 1],
  ] as const)("judges timestamps in %s on both sides", async (unit, timestamp, step) => {
    const { safeVerify } = verifierOf({
      content: "{timestamp}.{body}",
      timestamp: { header: "x-timestamp", unit, toleranceMs: 60_000 },
    });
    const headers = { "x-sig": hmacHex(SECRET, `${timestamp}.${BODY}`), "x-timestamp": timestamp };
    const at = (now: number) => safeVerify(BODY, headers, { now });
    await expect(at(NOW + 60_000 + step - 1)).resolves.toMatchObject({ valid: true });
    await expect(at(NOW + 60_000 + step)).resolves.toMatchObject({ code: "TIMESTAMP_EXPIRED" });
    await expect(at(NOW - 60_000)).resolves.toMatchObject({ valid: true });
    await expect(at(NOW - 60_001)).resolves.toMatchObject({ code: "TIMESTAMP_IN_FUTURE" });
  });

  it("lets config.timestampTolerance replace its own", async () => {
    const provider = createHmacVerifier({
      header: "x-sig",
      content: "{timestamp}.{body}",
      timestamp: { header: "x-timestamp" },
    });
    const headers = { "x-sig": hmacHex(SECRET, `${SECONDS}.${BODY}`), "x-timestamp": SECONDS };
    const verify = (timestampTolerance: number | undefined, now: number) =>
      createInboundVerifier({
        provider,
        config: { secret: SECRET, timestampTolerance },
      }).safeVerify(BODY, headers, { now });
    await expect(verify(undefined, NOW + 300_000)).resolves.toMatchObject({ valid: true });
    await expect(verify(undefined, NOW + 301_000)).resolves.toMatchObject({ valid: false });
    await expect(verify(86_400_000, NOW + 86_400_000)).resolves.toMatchObject({ valid: true });
    await expect(verify(0, NOW + 999)).resolves.toMatchObject({ valid: true });
    await expect(verify(0, NOW + 1000)).resolves.toMatchObject({ code: "TIMESTAMP_EXPIRED" });
    await expect(verify(1500, NOW + 2000)).resolves.toMatchObject({ code: "TIMESTAMP_EXPIRED" });
  });

  it("says a forged request is forged, however old it is", async () => {
    const { safeVerify } = verifierOf({
      content: "{timestamp}.{body}",
      timestamp: { header: "x-timestamp" },
    });
    const headers = { "x-sig": "0".repeat(64), "x-timestamp": "1" };
    await expect(safeVerify(BODY, headers, { now: NOW })).resolves.toMatchObject({
      code: "SIGNATURE_MISMATCH",
    });
  });

  it.each<[string, unknown, string]>([
    ["an unknown algorithm", { algorithm: "md5" }, "UNSUPPORTED_ALGORITHM"],
    ["an unknown encoding", { encoding: "base64url" }, "INVALID_OPTION"],
    ["a bad header", { header: "x y" }, "INVALID_HEADER"],
    ["an empty id", { id: "" }, "INVALID_OPTION"],
    ["a prefix that is no text", { prefix: 1 }, "INVALID_OPTION"],
    ["an unknown place", { content: "{boby}" }, "INVALID_OPTION"],
    ["a place with a name too many", { content: "{body:x}" }, "INVALID_OPTION"],
    ["a header without a name", { content: "{header}{body}" }, "INVALID_HEADER"],
    ["a query without a name", { content: "{query}{body}" }, "INVALID_OPTION"],
    ["an open brace", { content: "{body} {" }, "INVALID_OPTION"],
    ["no body", { content: "{header:x-id}" }, "INVALID_OPTION"],
    ["an empty template", { content: "" }, "INVALID_OPTION"],
    ["a template that is no text", { content: 1 }, "INVALID_OPTION"],
    ["a timestamp without its option", { content: "{timestamp}{body}" }, "INVALID_OPTION"],
    ["an unsigned timestamp", { timestamp: { header: "x-t" } }, "INVALID_OPTION"],
    ["a bad timestamp header", { timestamp: { header: "" } }, "INVALID_HEADER"],
    [
      "a bad unit",
      { content: "{timestamp}{body}", timestamp: { header: "x-t", unit: "min" } },
      "INVALID_OPTION",
    ],
    [
      "a bad tolerance",
      { content: "{timestamp}{body}", timestamp: { header: "x-t", toleranceMs: NaN } },
      "INVALID_OPTION",
    ],
  ])("refuses %s at once", (_name, options, code) => {
    const create = () =>
      createHmacVerifier({ header: "x-sig", ...(options as Partial<HmacVerifierOptions>) });
    expect(create).toThrow(expect.objectContaining({ code }));
  });

  it("knows its timestamp by the header's name in the template too", () => {
    expect(() =>
      createHmacVerifier({
        header: "x-sig",
        content: "{header:X-Timestamp}.{body}",
        timestamp: { header: "x-timestamp" },
      }),
    ).not.toThrow();
  });
});
