import { createHmac } from "node:crypto";
import { createInboundVerifier } from "@ventostack/webhook";
import { describe, expect, it } from "vitest";
import { createStripeVerifier } from "../../src/index.ts";

const SECRET = "whsec_test_secret";
const NOW = 1_700_000_000_000;
const SECONDS = NOW / 1000;

function sign(body: string, secret = SECRET, seconds = SECONDS): string {
  return createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
}

function verify(body: string, header: string | string[], secret: string | string[] = SECRET) {
  const { safeVerify } = createInboundVerifier({
    provider: createStripeVerifier(),
    config: { secret },
  });
  return safeVerify(body, { "stripe-signature": header }, { now: NOW });
}

describe("createStripeVerifier", () => {
  it("reads a snapshot event", async () => {
    const payload = {
      id: "evt_1",
      object: "event",
      account: "acct_1",
      api_version: "2024-06-20",
      created: 1_699_999_990,
      livemode: false,
      type: "charge.succeeded",
      data: { object: { amount: 100 } },
    };
    const body = JSON.stringify(payload);
    const result = await verify(body, `t=${SECONDS},v1=${sign(body)}`);
    expect(result).toEqual({
      valid: true,
      event: {
        id: "evt_1",
        type: "charge.succeeded",
        source: "stripe",
        payload,
        timestamp: 1_699_999_990_000,
        metadata: {
          provider: "stripe",
          account: "acct_1",
          apiVersion: "2024-06-20",
          livemode: false,
        },
      },
    });
  });

  it("reads the time of a thin event, which is a text", async () => {
    const body =
      '{"id":"evt_2","object":"v2.core.event","type":"v1.x","created":"2023-11-14T22:13:10.123Z"}';
    const result = await verify(body, `t=${SECONDS},v1=${sign(body)}`);
    expect(result).toMatchObject({ valid: true, event: { timestamp: 1_699_999_990_123 } });
    expect(result.valid && Object.keys(result.event.metadata ?? {})).toEqual(["provider"]);
  });

  it("falls back to the clock for a time beyond all bounds", async () => {
    const body = '{"id":"evt_3","type":"x","created":1e999}';
    const result = await verify(body, `t=${SECONDS},v1=${sign(body)}`);
    expect(result).toMatchObject({ valid: true, event: { timestamp: NOW } });
  });

  it("accepts any of several secrets", async () => {
    const header = `t=${SECONDS},v1=${sign("{}", "whsec_old")}`;
    await expect(verify("{}", header, ["whsec_new", "whsec_old"])).resolves.toMatchObject({
      valid: true,
    });
    await expect(verify("{}", header, ["whsec_new"])).resolves.toMatchObject({
      code: "SIGNATURE_MISMATCH",
    });
  });

  it("takes the last of several timestamps, as it is the one that Stripe reads", async () => {
    const header = `t=1,t=${SECONDS},v1=${sign("{}")}`;
    await expect(verify("{}", header)).resolves.toMatchObject({ valid: true });
  });

  it("takes headers that a framework joined, and unknown pairs", async () => {
    const header = `t=${SECONDS} , v1=${"0".repeat(64)}, v9=x, flag, v1=${sign("{}")} ,v0=x`;
    await expect(verify("{}", header)).resolves.toMatchObject({ valid: true });
    const list = [`t=${SECONDS}`, `v1=${sign("{}")}`];
    await expect(verify("{}", list)).resolves.toMatchObject({ valid: true });
  });

  it.each(["v1:", "v1x=", "v1 =", "V1=", "xv1="])("does not take %s for v1=", async (name) => {
    await expect(verify("{}", `t=${SECONDS},${name}${sign("{}")}`)).resolves.toMatchObject({
      code: "MISSING_SIGNATURE",
    });
  });

  it.each([
    ["a sign", "+1700000000"],
    ["a fraction", "1700000000.0"],
    ["an exponent", "17e8"],
    ["hex", "0x6553f100"],
    ["trailing letters", "1700000000abc"],
    ["a space inside", "1700 000000"],
    ["other digits", "१७००००००००"],
    ["too many digits", "0".repeat(6) + "1700000000"],
    ["nothing", ""],
  ])("refuses a timestamp with %s although it is signed", async (_name, text) => {
    const signature = createHmac("sha256", SECRET).update(`${text}.{}`).digest("hex");
    await expect(verify("{}", `t=${text},v1=${signature}`)).resolves.toMatchObject({
      code: "MALFORMED_SIGNATURE",
    });
  });

  it("refuses a signed body that is not JSON", async () => {
    await expect(verify("hello", `t=${SECONDS},v1=${sign("hello")}`)).resolves.toMatchObject({
      code: "MALFORMED_PAYLOAD",
      status: 400,
    });
  });

  it("finds the right one of a thousand signatures, and of a hundred thousand without delay", async () => {
    const wrong = `v1=${"ab".repeat(32)},`;
    const thousand = `t=${SECONDS},${wrong.repeat(999)}v1=${sign("{}")}`;
    await expect(verify("{}", thousand)).resolves.toMatchObject({ valid: true });

    const started = performance.now();
    const many = `t=${SECONDS},${wrong.repeat(100_000)}`;
    await expect(verify("{}", many)).resolves.toMatchObject({ code: "SIGNATURE_MISMATCH" });
    // Linear work is some 50 ms here; quadratic work would be hours.
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
