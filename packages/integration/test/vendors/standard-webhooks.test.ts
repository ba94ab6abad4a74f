import {
  createInboundVerifier,
  createOutboundWebhookManager,
  createStandardWebhooksVerifier,
  generateSecret,
} from "@ventostack/webhook";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { signRequest } from "../../src/testing/index.ts";

const secret = generateSecret();
const theirs = new Webhook(secret);
const payload = { type: "a.b", note: "wörld 测试 🎉" };
const { safeVerify } = createInboundVerifier({
  provider: createStandardWebhooksVerifier(),
  config: { secret },
});

describe("the library of the Standard Webhooks project", () => {
  it("signs what is believed here", async () => {
    const body = JSON.stringify(payload);
    const now = new Date();
    const headers = {
      "webhook-id": "msg_1",
      "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
      "webhook-signature": theirs.sign("msg_1", now, body),
    };
    await expect(safeVerify(body, headers)).resolves.toMatchObject({
      valid: true,
      event: { id: "msg_1", type: "a.b", payload },
    });
    await expect(safeVerify(`${body} `, headers)).resolves.toMatchObject({ valid: false });
  });

  it("believes what is signed here", () => {
    const { body, headers } = signRequest("standard-webhooks", { payload }, { secret });
    expect(theirs.verify(body, headers)).toEqual(payload);
    expect(() => theirs.verify(`${body} `, headers)).toThrow("signature");
  });

  it("believes what the outbound half sends", async () => {
    const sent: { body: string; headers: Record<string, string> }[] = [];
    await using outbound = createOutboundWebhookManager({
      fetch: async (_url, { body, headers }) => {
        const text = typeof body === "string" ? body : new TextDecoder().decode(body);
        sent.push({ body: text, headers: { ...headers } });
        return { status: 204 };
      },
    });
    outbound.subscribe({ url: "https://receiver.example/", secret });
    await outbound.send("a.b", payload);
    const [request] = sent;
    expect(theirs.verify(request?.body ?? "", request?.headers ?? {})).toEqual(payload);
    await expect(safeVerify(request?.body ?? "", request?.headers ?? {})).resolves.toMatchObject({
      valid: true,
    });
  });
});
