import type { IncomingHttpHeaders } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { WebhookEvent } from "@ventostack/webhook";
import { createInboundVerifier } from "@ventostack/webhook";
import { describe, expect, it } from "vitest";
import type { EmailEventMoment, EmailLogStore, WebhookReport } from "../../src/email/index.ts";
import { createMemoryEmailLogStore } from "../../src/email/index.ts";
import { createSendGridEventVerifier } from "../../src/providers/sendgrid.ts";
import type { SendGridEventName } from "../../src/testing/index.ts";
import type { Bench } from "./set-up.ts";
import { createBench, T0, TEMPLATE } from "./set-up.ts";

const webhook = (payload: unknown, source = "sendgrid"): WebhookEvent => ({
  id: "w",
  type: "webhook.received",
  source,
  payload,
  timestamp: T0,
});

async function sent({ service, emulator }: Bench, to = "jenny@example.com") {
  const result = await service.sendEmail(to, TEMPLATE);
  const message = emulator.messages.at(-1);
  if (!result.success || !message) throw new Error("The e-mail was not sent");
  return { id: result.id, message };
}

describe("the webhook of an e-mail provider", () => {
  it("is an array of events, each of which moves its e-mail on", async () => {
    await using bench = await createBench();
    const { service, emulator } = bench;
    const a = await sent(bench, "a@example.com");
    const b = await sent(bench, "b@example.com");
    const payload = [
      ...emulator.events(a.message, ["processed", "delivered", "open"]),
      ...emulator.events(b.message, ["processed", "bounce"]),
    ];
    expect(await service.handleWebhook(webhook(payload))).toEqual({
      applied: 5,
      duplicates: 0,
      unmatched: 0,
      malformed: 0,
    });
    expect(await service.get(a.id)).toMatchObject({ status: "opened", flags: [] });
    expect(await service.get(b.id)).toMatchObject({ status: "processed", flags: ["bounced"] });
    expect((await service.list({ flag: "bounced" })).records.map(({ id }) => id)).toEqual([b.id]);
  });

  it("counts an event once, however often it comes", async () => {
    await using bench = await createBench();
    const { service, emulator } = bench;
    const { message } = await sent(bench);
    const payload = emulator.events(message, ["processed", "delivered"]);
    await service.handleWebhook(webhook([...payload, ...payload]));
    expect(await service.handleWebhook(webhook(payload))).toMatchObject({
      applied: 0,
      duplicates: 2,
    });
  });

  const orders: [string, SendGridEventName[], string, string[]][] = [
    ["delivered before processed", ["delivered", "processed"], "delivered", []],
    [
      "a click before everything",
      ["click", "open", "delivered", "deferred", "processed"],
      "clicked",
      [],
    ],
    ["deferred after delivered", ["delivered", "deferred"], "delivered", []],
    ["a bounce after delivery", ["delivered", "bounce"], "delivered", ["bounced"]],
    ["a delivery after a bounce", ["bounce", "delivered"], "delivered", ["bounced"]],
    ["a block", ["processed", "blocked"], "processed", ["bounced"]],
    ["a drop", ["dropped"], "queued", ["dropped"]],
    [
      "complaints",
      ["delivered", "spamreport", "unsubscribe"],
      "delivered",
      ["spam", "unsubscribed"],
    ],
    [
      "leaving a group and coming back",
      ["group_unsubscribe", "group_resubscribe"],
      "queued",
      ["unsubscribed"],
    ],
  ];
  it.each(orders)("comes in any order: %s", async (_name, names, status, flags) => {
    await using bench = await createBench();
    const { id, message } = await sent(bench);
    for (const event of bench.emulator.events(message, names)) {
      // oxlint-disable-next-line no-await-in-loop -- in this order
      await bench.service.handleWebhook(webhook([event]));
    }
    expect(await bench.service.get(id)).toMatchObject({ status, flags });
  });

  it("finds the e-mail by SendGrid's id alone, since not everybody sends our argument back", async () => {
    await using bench = await createBench();
    const { id, message } = await sent(bench);
    const payload = bench.emulator
      .events(message, ["delivered"])
      .map(({ ventostack_ref: _ref, ...event }) => event);
    expect(await bench.service.handleWebhook(webhook(payload))).toMatchObject({ applied: 1 });
    expect(await bench.service.get(id)).toMatchObject({ status: "delivered" });
  });

  it("finds it by the SMTP id where a late bounce has no other", async () => {
    await using bench = await createBench();
    const { id, message } = await sent(bench);
    const payload = bench.emulator
      .events(message, ["bounce"])
      .map(({ ventostack_ref: _ref, sg_message_id: _id, ...event }) => event);
    expect(await bench.service.handleWebhook(webhook(payload))).toMatchObject({ applied: 1 });
    expect(await bench.service.get(id)).toMatchObject({ flags: ["bounced"] });
  });

  it("does not take an id that only begins alike for the same", async () => {
    await using bench = await createBench();
    const { id, message } = await sent(bench);
    const payload = bench.emulator.events(message, ["delivered"], {
      ventostack_ref: undefined,
      "smtp-id": undefined,
      sg_message_id: `${message.requestId}x.filter.0`,
    });
    expect(await bench.service.handleWebhook(webhook(payload))).toMatchObject({ unmatched: 1 });
    expect(await bench.service.get(id)).toMatchObject({ status: "queued" });
  });

  it("may be about other people's e-mails, and about the account", async () => {
    const moments: EmailEventMoment[] = [];
    await using bench = await createBench({
      service: { hooks: { onEvent: (moment) => void moments.push(moment) } },
    });
    const account = {
      event: "account_status_change",
      sg_event_id: "account-1",
      timestamp: T0 / 1000,
      type: "compliance_suspend",
    };
    const foreign = {
      event: "open",
      sg_event_id: "x",
      timestamp: 1,
      email: "x@example.com",
      sg_message_id: "y",
    };
    expect(await bench.service.handleWebhook(webhook([account, foreign]))).toMatchObject({
      unmatched: 2,
    });
    expect(moments).toMatchObject([{ event: { type: "account" } }, { event: { type: "opened" } }]);
  });

  it("may hold entries that are none, and events of kinds to come", async () => {
    await using bench = await createBench();
    const { id, message } = await sent(bench);
    const payload = [
      null,
      "text",
      {},
      { event: "open" },
      ...bench.emulator.events(message, ["open"], { event: "teleported" }),
    ];
    expect(await bench.service.handleWebhook(webhook(payload))).toMatchObject({
      malformed: 4,
      applied: 1,
    });
    expect(await bench.service.get(id)).toMatchObject({ status: "queued", flags: [] });
    for (const odd of [undefined, null, {}, "text", 5])
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await bench.service.handleWebhook(webhook(odd))).toMatchObject({ malformed: 1 });
  });

  it("of somebody else is refused", async () => {
    await using bench = await createBench();
    await expect(bench.service.handleWebhook(webhook([], "stripe"))).rejects.toMatchObject({
      code: "CONFIG_ERROR",
    });
  });

  it("tells the hook what is news, once, and survives it", async () => {
    const moments: string[] = [];
    await using bench = await createBench({
      service: {
        hooks: {
          onEvent({ event, record }) {
            moments.push(`${event.type} ${record?.status}`);
            throw new Error("hook");
          },
        },
      },
    });
    const { message } = await sent(bench);
    const payload = bench.emulator.events(message, ["processed", "delivered"]);
    await bench.service.handleWebhook(webhook([...payload, ...payload]));
    expect(moments).toEqual(["processed processed", "delivered delivered"]);
  });

  it("is not acknowledged where the log fails, and comes again without harm", async () => {
    const working = createMemoryEmailLogStore();
    let failures = 1;
    const store: EmailLogStore = {
      ...working,
      apply(news, at) {
        if (failures-- > 0) throw new Error("disk full");
        return working.apply(news, at);
      },
    };
    await using bench = await createBench({ service: { store } });
    const { id, message } = await sent(bench);
    const payload = bench.emulator.events(message, ["processed", "delivered"]);
    await expect(bench.service.handleWebhook(webhook(payload))).rejects.toThrow("disk full");
    expect(await bench.service.handleWebhook(webhook(payload))).toMatchObject({
      applied: 2,
      duplicates: 0,
    });
    expect(await bench.service.get(id)).toMatchObject({ status: "delivered" });
  });

  it("arrives before the answer to the request does", async () => {
    await using bench = await createBench();
    const { service, emulator } = bench;
    emulator.fail({ kind: "slow", acts: true });
    const sending = service.sendEmail("jenny@example.com", TEMPLATE);
    await emulator.received(1);
    const [message] = emulator.messages;
    if (!message) throw new Error("The message was not taken");
    await service.handleWebhook(webhook(emulator.events(message, ["processed", "delivered"])));
    emulator.release();
    const result = await sending;
    expect(result).toMatchObject({ success: true });
    expect(await service.get(result.id ?? "")).toMatchObject({
      handOver: "sent",
      status: "delivered",
      messageId: message.requestId,
    });
  });

  it("goes from signed bytes over a socket into the log, doubled and in reverse", async () => {
    await using bench = await createBench();
    const { service, emulator } = bench;
    const verifier = createInboundVerifier({
      provider: createSendGridEventVerifier(),
      config: { publicKey: emulator.publicKey },
    });
    const reports: WebhookReport[] = [];
    const handle = async (body: Uint8Array, headers: IncomingHttpHeaders) => {
      const event = await verifier.verifyAndConvert(body, headers, { now: T0 });
      reports.push(await service.handleWebhook(event));
    };
    const server = createServer((request, response) => {
      const chunks: Uint8Array[] = [];
      request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      request.on("end", () => {
        handle(Buffer.concat(chunks), request.headers).then(
          () => response.writeHead(204).end(),
          () => response.writeHead(401).end(),
        );
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`;
    const { id, message } = await sent(bench);
    const events = emulator.events(message, ["processed", "delivered", "open", "click"]);
    expect(await emulator.post(url, events, { copies: 2, reversed: true, perPost: 3 })).toEqual([
      204, 204, 204,
    ]);
    const total = (name: keyof WebhookReport) =>
      reports.reduce((sum, report) => sum + report[name], 0);
    expect([total("applied"), total("duplicates")]).toEqual([4, 4]);
    expect(await service.get(id)).toMatchObject({ status: "clicked" });
    const { body, headers } = emulator.sign(events);
    const forged = await fetch(url, {
      method: "POST",
      headers: { ...headers },
      body: `${new TextDecoder().decode(body)} `,
    });
    expect(forged.status).toBe(401);
    server.closeAllConnections();
    server.close();
  });
});
