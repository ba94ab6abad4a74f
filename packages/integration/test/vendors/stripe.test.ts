import { createInboundVerifier } from "@ventostack/webhook";
import { Stripe } from "stripe";
import { describe, expect, it } from "vitest";
import { createStripeVerifier } from "../../src/index.ts";
import { signRequest } from "../../src/testing/index.ts";

const secret = "whsec_test_secret";
const { webhooks } = new Stripe("sk_test_1");
const payload = JSON.stringify({ id: "evt_1", object: "event", type: "x", note: "wörld 测试 🎉" });
const { safeVerify } = createInboundVerifier({
  provider: createStripeVerifier(),
  config: { secret },
});

// The asynchronous halves: the build of the SDK that Bun takes has no others.
describe("Stripe's own SDK", () => {
  it("signs what is believed here", async () => {
    const header = await webhooks.generateTestHeaderStringAsync({ payload, secret });
    await expect(safeVerify(payload, { "stripe-signature": header })).resolves.toMatchObject({
      valid: true,
      event: { id: "evt_1" },
    });
    const other = await webhooks.generateTestHeaderStringAsync({ payload, secret: "whsec_other" });
    await expect(safeVerify(payload, { "stripe-signature": other })).resolves.toMatchObject({
      code: "SIGNATURE_MISMATCH",
    });
  });

  it("believes what is signed here", async () => {
    const { body, headers } = signRequest("stripe", { payload }, { secret });
    const header = headers["stripe-signature"] ?? "";
    await expect(webhooks.constructEventAsync(body, header, secret)).resolves.toMatchObject({
      id: "evt_1",
    });
    await expect(webhooks.constructEventAsync(`${body} `, header, secret)).rejects.toThrow(
      "signature",
    );
  });

  it("agrees on which times are too old", async () => {
    const now = 1_800_000_000_000;
    for (const age of [0, 299, 300, 301]) {
      const timestamp = now - age * 1000;
      const { body, headers } = signRequest("stripe", { payload, timestamp }, { secret });
      const header = headers["stripe-signature"] ?? "";
      /* oxlint-disable no-await-in-loop -- one after the other */
      const theirs = await webhooks
        .constructEventAsync(body, header, secret, 300, undefined, now)
        .then(
          () => true,
          () => false,
        );
      const ours = await safeVerify(body, headers, { now });
      /* oxlint-enable no-await-in-loop */
      expect([age, ours.valid]).toEqual([age, theirs]);
    }
  });
});
