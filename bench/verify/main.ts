/**
 * What a verified webhook costs: `verifyAndConvert` next to the platform's own library and to the floor, which is the
 * bare HMAC or RSA verification with a key imported once and `JSON.parse` of the same body. All begin with the bytes that
 * a server has received: most of the libraries take a text, which has to be decoded for them.
 */
import {
  createHmac,
  createSecretKey,
  generateKeyPairSync,
  sign,
  timingSafeEqual,
} from "node:crypto";
import { verify as verifyOctokit } from "@octokit/webhooks-methods";
// oxlint-disable-next-line import/no-unassigned-import -- it sets the SDK up for this runtime
import "@shopify/shopify-api/adapters/web-api";
import { ApiVersion, shopifyApi } from "@shopify/shopify-api";
import { isValidSlackRequest } from "@slack/bolt";
import {
  createAlipayVerifier,
  createGitHubVerifier,
  createShopifyVerifier,
  createSlackVerifier,
  createStripeVerifier,
  createWeChatPayVerifier,
} from "@ventostack/integration";
import { createInboundVerifier, createStandardWebhooksVerifier } from "@ventostack/webhook";
import { AlipaySdk } from "alipay-sdk";
import { Webhook } from "standardwebhooks";
import { Stripe } from "stripe";
import wechatpay from "wechatpay-node-v3";
import type { Group } from "../support/report.ts";
import { report } from "../support/report.ts";
import type { Case } from "../support/rounds.ts";
import { measure, runRounds } from "../support/rounds.ts";
import { startEndpoint } from "./endpoint.ts";
import { createEventText } from "./event-text.ts";

const COUNT = Number(process.env["BENCH_COUNT"] ?? 20_000);
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 7);
const IN_FLIGHT = 64;
const SECRET = "whsec_a_secret_of_the_benchmark_1";
const now = Date.now();
const seconds = String(Math.floor(now / 1000));
const text = createEventText(now);
const body = new TextEncoder().encode(text);

type Part = string | Uint8Array;

function mac(secret: Part, parts: readonly Part[], encoding: "hex" | "base64") {
  const hmac = createHmac("sha256", secret);
  for (const part of parts) hmac.update(part);
  return hmac.digest(encoding);
}

const floorKey = createSecretKey(new TextEncoder().encode(SECRET));
const prefix = new TextEncoder().encode(`${seconds}.`);
const floorDigest = Buffer.from(mac(SECRET, [prefix, body], "hex"), "hex");
const decoder = new TextDecoder();
const received = (): string => decoder.decode(body);

const hmacFloor: Case = () =>
  measure(COUNT, IN_FLIGHT, async () => {
    const digest = createHmac("sha256", floorKey).update(prefix).update(body).digest();
    if (!timingSafeEqual(digest, floorDigest)) throw new Error("the floor does not hold");
    JSON.parse(decoder.decode(body));
  });

const each =
  (operation: () => Promise<unknown>): Case =>
  () =>
    measure(COUNT, IN_FLIGHT, operation);
const groups: Group[] = [];
const compare = async (title: string, cases: Record<string, Case>): Promise<void> => {
  groups.push({ title, baseline: "floor", rows: await runRounds(cases, ROUNDS) });
};

