import type {
  ProviderDefinition,
  SignedRequest,
  VerifierConfig,
  WebhookProvider,
} from "@ventostack/webhook";
import { interpretProvider, parseIsoTime, publicKey, refuse, stringAt } from "@ventostack/webhook";
import { signedContents, signedForms } from "./alipay-content.ts";
import type { AlipayParam } from "./alipay-params.ts";
import { paramsOf } from "./alipay-params.ts";

/** What only Alipay needs, in `config.extra`. */
export interface AlipayExtra {
  /**
   * The form as a framework parsed it, where the raw body cannot be had: then pass an empty raw body. For UTF-8 only, and
   * repeated names have been lost. Also `bodyParams` of the request's context.
   */
  readonly bodyParams?: Readonly<Record<string, unknown>> | undefined;
  /** The app that notifications must be for; another `app_id` is refused with `ACCOUNT_MISMATCH`. */
  readonly appId?: string | undefined;
  /** Accepts `sign_type=RSA`, which is RSA with SHA-1; default false. */
  readonly allowSha1?: boolean | undefined;
}

const alipay: ProviderDefinition<AlipayExtra> = {
  id: "alipay",
  docs: "https://opendocs.alipay.com/common/02mse7",
  checkConfig({ extra: { appId } = {} }) {
    if (appId !== undefined && (typeof appId !== "string" || appId === "")) {
      refuse("CONFIG", "extra.appId is empty: is its environment variable set?");
    }
  },
  // It may have gone into `bodyParams`.
  emptyBody: "accept",
  signature: [
    {
      algorithm: publicKey("rsa-sha256"),
      encoding: "base64",
      read: (request) => signaturesOf(request, "RSA2"),
    },
    {
      algorithm: publicKey("rsa-sha1"),
      encoding: "base64",
      read: (request) => signaturesOf(request, "RSA"),
    },
  ],
  signedContent: (request) => ({ alternatives: signedContents(paramsOf(request)) }),
  payload: readPayload,
  event: (_request, payload) => {
    const param = (name: string): string | undefined => stringAt(payload, [name]);
    return {
      id: param("notify_id"),
      type: param("notify_type") ?? param("msg_method") ?? param("method"),
      timestamp: notifiedAt(param("notify_time"), param("utc_timestamp")),
      metadata: {
        appId: param("app_id"),
        sellerId: param("seller_id"),
        tradeNo: param("trade_no"),
        outTradeNo: param("out_trade_no"),
        tradeStatus: param("trade_status"),
        totalAmount: param("total_amount"),
      },
    };
  },
  acknowledge: {
    // To the letter; all else means that it has failed.
    success: () => ({ status: 200, headers: { "content-type": "text/plain" }, body: "success" }),
    failure: ({ status }) => ({
      status,
      headers: { "content-type": "text/plain" },
      body: "failure",
    }),
  },
};

/** The signature, if it is of this type. Which types count is for the configuration to say, not for the message. */
function signaturesOf(request: SignedRequest<AlipayExtra>, wanted: "RSA2" | "RSA"): string[] {
  const params = paramsOf(request);
  const valueOf = (name: string): string | undefined =>
    params.find((param) => param.name === name)?.value;
  const type = valueOf("sign_type") || "RSA2";
  if (type !== "RSA2" && !(type === "RSA" && request.extra.allowSha1 === true)) {
    refuse("UNSUPPORTED_ALGORITHM", "sign_type is not RSA2 (extra.allowSha1 would accept RSA)");
  }
  const signature = valueOf("sign");
  return signature && type === wanted ? [signature] : [];
}

/** The parameters that were signed, and no others: anybody can add an empty one that is not. */
function readPayload(
  request: SignedRequest<AlipayExtra>,
  alternative: number,
): Readonly<Record<string, string>> {
  const signed: readonly AlipayParam[] = signedForms(paramsOf(request))[alternative] ?? [];
  const payload = Object.fromEntries(signed.map(({ name, value }) => [name, value]));
  const { appId } = request.extra;
  if (appId !== undefined && stringAt(payload, ["app_id"]) !== appId) {
    refuse("ACCOUNT_MISMATCH", "the notification is for another app than extra.appId");
  }
  return payload;
}

/** `notify_time` is China's time and does not say so; messages of the gateway have milliseconds. */
function notifiedAt(time: string | undefined, utc: string | undefined): number | undefined {
  if (time !== undefined) return parseIsoTime(`${time.replace(" ", "T")}+08:00`);
  return utc === undefined || !/^\d{1,15}$/.test(utc) ? undefined : Number(utc);
}

/**
 * Verifies the asynchronous notifications of Alipay. `config.publicKey` is Alipay's public key, or its certificate
 * (`alipayCertPublicKey_RSA2.crt`) in certificate mode, and not the app's own public key, which is the usual mistake.
 *
 * The payload holds the verified parameters as texts. Set `extra.appId`; then compare `out_trade_no`, `total_amount` and
 * `seller_id` with the order, as Alipay asks for. Notifications carry no signed time that could be judged, because retries
 * over 25 hours have the same signature: handle each id once.
 * Source: https://opendocs.alipay.com/common/02mse7
 */
export function createAlipayVerifier(): WebhookProvider<VerifierConfig<AlipayExtra>> {
  return interpretProvider(alipay);
}
