import { createSign, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ProviderDefinition } from "../../src/index.ts";
import {
  createInboundVerifier,
  digest,
  interpretProvider,
  publicKey,
  refuse,
  stringAt,
} from "../../src/index.ts";

describe("a digest", () => {
  // Sample of DingTalk's own documentation: sha1 over the sorted token, timestamp, nonce and ciphertext.
  const ENCRYPT =
    "1a3NBxmCFwkCJvfoQ7WhJHB+iX3qHPsc9JbaDznE1i03peOk1LaOQoRz3+nlyGNhwmwJ3vDMG+OzrHMeiZI7gTRWVdUBmfxjZ8Ej23JVYa9VrYeJ5as7XM/ZpulX8NEQis44w53h1qAgnC3PRzM7Zc/D6Ibr0rgUathB6zRHP8PYrfgnNOS9PhSBdHlegK+AGGanfwjXuQ9+0pZcy0w9lQ==";
  const query = {
    signature: "5a65ceeef9aab2d149439f82dc191dd6c5cbe2c0",
    timestamp: "1445827045067",
    nonce: "nEXhMP4r",
  };
  const dingtalk: ProviderDefinition<{ token?: string }> = {
    id: "dingtalk",
    signature: {
      algorithm: digest("sha1", { secrets: (config) => config.extra?.token }),
      encoding: "hex",
      read: (request) => request.query("signature") ?? [],
    },
    signedContent: (request, token) =>
      [
        token,
        request.timestamp(),
        request.query("nonce") ?? "",
        request.string("encrypt") ?? refuse("MALFORMED_PAYLOAD", "no encrypt"),
      ].toSorted(),
    timestamp: {
      read: (request) => request.query("timestamp"),
      unit: "ms",
      toleranceMs: 3_600_000,
    },
  };

  it.each(["native", "webcrypto"] as const)("is verified with %s crypto", async (backend) => {
    const { safeVerify } = createInboundVerifier({
      provider: interpretProvider(dingtalk),
      config: { extra: { token: "123456" }, crypto: backend },
    });
    const body = JSON.stringify({ encrypt: ENCRYPT });
    const now = 1_445_827_045_067;
    await expect(safeVerify(body, {}, { query, now })).resolves.toMatchObject({ valid: true });
    const url = `/callback?${new URLSearchParams(query).toString()}#x?signature=0`;
    await expect(safeVerify(body, {}, { url, now })).resolves.toMatchObject({ valid: true });
    const list = { ...query, signature: [query.signature] };
    await expect(safeVerify(body, {}, { query: list, now })).resolves.toMatchObject({
      valid: true,
    });
    const changed = { ...query, nonce: "nEXhMP4s" };
    await expect(safeVerify(body, {}, { query: changed, now })).resolves.toMatchObject({
      code: "SIGNATURE_MISMATCH",
    });
    await expect(safeVerify("{}", {}, { query, now })).resolves.toMatchObject({
      code: "MALFORMED_PAYLOAD",
    });
    await expect(safeVerify(body, {}, { now })).resolves.toMatchObject({
      code: "MISSING_SIGNATURE",
    });
    await expect(safeVerify(body, {}, { query })).resolves.toMatchObject({
      code: "TIMESTAMP_EXPIRED",
    });
  });

  it("needs its secret", async () => {
    const { safeVerify } = createInboundVerifier({
      provider: interpretProvider(dingtalk),
      config: { secret: "123456" },
    });
    await expect(safeVerify("{}", {}, { query })).resolves.toMatchObject({ code: "CONFIG" });
  });
});