const stripeHeaders = {
  "stripe-signature": `t=${seconds},v1=${mac(SECRET, [prefix, body], "hex")}`,
};
{
  const verifier = createInboundVerifier({
    provider: createStripeVerifier(),
    config: { secret: SECRET },
  });
  const stripe = new Stripe("sk_test_benchmark");
  await compare("Stripe", {
    floor: hmacFloor,
    ours: each(() => verifier.verifyAndConvert(body, stripeHeaders)),
    stripe: each(() =>
      stripe.webhooks.constructEventAsync(received(), stripeHeaders["stripe-signature"], SECRET),
    ),
  });
}
{
  const headers = {
    "x-hub-signature-256": `sha256=${mac(SECRET, [body], "hex")}`,
    "x-github-event": "push",
    "x-github-delivery": "d",
  };
  const verifier = createInboundVerifier({
    provider: createGitHubVerifier(),
    config: { secret: SECRET },
  });
  await compare("GitHub", {
    floor: hmacFloor,
    ours: each(() => verifier.verifyAndConvert(body, headers)),
    "@octokit/webhooks-methods": each(async () => {
      const sent = received();
      const isRight = await verifyOctokit(SECRET, sent, headers["x-hub-signature-256"]);
      if (!isRight) throw new Error("@octokit/webhooks-methods refuses the request");
      JSON.parse(sent);
    }),
  });
}
{
  const headers = {
    "x-slack-signature": `v0=${mac(SECRET, [`v0:${seconds}:`, body], "hex")}`,
    "x-slack-request-timestamp": seconds,
  };
  const verifier = createInboundVerifier({
    provider: createSlackVerifier(),
    config: { secret: SECRET },
  });
  await compare("Slack", {
    floor: hmacFloor,
    ours: each(() => verifier.verifyAndConvert(body, headers)),
    "@slack/bolt": each(async () => {
      const sent = received();
      const isRight = isValidSlackRequest({
        signingSecret: SECRET,
        body: sent,
        headers: {
          "x-slack-signature": headers["x-slack-signature"],
          "x-slack-request-timestamp": Number(seconds),
        },
      });
      if (!isRight) throw new Error("@slack/bolt refuses the request");
      JSON.parse(sent);
    }),
  });
}
{
  const headers = {
    "x-shopify-hmac-sha256": mac(SECRET, [body], "base64"),
    "x-shopify-topic": "orders/create",
    "x-shopify-webhook-id": "w",
  };
  const verifier = createInboundVerifier({
    provider: createShopifyVerifier(),
    config: { secret: SECRET },
  });
  const { webhooks } = shopifyApi({
    apiKey: "key",
    apiSecretKey: SECRET,
    hostName: "receiver.example",
    apiVersion: ApiVersion.January26,
    isEmbeddedApp: false,
    logger: { level: 0 },
  });
  const sdkHeaders = {
    ...headers,
    "x-shopify-shop-domain": "shop.myshopify.com",
    "x-shopify-api-version": "2026-01",
  };
  await compare("Shopify", {
    floor: hmacFloor,
    ours: each(() => verifier.verifyAndConvert(body, headers)),
    "@shopify/shopify-api": each(async () => {
      const sent = received();
      const rawRequest = new Request("https://receiver.example", {
        method: "POST",
        headers: sdkHeaders,
        body: sent,
      });
      const { valid } = await webhooks.validate({ rawBody: sent, rawRequest });
      if (!valid) throw new Error("@shopify/shopify-api refuses the request");
      JSON.parse(sent);
    }),
  });
}
{
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const headers = {
    "webhook-id": "msg_1",
    "webhook-timestamp": seconds,
    "webhook-signature": `v1,${mac(Buffer.alloc(32, 7), [`msg_1.${seconds}.`, body], "base64")}`,
  };
  const verifier = createInboundVerifier({
    provider: createStandardWebhooksVerifier(),
    config: { secret },
  });
  const webhook = new Webhook(secret);
  await compare("Standard Webhooks", {
    floor: hmacFloor,
    ours: each(() => verifier.verifyAndConvert(body, headers)),
    standardwebhooks: each(async () => webhook.verify(received(), headers)),
  });
}

