import { sign } from "node:crypto";
import { createInboundVerifier, createWebhookHandler } from "@ventostack/webhook";
import { describe, expect, it } from "vitest";
import type { WeChatPayExtra } from "../../src/index.ts";
import { createWeChatPayVerifier } from "../../src/index.ts";
import { generatePlatformKeys, signRequest } from "../../src/testing/index.ts";
import { vectors } from "../vectors/vectors.ts";
import { keysOf, NOW } from "./platforms.ts";

const { config, ...keys } = keysOf("wechat-pay");
const PEM = config.publicKey as string;
const other = generatePlatformKeys("wechat-pay");
const OTHER_PEM = other.config.publicKey as string;
const PAYLOAD = { out_trade_no: "order-001", trade_state: "SUCCESS" };

interface Settings {
  readonly publicKey?: string | readonly string[];
  readonly extra?: WeChatPayExtra;
}

function verify(
  request: { body: string; headers: Readonly<Record<string, string>> },
  settings: Settings = config as Settings,
) {
  const verifier = createInboundVerifier({ provider: createWeChatPayVerifier(), config: settings });
  return verifier.safeVerify(request.body, request.headers, { now: NOW });
}

const signed = (serial = keys.serial, payload: unknown = PAYLOAD) =>
  signRequest("wechat-pay", { payload, timestamp: NOW, id: "EV-1" }, { ...keys, serial });

