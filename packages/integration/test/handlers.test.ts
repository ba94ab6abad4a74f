import { createServer } from "node:http";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import type { VerifierConfig, WebhookHandler, WebhookProvider } from "@ventostack/webhook";
import {
  createInboundVerifier,
  createMemoryReplayGuard,
  createStandardWebhooksVerifier,
  createWebhookHandler,
  toNodeHandler,
} from "@ventostack/webhook";
import { afterEach, describe, expect, it } from "vitest";
import {
  createAlipayVerifier,
  createDingTalkVerifier,
  createGitHubVerifier,
  createShopifyVerifier,
  createSlackVerifier,
  createStripeVerifier,
  createWeChatPayVerifier,
} from "../src/index.ts";
import type { PlatformRequest } from "../src/testing/index.ts";
import { generatePlatformKeys, signRequest } from "../src/testing/index.ts";

interface Platform {
  readonly handler: (onEvent: () => unknown) => WebhookHandler;
  readonly request: (url: string) => PlatformRequest;
  /** What a genuine event is answered with. */
  readonly success: readonly [status: number, body: RegExp];
  readonly refusal: readonly [status: number, body: RegExp];
  /** The handler failed. */
  readonly failure: readonly [status: number, body: RegExp];
}

function handlerOf<E extends object>(
  provider: WebhookProvider<VerifierConfig<E>>,
  config: VerifierConfig<E>,
): Platform["handler"] {
  return (onEvent) =>
    createWebhookHandler({
      verifier: createInboundVerifier({ provider, config }),
      replayGuard: createMemoryReplayGuard(),
      onEvent,
      onError: () => {},
    });
}

const keys = {
  stripe: generatePlatformKeys("stripe"),
  github: generatePlatformKeys("github"),
  slack: generatePlatformKeys("slack"),
  shopify: generatePlatformKeys("shopify"),
  wechat: generatePlatformKeys("wechat-pay"),
  alipay: generatePlatformKeys("alipay"),
  dingtalk: generatePlatformKeys("dingtalk"),
  robot: generatePlatformKeys("dingtalk-robot"),
  standard: generatePlatformKeys("standard-webhooks"),
};
const text = "订单 ☕";
const PLAIN = {
  success: [204, /^$/],
  refusal: [401, /^SIGNATURE_MISMATCH$/],
  failure: [500, /could not be handled/],
} as const;

const platforms: Record<string, Platform> = {
  Stripe: {
    handler: handlerOf(createStripeVerifier(), keys.stripe.config),
    request: (url) =>
      signRequest(
        "stripe",
        { url, payload: { id: "evt_1", type: "charge.succeeded", text } },
        keys.stripe,
      ),
    ...PLAIN,
  },
  GitHub: {
    handler: handlerOf(createGitHubVerifier(), keys.github.config),
    request: (url) => signRequest("github", { url, payload: { ref: text } }, keys.github),
    ...PLAIN,
  },
  Slack: {
    handler: handlerOf(createSlackVerifier(), keys.slack.config),
    request: (url) =>
      signRequest(
        "slack",
        {
          url,
          payload: { type: "event_callback", event_id: "Ev1", event: { type: "message", text } },
        },
        keys.slack,
      ),
    ...PLAIN,
  },
  Shopify: {
    handler: handlerOf(createShopifyVerifier(), keys.shopify.config),
    request: (url) => signRequest("shopify", { url, payload: { id: 1, text } }, keys.shopify),
    ...PLAIN,
  },
  "WeChat Pay": {
    handler: handlerOf(createWeChatPayVerifier(), keys.wechat.config),
    request: (url) =>
      signRequest("wechat-pay", { url, payload: { out_trade_no: "1", text } }, keys.wechat),
    success: [204, /^$/],
    refusal: [401, /"code":"FAIL"/],
    failure: [500, /"code":"FAIL"/],
  },
  Alipay: {
    handler: handlerOf(createAlipayVerifier(), keys.alipay.config),
    request: (url) =>
      signRequest("alipay", { url, payload: { out_trade_no: "1", subject: text } }, keys.alipay),
    success: [200, /^success$/],
    refusal: [401, /^failure$/],
    failure: [500, /^failure$/],
  },
  "DingTalk events": {
    handler: handlerOf(createDingTalkVerifier(), keys.dingtalk.config),
    request: (url) =>
      signRequest(
        "dingtalk",
        { url, payload: { EventType: "bpms_instance_change", text } },
        keys.dingtalk,
      ),
    success: [200, /"msg_signature":.*"encrypt":/s],
    refusal: [401, /./],
    failure: [500, /./],
  },
  "DingTalk robots": {
    handler: handlerOf(createDingTalkVerifier(), keys.robot.config),
    request: (url) =>
      signRequest(
        "dingtalk-robot",
        { url, payload: { msgId: "m1", msgtype: "text", text } },
        keys.robot,
      ),
    success: [200, /^$/],
    refusal: [401, /./],
    failure: [500, /./],
  },
  "Standard Webhooks": {
    handler: handlerOf(createStandardWebhooksVerifier(), keys.standard.config),
    request: (url) => signRequest("standard-webhooks", { url, payload: { text } }, keys.standard),
    ...PLAIN,
  },
};