/** A PEM text without its armour, as some libraries want their keys. */
function bare(pem: string): string {
  return pem.replace(/-----[^-]+-----|\s/g, "");
}

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const publicPem = rsa.publicKey.export({ type: "spki", format: "pem" });
const subtleKey = await crypto.subtle.importKey(
  "spki",
  rsa.publicKey.export({ type: "spki", format: "der" }),
  { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  false,
  ["verify"],
);
const rsaFloor = (content: Uint8Array<ArrayBuffer>, parse: () => unknown): Case => {
  const signature = new Uint8Array(sign("sha256", content, rsa.privateKey));
  return each(async () => {
    if (!(await crypto.subtle.verify("RSASSA-PKCS1-v1_5", subtleKey, signature, content))) {
      throw new Error("the floor does not hold");
    }
    parse();
  });
};
{
  const content = new TextEncoder().encode(`${seconds}\nnonce\n${text}\n`);
  const headers = {
    "wechatpay-timestamp": seconds,
    "wechatpay-nonce": "nonce",
    "wechatpay-serial": "PUB_KEY_ID_1",
    "wechatpay-signature": sign("sha256", content, rsa.privateKey).toString("base64"),
  };
  const verifier = createInboundVerifier({
    provider: createWeChatPayVerifier(),
    config: { publicKey: publicPem, extra: { publicKeyId: "PUB_KEY_ID_1" } },
  });
  // Its certificates are looked up by serial; the instance itself is not needed to verify.
  const Pay = wechatpay;
  Object.assign(Pay, { certificates: { PUB_KEY_ID_1: publicPem } });
  const verifySign = Pay.prototype.verifySign.bind(Object.create(Pay.prototype));
  await compare("WeChat Pay", {
    floor: rsaFloor(content, () => JSON.parse(received())),
    ours: each(() => verifier.verifyAndConvert(body, headers)),
    "wechatpay-node-v3": each(async () => {
      const sent = received();
      const isRight = await verifySign({
        timestamp: seconds,
        nonce: "nonce",
        body: sent,
        serial: "PUB_KEY_ID_1",
        signature: headers["wechatpay-signature"],
        apiSecret: "",
      });
      if (!isRight) throw new Error("wechatpay-node-v3 refuses the notice");
      JSON.parse(sent);
    }),
  });
}
{
  const parameters: Record<string, string> = {
    app_id: "2021000000000000",
    charset: "utf-8",
    notify_id: "n1",
    notify_time: "2026-01-01 12:00:00",
    notify_type: "trade_status_sync",
    out_trade_no: "order-1",
    total_amount: "20.00",
    trade_status: "TRADE_SUCCESS",
    body: "A description of the goods. ".repeat(60),
  };
  const content = new TextEncoder().encode(
    Object.keys(parameters)
      .toSorted()
      .map((name) => `${name}=${parameters[name]}`)
      .join("&"),
  );
  const signature = sign("sha256", content, rsa.privateKey).toString("base64");
  const posted = { ...parameters, sign: signature, sign_type: "RSA2" };
  const form = new TextEncoder().encode(new URLSearchParams(posted).toString());
  const verifier = createInboundVerifier({
    provider: createAlipayVerifier(),
    config: { publicKey: publicPem },
  });
  const sdk = new AlipaySdk({
    appId: "2021000000000000",
    privateKey: bare(rsa.privateKey.export({ type: "pkcs1", format: "pem" })),
    alipayPublicKey: bare(publicPem),
  });
  await compare("Alipay", {
    floor: rsaFloor(content, () => new URLSearchParams(decoder.decode(form))),
    ours: each(() =>
      verifier.verifyAndConvert(form, { "content-type": "application/x-www-form-urlencoded" }),
    ),
    "alipay-sdk": each(async () => {
      if (!sdk.checkNotifySignV2(Object.fromEntries(new URLSearchParams(decoder.decode(form))))) {
        throw new Error("alipay-sdk refuses the notice");
      }
    }),
  });
}
{
  const endpoint = await startEndpoint(SECRET, { headers: stripeHeaders, body }, COUNT, IN_FLIGHT);
  groups.push({
    title: `An endpoint, ${IN_FLIGHT} connections`,
    baseline: "without verification",
    rows: await runRounds(endpoint.cases, ROUNDS),
  });
  endpoint.stop();
}
report("verify", groups);
process.exit(0);
