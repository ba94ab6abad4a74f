import { describe, expect, it } from "vitest";
import type { VerifierConfig, WebhookProvider } from "../../src/index.ts";
import { createGenericHmacVerifier, createInboundVerifier, WebhookError } from "../../src/index.ts";
import { hmacHex, SECRET } from "./requests.ts";

const BODY = '{"hello":"wörld"}';
const HEADERS = { "x-signature": hmacHex(SECRET, BODY) };

const provider = createGenericHmacVerifier("sha256", "X-Signature");

describe("createInboundVerifier", () => {
  it.each([
    ["no provider", { config: {} }],
    ["a provider without verify", { provider: { provider: "x" }, config: {} }],
    [
      "a provider whose verify is no function",
      { provider: { provider: "x", verify: 1 }, config: {} },
    ],
    ["a provider without a name", { provider: { provider: "", verify() {} }, config: {} }],
    ["no config", { provider }],
    ["a secret that is a number", { provider, config: { secret: 1 } }],
    ["a list of secrets with a number", { provider, config: { secret: ["a", 1] } }],
    ["a secret in bytes", { provider, config: { secret: new Uint8Array(8) } }],
    ["a public key that is an object", { provider, config: { publicKey: {} } }],
    ["a negative tolerance", { provider, config: { timestampTolerance: -1 } }],
    ["an endless tolerance", { provider, config: { timestampTolerance: Infinity } }],
    ["a tolerance in words", { provider, config: { timestampTolerance: "5m" } }],
    ["an extra that is a text", { provider, config: { extra: "x" } }],
    ["an unknown crypto", { provider, config: { crypto: "wasm" } }],
  ])("throws for %s", (_name, options) => {
    const create = () =>
      createInboundVerifier(options as { provider: WebhookProvider; config: VerifierConfig });
    expect(create).toThrow(WebhookError);
    expect(create).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  });

  it.each([
    ["no secret", {}],
    ["a secret that is undefined", { secret: undefined }],
    ["a secret that is null", { secret: null as unknown as string }],
    ["an empty secret", { secret: "" }],
    ["no secret in the list", { secret: [] }],
    ["an empty secret in the list", { secret: [SECRET, ""] }],
    ["a missing secret in the list", { secret: [SECRET, undefined as unknown as string] }],
    ["a secret with a line break", { secret: `${SECRET}\n` }],
    ["a secret with a space in front", { secret: ` ${SECRET}` }],
  ])("leaves %s to each request, as the operator's fault", async (_name, config) => {
    const { safeVerify } = createInboundVerifier({ provider, config });
    await expect(safeVerify(BODY, HEADERS)).resolves.toMatchObject({
      valid: false,
      code: "CONFIG",
      status: 500,
      reason: expect.stringMatching(/secret/),
    });
  });

  it("never verifies with an empty secret, not even what was signed with one", async () => {
    const { safeVerify } = createInboundVerifier({ provider, config: { secret: "" } });
    const headers = { "x-signature": hmacHex("", BODY) };
    await expect(safeVerify(BODY, headers)).resolves.toMatchObject({ code: "CONFIG" });
  });

  it("accepts any of several secrets", async () => {
    const secret = ["newer", SECRET, "older"];
    const { safeVerify } = createInboundVerifier({ provider, config: { secret } });
    await expect(safeVerify(BODY, HEADERS)).resolves.toMatchObject({ valid: true });
    const headers = { "x-signature": hmacHex("none", BODY) };
    await expect(safeVerify(BODY, headers)).resolves.toMatchObject({ code: "SIGNATURE_MISMATCH" });
  });
});

describe("a provider called without a verifier", () => {
  it("follows a live configuration at once", () => {
    const config = { secret: [SECRET] };
    expect(provider.verify(BODY, HEADERS, config)).toMatchObject({ valid: true });
    config.secret[0] = "another";
    expect(provider.verify(BODY, HEADERS, config)).toMatchObject({ code: "SIGNATURE_MISMATCH" });
    config.secret.length = 0;
    expect(provider.verify(BODY, HEADERS, config)).toMatchObject({ code: "CONFIG" });
  });

  it("refuses what is no configuration, no time and no tolerance", () => {
    const none = undefined as unknown as VerifierConfig;
    expect(provider.verify(BODY, HEADERS, none)).toMatchObject({ code: "CONFIG" });
    const config = { secret: SECRET };
    expect(provider.verify(BODY, HEADERS, config, { now: NaN })).toMatchObject({ code: "CONFIG" });
    const endless = { secret: SECRET, timestampTolerance: NaN };
    expect(provider.verify(BODY, HEADERS, endless)).toMatchObject({ code: "CONFIG" });
  });
});
