import { describe, expect, it } from "vitest";
import WxPay from "wechatpay-node-v3";
import { signRequest } from "../../src/testing/index.ts";
import { keysOf } from "../providers/platforms.ts";
import { bodyOf, vectors } from "../vectors/vectors.ts";

const { config, ...keys } = keysOf("wechat-pay");

/** The SDK, which knows these keys without asking the platform for them. */
class Pay extends WxPay {
  static know(certificates: Record<string, string>): void {
    // The SDK keeps them on its own class and reads them there.
    Reflect.set(WxPay, "certificates", certificates);
  }
}
const pay = new Pay({
  appid: "wx1",
  mchid: "1900000001",
  serial_no: "1",
  publicKey: Buffer.from("unused"),
  privateKey: Buffer.from("unused"),
});

const ask = (headers: Readonly<Record<string, unknown>>, body: string) =>
  pay.verifySign({
    timestamp: String(headers["wechatpay-timestamp"]),
    nonce: String(headers["wechatpay-nonce"]),
    serial: String(headers["wechatpay-serial"]),
    signature: String(headers["wechatpay-signature"]),
    body,
  });

describe("wechatpay-node-v3, the usual library", () => {
  it("believes and decrypts what is signed here", async () => {
    Pay.know({ [keys.serial]: config.publicKey as string });
    const payload = { out_trade_no: "order-001", note: "测试 🎉" };
    const { body, headers } = signRequest("wechat-pay", { payload }, keys);
    await expect(ask(headers, body)).resolves.toBe(true);
    await expect(ask(headers, `${body} `)).resolves.toBe(false);

    const { ciphertext, associated_data, nonce } = (
      JSON.parse(body) as { resource: Record<string, string> }
    ).resource;
    expect(
      pay.decipher_gcm(ciphertext ?? "", associated_data ?? "", nonce ?? "", keys.apiV3Key),
    ).toEqual(payload);
  });

  it("agrees on the vectors that are about the signature alone", async () => {
    const signatures = vectors.filter(
      ({ provider, publicKey, headers, name }) =>
        provider === "wechat-pay" &&
        publicKey?.startsWith("-----") &&
        headers["wechatpay-signature"] &&
        headers["wechatpay-nonce"] &&
        headers["wechatpay-timestamp"] &&
        // What it does not judge: times, and what is inside.
        !/301 s|decrypt with|resource\.algorithm/.test(name),
    );
    expect(signatures.length).toBeGreaterThan(8);
    for (const vector of signatures) {
      Pay.know({ [String(vector.headers["wechatpay-serial"])]: vector.publicKey ?? "" });
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const theirs = await ask(vector.headers, bodyOf(vector).toString());
      expect([vector.name, theirs]).toEqual([vector.name, vector.expect === "valid"]);
    }
  });
});