describe("public keys", () => {
  const first = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const second = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = (pair: typeof first) => pair.publicKey.export({ type: "spki", format: "pem" });
  const sign = (pair: typeof first, body: string, hash = "RSA-SHA256") =>
    createSign(hash).update(body).sign(pair.privateKey, "base64");
  interface Extra {
    readonly keys?: Readonly<Record<string, string>>;
    readonly legacy?: boolean;
  }
  const definition: ProviderDefinition<Extra> = {
    id: "bank",
    signature: {
      algorithm: publicKey((request) => (request.extra.legacy ? "rsa-sha1" : "rsa-sha256"), {
        keys(request) {
          const serial = request.required("x-serial");
          return stringAt(request.extra.keys, [serial]) ?? refuse("UNKNOWN_KEY", "unknown serial");
        },
      }),
      encoding: "base64",
      read: (request) => request.required("x-sig"),
    },
    signedContent: (request) => [request.body],
    checkConfig(config) {
      if (!config.extra?.keys) refuse("CONFIG", "no keys");
    },
  };
  const keys = { A: pem(first), B: pem(second) };
  const { safeVerify } = createInboundVerifier({
    provider: interpretProvider(definition),
    config: { extra: { keys } },
  });

  it("may be chosen by what the request says", async () => {
    for (const [serial, pair] of [
      ["A", first],
      ["B", second],
    ] as const) {
      const headers = { "x-serial": serial, "x-sig": sign(pair, "{}") };
      await expect(safeVerify("{}", headers)).resolves.toMatchObject({ valid: true });
      await expect(safeVerify("[]", headers)).resolves.toMatchObject({
        code: "SIGNATURE_MISMATCH",
      });
    }
    const crossed = { "x-serial": "A", "x-sig": sign(second, "{}") };
    await expect(safeVerify("{}", crossed)).resolves.toMatchObject({ code: "SIGNATURE_MISMATCH" });
  });

  it.each(["C", "__proto__", "constructor", "toString"])(
    "refuse the unknown serial %s",
    async (serial) => {
      const headers = { "x-serial": serial, "x-sig": sign(first, "{}") };
      await expect(safeVerify("{}", headers)).resolves.toMatchObject({ code: "UNKNOWN_KEY" });
    },
  );

  it("have the scheme that the configuration says", async () => {
    const legacy = createInboundVerifier({
      provider: interpretProvider(definition),
      config: { extra: { keys, legacy: true } },
    });
    const headers = { "x-serial": "A", "x-sig": sign(first, "{}", "RSA-SHA1") };
    await expect(legacy.safeVerify("{}", headers)).resolves.toMatchObject({ valid: true });
    await expect(safeVerify("{}", headers)).resolves.toMatchObject({ code: "SIGNATURE_MISMATCH" });
  });

  it("follow a live configuration at once", async () => {
    const config = { extra: { keys, legacy: false } };
    const provider = interpretProvider(definition);
    const headers = { "x-serial": "A", "x-sig": sign(first, "{}") };
    expect(await provider.verify("{}", headers, config)).toMatchObject({ valid: true });
    config.extra.legacy = true;
    expect(await provider.verify("{}", headers, config)).toMatchObject({ valid: false });
  });

  it("may be promised, and then fail", async () => {
    const fetched = interpretProvider({
      id: "acme",
      signature: {
        algorithm: publicKey("rsa-sha256", {
          keys: async (request) =>
            request.header("x-url") ? keys.A : refuse("UNTRUSTED_KEY_URL", "not the platform's"),
        }),
        encoding: "base64",
        read: (request) => request.required("x-sig"),
      },
      signedContent: (request) => [request.body],
    });
    const verifier = createInboundVerifier({ provider: fetched, config: {} });
    const headers = { "x-sig": sign(first, "{}") };
    await expect(verifier.safeVerify("{}", { ...headers, "x-url": "x" })).resolves.toMatchObject({
      valid: true,
    });
    await expect(verifier.safeVerify("{}", headers)).resolves.toMatchObject({
      code: "UNTRUSTED_KEY_URL",
    });
  });

  it("are checked before the request is looked at", async () => {
    const verifier = createInboundVerifier({ provider: interpretProvider(definition), config: {} });
    await expect(verifier.safeVerify("{}", {})).resolves.toMatchObject({ code: "CONFIG" });
  });

  it("stay right when more of them pass by than are kept", async () => {
    const many = interpretProvider({
      id: "acme",
      signature: {
        algorithm: publicKey("rsa-sha256", {
          // The same key in ever new spellings.
          keys: (request) => keys.A + "\n".repeat(Number(request.header("x-n"))),
        }),
        encoding: "base64",
        read: (request) => request.required("x-sig"),
      },
      signedContent: (request) => [request.body],
    });
    const config = {};
    for (let n = 0; n < 70; n += 1) {
      const headers = { "x-sig": sign(first, "{}"), "x-n": String(n) };
      // oxlint-disable-next-line no-await-in-loop -- in turn, so that the cache fills up
      expect(await many.verify("{}", headers, config)).toMatchObject({ valid: true });
    }
  });
});
