import { describe, expect, it } from "vitest";
import type { RequestContext, WebhookProvider } from "../../src/index.ts";
import { createInboundVerifier, refuse } from "../../src/index.ts";
import { NOW } from "./requests.ts";

function verifierOf(answer: unknown) {
  const custom = { provider: "acme", verify: () => answer } as WebhookProvider;
  return createInboundVerifier({ provider: custom, config: {} });
}

describe("a custom provider", () => {
  it("may say no more than that the request is valid", async () => {
    for (const answer of [{ valid: true }, Promise.resolve({ valid: true })]) {
      const event = await verifierOf(answer).verifyAndConvert('{"a":1}', {}, { now: NOW });
      expect(event).toEqual({
        id: expect.any(String),
        type: "webhook.received",
        source: "acme",
        payload: { a: 1 },
        timestamp: NOW,
      });
    }
  });

  it("may say what the event is", async () => {
    const event = {
      id: "1",
      type: "t",
      source: "s",
      timestamp: 1,
      payload: null,
      metadata: { m: 1 },
    };
    await expect(verifierOf({ valid: true, event }).verifyAndConvert("{}", {})).resolves.toEqual(
      event,
    );
  });

  it("may refuse with no more than a reason", async () => {
    const result = await verifierOf({ valid: false, reason: "because" }).safeVerify("{}", {});
    expect(result).toEqual({
      valid: false,
      code: "SIGNATURE_MISMATCH",
      provider: "acme",
      reason: "because",
      status: 401,
    });
  });

  it.each([
    ["nothing", undefined],
    ["true", true],
    ["the text true", { valid: "true" }],
    ["1", { valid: 1 }],
    ["an unknown code", { valid: false, reason: "x", code: "constructor" }],
  ])("is not believed when it answers %s", async (_name, answer) => {
    const result = await verifierOf(answer).safeVerify("{}", {});
    expect(result).toMatchObject({ valid: false, status: 401 });
  });

  it.each([
    [
      "throws",
      () => {
        throw new RangeError("lengths differ");
      },
    ],
    ["rejects", () => Promise.reject(new RangeError("lengths differ"))],
  ])("that %s refuses the request and keeps the error as cause", async (_name, verify) => {
    const custom = { provider: "acme", verify } as unknown as WebhookProvider;
    const { safeVerify } = createInboundVerifier({ provider: custom, config: {} });
    await expect(safeVerify("{}", {})).resolves.toMatchObject({
      valid: false,
      code: "MALFORMED_SIGNATURE",
      status: 401,
      cause: new RangeError("lengths differ"),
    });
  });

  it("may use refuse()", async () => {
    const custom: WebhookProvider = { provider: "acme", verify: () => refuse("REPLAYED", "again") };
    const { safeVerify } = createInboundVerifier({ provider: custom, config: {} });
    await expect(safeVerify("{}", {})).resolves.toMatchObject({ code: "REPLAYED", status: 409 });
  });

  it("gets a copy of the configuration and the request's context", async () => {
    const seen: unknown[] = [];
    const custom: WebhookProvider = {
      provider: "acme",
      verify(rawBody, headers, config, request) {
        seen.push(this.provider, rawBody, headers, config, request);
        return { valid: true };
      },
    };
    const extra = { region: "eu" };
    const secret = ["a", "b"];
    const { safeVerify } = createInboundVerifier({ provider: custom, config: { secret, extra } });
    secret.length = 0;
    extra.region = "us";
    const context: RequestContext = { method: "POST", url: "/hook" };
    await safeVerify("{}", { a: "b" }, context);
    expect(seen).toEqual([
      "acme",
      "{}",
      { a: "b" },
      { secret: ["a", "b"], extra: { region: "eu" } },
      context,
    ]);
  });
});
