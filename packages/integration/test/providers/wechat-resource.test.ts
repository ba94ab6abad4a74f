import { createCipheriv } from "node:crypto";
import { createInboundVerifier } from "@ventostack/webhook";
import { describe, expect, it } from "vitest";
import { createWeChatPayVerifier } from "../../src/index.ts";
import { generatePlatformKeys, signRequest } from "../../src/testing/index.ts";
import { keysOf, NOW } from "./platforms.ts";

const { config, ...keys } = keysOf("wechat-pay");
const PEM = config.publicKey as string;

/** A notification with whatever resource, rightly signed. */
function withResource(resource: unknown, apiV3Key: string | string[] = keys.apiV3Key ?? "") {
  const { apiV3Key: _, ...plain } = keys;
  const payload = { id: "EV-2", event_type: "X", resource };
  const { body, headers } = signRequest("wechat-pay", { payload, timestamp: NOW }, plain);
  const { safeVerify } = createInboundVerifier({
    provider: createWeChatPayVerifier(),
    config: { publicKey: PEM, extra: { apiV3Key } },
  });
  return safeVerify(body, headers, { now: NOW });
}

function sealed(text: string, { nonce = "0123456789ab", associated_data = "" } = {}) {
  const cipher = createCipheriv("aes-256-gcm", keys.apiV3Key ?? "", nonce);
  cipher.setAAD(Buffer.from(associated_data));
  const ciphertext = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
  return {
    algorithm: "AEAD_AES_256_GCM",
    nonce,
    associated_data,
    ciphertext: ciphertext.toString("base64"),
  };
}

describe("the resource", () => {
  it("may have associated data, an empty one or none", async () => {
    const { associated_data: _, ...without } = sealed('{"a":1}');
    for (const resource of [
      sealed('{"a":1}', { associated_data: "测试" }),
      sealed('{"a":1}'),
      without,
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(withResource(resource)).resolves.toMatchObject({ event: { payload: { a: 1 } } });
    }
  });

  it("is a text where it is not JSON, and may be absent", async () => {
    await expect(withResource(sealed("text"))).resolves.toMatchObject({
      event: { payload: "text" },
    });
    await expect(withResource(undefined)).resolves.toMatchObject({
      event: { payload: { id: "EV-2", event_type: "X" } },
    });
  });

  it("may be sealed with either of two keys while one is replaced", async () => {
    const keyring = ["0".repeat(32), keys.apiV3Key ?? ""];
    await expect(withResource(sealed('{"a":1}'), keyring)).resolves.toMatchObject({ valid: true });
  });

  const good = sealed('{"a":1}');
  it.each([
    ["other associated data", { ...good, associated_data: "x" }],
    ["another nonce", { ...good, nonce: "0123456789ac" }],
    ["a nonce of 16 bytes", sealed("{}", { nonce: "0123456789abcdef" })],
    ["no nonce", { ...good, nonce: undefined }],
    ["a changed ciphertext", { ...good, ciphertext: `A${good.ciphertext.slice(1)}` }],
    ["a ciphertext shorter than its tag", { ...good, ciphertext: "AAAA" }],
    ["an empty ciphertext", { ...good, ciphertext: "" }],
    ["a ciphertext that is no base64", { ...good, ciphertext: "%%%" }],
    ["a ciphertext that is no text", { ...good, ciphertext: 7 }],
  ])("is refused with %s", async (_name, resource) => {
    await expect(withResource(resource)).resolves.toMatchObject({
      code: "DECRYPT_FAILED",
      status: 500,
    });
  });

  it.each([[null], ["x"], [7], [[]], [{}], [{ ...good, algorithm: "AEAD_SM4_GCM" }]])(
    "is refused when it is %j",
    async (resource) => {
      await expect(withResource(resource)).resolves.toMatchObject({
        code: "UNSUPPORTED_ALGORITHM",
      });
    },
  );

  it("is not decrypted before the signature is right", async () => {
    const request = signRequest("wechat-pay", { payload: {}, timestamp: NOW }, keys);
    const { publicKey } = generatePlatformKeys("wechat-pay").config;
    const { safeVerify } = createInboundVerifier({
      provider: createWeChatPayVerifier(),
      config: { publicKey, extra: { apiV3Key: "0".repeat(32) } },
    });
    await expect(safeVerify(request.body, request.headers, { now: NOW })).resolves.toMatchObject({
      code: "SIGNATURE_MISMATCH",
    });
  });
});