describe("createWeChatPayVerifier", () => {
  it("reads a notification and what is encrypted in it", async () => {
    await expect(verify(signed())).resolves.toEqual({
      valid: true,
      event: {
        id: "EV-1",
        type: "TRANSACTION.SUCCESS",
        source: "wechat-pay",
        payload: PAYLOAD,
        timestamp: NOW,
        metadata: {
          provider: "wechat-pay",
          summary: "TRANSACTION.SUCCESS",
          resourceType: "transaction",
        },
      },
    });
  });

  it("hands on the body as it is without an APIv3 key", async () => {
    const request = signed();
    await expect(
      verify(request, { publicKey: PEM, extra: { publicKeyId: keys.serial } }),
    ).resolves.toMatchObject({ event: { id: "EV-1", payload: JSON.parse(request.body) } });
  });

  it.each([
    "WECHATPAY2-SM2-WITH-SM3",
    "WECHATPAY2-SHA256-RSA2048-BRAND",
    "wechatpay2-sha256-rsa2048",
  ])("refuses the signature type %s", async (type) => {
    const request = signed();
    const headers = { ...request.headers, "wechatpay-signature-type": type };
    await expect(verify({ ...request, headers })).resolves.toMatchObject({
      code: "UNSUPPORTED_ALGORITHM",
    });
  });

  it("does without a signature type, as older requests do", async () => {
    const request = signed();
    const { "wechatpay-signature-type": _, ...headers } = request.headers;
    await expect(verify({ ...request, headers })).resolves.toMatchObject({ valid: true });
  });

  it("covers the nonce, the time and the line break at the end", async () => {
    const request = signed();
    for (const change of [
      { "wechatpay-nonce": "0".repeat(32) },
      { "wechatpay-timestamp": String(NOW / 1000 + 1) },
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(
        verify({ ...request, headers: { ...request.headers, ...change } }),
      ).resolves.toMatchObject({ code: "SIGNATURE_MISMATCH" });
    }
    const { body, headers } = request;
    const content = `${headers["wechatpay-timestamp"]}\n${headers["wechatpay-nonce"]}\n${body}`;
    const signature = sign("RSA-SHA256", Buffer.from(content), keys.privateKey).toString("base64");
    await expect(
      verify({ body, headers: { ...headers, "wechatpay-signature": signature } }),
    ).resolves.toMatchObject({ code: "SIGNATURE_MISMATCH" });
  });

  it("refuses the platform's probes under a code of their own, whatever key they name", async () => {
    const request = signed("unknown");
    const signature = `WECHATPAY/SIGNTEST/${request.headers["wechatpay-signature"]}`;
    const headers = { ...request.headers, "wechatpay-signature": signature };
    await expect(verify({ ...request, headers })).resolves.toMatchObject({
      code: "SIGNATURE_PROBE",
      status: 401,
    });
  });

  it("refuses a signed body that is not JSON", async () => {
    const { apiV3Key: _, ...plain } = keys;
    const request = signRequest("wechat-pay", { payload: "<xml/>", timestamp: NOW }, plain);
    await expect(verify(request)).resolves.toMatchObject({ code: "MALFORMED_PAYLOAD" });
  });
});

describe("the key of a request", () => {
  it("is chosen by its serial among several", async () => {
    const extra = { certificates: { "0A1B": PEM, [keys.serial]: PEM, "0C": OTHER_PEM } };
    for (const [serial, code] of [
      ["0A1B", undefined],
      ["0a1b", undefined],
      ["a1b", undefined],
      [keys.serial, undefined],
      ["0C", "SIGNATURE_MISMATCH"],
      ["0D", "UNKNOWN_KEY"],
      ["", "MISSING_HEADER"],
      [keys.serial.toLowerCase(), "UNKNOWN_KEY"],
      ["0A1B, 0A1B", "UNKNOWN_KEY"],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const result = await verify(signed(serial), { extra });
      expect([serial, result.valid ? undefined : result.code]).toEqual([serial, code]);
    }
  });

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"])(
    "is not found under %s",
    async (serial) => {
      const extra = { certificates: { "0A": PEM } };
      await expect(verify(signed(serial), { extra })).resolves.toMatchObject({
        code: "UNKNOWN_KEY",
      });
    },
  );

  it("is the only one there is where nothing says which it is", async () => {
    await expect(verify(signed("0D"), { publicKey: PEM })).resolves.toMatchObject({ valid: true });
    await expect(
      verify(signed("0D"), { publicKey: PEM, extra: { publicKeyId: keys.serial } }),
    ).resolves.toMatchObject({ code: "UNKNOWN_KEY" });
  });

  it("is a certificate's only under the certificate's own serial", async () => {
    const vector = vectors.find(({ name }) => name.endsWith("platform CERTIFICATE PEM"));
    const { headers, rawBody: body = "", now = 0, publicKey = "" } = vector ?? { headers: {} };
    const base64 = publicKey.replace(/-----[^-]+-----|\s/g, "");
    const inEnvironment = publicKey.replaceAll("\n", String.raw`\n`);
    for (const key of [publicKey, base64, inEnvironment]) {
      const { safeVerify } = createInboundVerifier({
        provider: createWeChatPayVerifier(),
        config: { publicKey: key },
      });
      /* oxlint-disable no-await-in-loop -- one after the other */
      await expect(safeVerify(body, headers, { now })).resolves.toMatchObject({
        valid: true,
      });
      const changed = { ...headers, "wechatpay-serial": "D7CE59D1F522D702" };
      await expect(safeVerify(body, changed, { now })).resolves.toMatchObject({
        code: "UNKNOWN_KEY",
      });
      /* oxlint-enable no-await-in-loop */
    }
  });

  it("may come from a resolver, which is asked only for what is not configured", async () => {
    const asked: string[] = [];
    const verifier = createInboundVerifier({
      provider: createWeChatPayVerifier(),
      config: {
        extra: {
          certificates: { "0A": PEM },
          keyResolver(serial) {
            asked.push(serial);
            return serial === "B" ? PEM : undefined;
          },
        },
      },
    });
    const send = async (serial: string) => {
      const { body, headers } = signed(serial);
      const result = await verifier.safeVerify(body, headers, { now: NOW });
      return result.valid || result.code;
    };
    expect(await send("0A")).toBe(true);
    expect(asked).toEqual([]);
    expect(await send("0b")).toBe(true);
    expect(await send("B")).toBe(true);
    expect(asked).toEqual(["B"]);
    expect(await send("0C")).toBe("UNKNOWN_KEY");
    expect(await send("../../etc/passwd")).toBe("UNKNOWN_KEY");
    expect(asked).toEqual(["B", "C"]);
  });

  it("that a resolver fails to bring is a refusal, never an exception", async () => {
    const result = await verify(signed(), {
      extra: { keyResolver: () => Promise.reject(new Error("no connection")) },
    });
    expect(result).toMatchObject({
      code: "CONFIG",
      status: 500,
      cause: { message: "no connection" },
    });
  });

  it.each<[string, Settings]>([
    ["no key at all", {}],
    ["an empty list", { publicKey: [], extra: { certificates: {} } }],
    ["an empty certificate", { extra: { certificates: { [keys.serial]: "" } } }],
    ["a private key", { publicKey: keys.privateKey }],
  ])("is reported as CONFIG with %s", async (_name, settings) => {
    await expect(verify(signed(), settings)).resolves.toMatchObject({
      code: "CONFIG",
      status: 500,
    });
  });
});

it.each(["x".repeat(31), "é".repeat(32), "", ["x".repeat(32), ""], 7 as unknown as string])(
  "an APIv3 key that is not 32 bytes (%j) is reported as CONFIG",
  async (apiV3Key) => {
    await expect(verify(signed(), { publicKey: PEM, extra: { apiV3Key } })).resolves.toMatchObject({
      code: "CONFIG",
      reason: expect.stringContaining("32 bytes"),
    });
  },
);

describe("WeChat Pay is answered", () => {
  const handler = createWebhookHandler({
    verifier: createInboundVerifier({
      provider: createWeChatPayVerifier(),
      config,
    }),
    onEvent({ id }) {
      if (id === "fails") throw new Error("as ordered");
    },
    onError: () => {},
  });
  const post = async (id: string, headers: Record<string, string> = {}) => {
    const { url, ...init } = signRequest("wechat-pay", { payload: {}, id, headers }, keys);
    return handler(new Request(url, init));
  };

  it("with 204 for an event that was taken over", async () => {
    const response = await post("EV-3");
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(createWeChatPayVerifier().acknowledge).toHaveProperty("success");
  });

  it.each([
    ["a failed event", "fails", {}, 500, "NOT_HANDLED"],
    ["a probe", "EV-4", { "wechatpay-signature": "WECHATPAY/SIGNTEST/x" }, 401, "SIGNATURE_PROBE"],
    ["an unknown key", "EV-5", { "wechatpay-serial": "0F" }, 401, "UNKNOWN_KEY"],
  ])("with FAIL for %s", async (_name, id, headers, status, message) => {
    const response = await post(id, headers);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/json");
    await expect(response.json()).resolves.toEqual({ code: "FAIL", message });
  });
});