async function send(
  { url, ...init }: PlatformRequest,
  change: { body?: string } = {},
): Promise<[number, string]> {
  const response = await fetch(url, { ...init, ...change });
  return [response.status, await response.text()];
}

function expectAnswer([status, body]: [number, string], expected: readonly [number, RegExp]): void {
  expect(status).toBe(expected[0]);
  expect(body).toMatch(expected[1]);
}

interface Serving {
  readonly url: string;
  stop(): unknown;
}

async function serveNode(handler: WebhookHandler): Promise<Serving> {
  const answer = toNodeHandler(handler);
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const servers: [string, (handler: WebhookHandler) => Promise<Serving>][] = [
  ["node:http", serveNode],
];
if (process.versions.bun) {
  servers.push([
    "Bun.serve",
    async (handler) => {
      const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: handler });
      return { url: `http://127.0.0.1:${server.port}/hook`, stop: () => server.stop(true) };
    },
  ]);
}

const cases = servers.flatMap(([server, serve]) =>
  Object.entries(platforms).map(([name, platform]) => [name, server, platform, serve] as const),
);

describe.each(cases)("a handler for %s behind %s", (_name, _server, platform, serve) => {
  let serving: Serving | undefined;
  let calls = 0;
  let isBroken = false;
  const start = async (): Promise<string> => {
    serving = await serve(
      platform.handler(() => {
        calls += 1;
        if (isBroken) throw new Error("a fault of the tests");
      }),
    );
    return serving.url;
  };

  afterEach(async () => {
    await serving?.stop();
    calls = 0;
    isBroken = false;
  });

  it("answers as the platform expects: once handled, repeated, failed", async () => {
    const url = await start();
    const request = platform.request(url);
    isBroken = true;
    expectAnswer(await send(request), platform.failure);
    isBroken = false;
    expectAnswer(await send(request), platform.success);
    expectAnswer(await send(request), platform.success);
    expect(calls).toBe(2);
  });

  it("refuses what is not signed by the platform, and does not call the handler", async () => {
    const url = await start();
    const request = platform.request(url);
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [
        name,
        // The last character of a signature may hold bits that say nothing; this one does not.
        /sign|hmac/i.test(name) && !/type/i.test(name) ? flip(value) : value,
      ]),
    );
    const forged = {
      ...request,
      headers,
      url: request.url.replace(
        /(signature=)(.)/,
        (_match, name: string, first: string) => `${name}${first === "0" ? "1" : "0"}`,
      ),
      body: request.body.replace(
        /sign=(.)/,
        (_match, first: string) => `sign=${first === "A" ? "B" : "A"}`,
      ),
    };
    expectAnswer(await send(forged), platform.refusal);
    expect(calls).toBe(0);
  });

  it("refuses bodies that are too large or not UTF-8, and survives one that breaks off", async () => {
    const url = await start();
    const { url: target, ...init } = platform.request(url);
    const large = await fetch(target, { ...init, body: "x".repeat(1_048_577) });
    expect(large.status).toBe(413);
    const bytes = await fetch(target, { ...init, body: Uint8Array.of(0xff, 0xfe, 0x80, 0x00) });
    expect(bytes.status).toBeGreaterThanOrEqual(400);
    await breakOff(target);
    expectAnswer(await send(platform.request(url)), platform.success);
    expect(calls).toBe(1);
  });

  it("takes a body in chunks", async () => {
    const url = await start();
    const { url: target, body, ...init } = platform.request(url);
    const chunks = new ReadableStream({
      start(controller) {
        const bytes = new TextEncoder().encode(body);
        for (let at = 0; at < bytes.length; at += 7) controller.enqueue(bytes.slice(at, at + 7));
        controller.close();
      },
    });
    const response = await fetch(target, { ...init, body: chunks, duplex: "half" });
    expectAnswer([response.status, await response.text()], platform.success);
    expect(calls).toBe(1);
  });
});

function flip(signature: string): string {
  return signature
    .replace(
      /([0-9a-zA-Z])([^0-9a-zA-Z]*)$/,
      (_match, last: string, rest: string) => `${last === "1" ? "2" : "1"}${rest}`,
    )
    .replace(
      /([0-9a-zA-Z])(.{8})$/,
      (_match, one: string, rest: string) => `${one === "3" ? "4" : "3"}${rest}`,
    );
}

function breakOff(url: string): Promise<void> {
  const { port, pathname, search } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), "127.0.0.1", () => {
      socket.write(
        `POST ${pathname}${search} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf`,
        () => socket.destroy(),
      );
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve());
  });
}
