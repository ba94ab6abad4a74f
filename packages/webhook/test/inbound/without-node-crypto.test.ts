import { generateKeyPairSync, sign } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type * as Webhook from "../../src/index.ts";
import { hmacHex, SECRET } from "./requests.ts";

describe("a runtime with Web Crypto only", () => {
  let webhook: typeof Webhook;
  beforeAll(async () => {
    vi.resetModules();
    const lookUp = vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined);
    webhook = await import("../../src/index.ts");
    lookUp.mockRestore();
  });
  afterAll(() => {
    vi.resetModules();
  });

  it("verifies HMACs", async () => {
    const { safeVerify } = webhook.createInboundVerifier({
      provider: webhook.createGenericHmacVerifier("sha256", "x-signature"),
      config: { secret: SECRET, crypto: "native" },
    });
    const headers = { "x-signature": hmacHex(SECRET, "{}") };
    await expect(safeVerify("{}", headers)).resolves.toMatchObject({ valid: true });
    await expect(safeVerify("[]", headers)).resolves.toMatchObject({ code: "SIGNATURE_MISMATCH" });
    expect(webhook.createHmacKey("sha256", new Uint8Array(1)).sign([])).toBeInstanceOf(Promise);
  });

  it("verifies with SubjectPublicKeyInfo keys, and says what it cannot read", async () => {
    const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const message = new TextEncoder().encode("a");
    const signature = sign("sha256", message, pair.privateKey);
    const spki = pair.publicKey.export({ type: "spki", format: "pem" });
    const base64 = pair.publicKey.export({ type: "spki", format: "der" }).toString("base64");
    for (const text of [spki, base64]) {
      const key = webhook.createPublicKey("rsa-sha256", text);
      // oxlint-disable-next-line no-await-in-loop -- two in turn
      await expect(key.verify([message], signature)).resolves.toBe(true);
    }
    const pkcs1 = pair.publicKey.export({ type: "pkcs1", format: "pem" });
    expect(() => webhook.createPublicKey("rsa-sha256", pkcs1)).toThrow(/needs node:crypto/);
    const other = webhook.createPublicKey("ecdsa-p256-sha256", spki);
    await expect(other.verify([message], new Uint8Array(64))).rejects.toMatchObject({
      code: "INVALID_KEY",
      message: expect.stringContaining("ecdsa-p256-sha256"),
    });
  });

  it("compares in constant time all the same", async () => {
    const { equalBytes } = await import("../../src/signing/bytes.ts");
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
  });
});
