import { AlipaySdk } from "alipay-sdk";
import { createInboundVerifier } from "@ventostack/webhook";
import { describe, expect, it } from "vitest";
import { createAlipayVerifier } from "../../src/index.ts";
import { signRequest } from "../../src/testing/index.ts";
import { keysOf } from "../providers/platforms.ts";
import { bodyOf, vectors } from "../vectors/vectors.ts";

const bare = (pem: string) => pem.replace(/-----[^-]+-----|\s/g, "");
const { config, privateKey } = keysOf("alipay");
const sdkWith = (publicKey: string, signType: "RSA" | "RSA2" = "RSA2") =>
  new AlipaySdk({
    appId: "1",
    privateKey: bare(privateKey),
    keyType: "PKCS8",
    alipayPublicKey: bare(publicKey),
    signType,
  });
const parsed = (body: string) => Object.fromEntries(new URLSearchParams(body));

describe("Alipay's own SDK", () => {
  it.each([
    { signsType: false, signType: "RSA2" },
    { signsType: true, signType: "RSA2" },
    { signsType: false, signType: "RSA" },
  ] as const)("believes what is signed here: %j", (options) => {
    const payload = { subject: "测试 & 商品=1+1 %41", empty: "", body: "a b" };
    const { body } = signRequest("alipay", { payload, ...options }, { privateKey });
    const sdk = sdkWith(config.publicKey as string);
    expect(sdk.checkNotifySignV2(parsed(body))).toBe(true);
    expect(sdk.checkNotifySignV2({ ...parsed(body), subject: "x" })).toBe(false);
  });

  // Those that only this library refuses: a form that is read in two ways, and what the configuration forbids.
  const STRICTER = /duplicate|sign_type says RSA|disagree/;
  const comparable = vectors.filter(
    ({ provider, publicKey, bodyParams, tags = [], name }) =>
      provider === "alipay" &&
      publicKey !== undefined &&
      bodyParams === undefined &&
      !tags.includes("charset") &&
      !STRICTER.test(name),
  );
  it.each(comparable.map((vector) => [vector.name, vector] as const))(
    "agrees on the vector %s",
    async (_name, vector) => {
      const body = bodyOf(vector).toString();
      const theirs = sdkWith(vector.publicKey ?? "").checkNotifySignV2(parsed(body));
      const { safeVerify } = createInboundVerifier({
        provider: createAlipayVerifier(),
        config: { publicKey: vector.publicKey },
      });
      const ours = await safeVerify(body, {});
      expect(ours.valid).toBe(theirs);
    },
  );

  it("compares the larger part of the vectors", () => {
    expect(comparable.length).toBeGreaterThan(12);
  });
});
