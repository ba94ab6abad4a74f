import type { ProviderDefinition, VerifierConfig, WebhookProvider } from "@ventostack/webhook";
import { interpretProvider, parseIsoTime, publicKey, refuse } from "@ventostack/webhook";
import type { KeyResolver } from "./resolved-keys.ts";
import { createKeyChooser } from "./wechat-keys.ts";
import { checkApiV3Keys, decryptResource } from "./wechat-resource.ts";

/** What only WeChat Pay needs, in `config.extra`. Beside these, `config.publicKey` may hold the one key that there is. */
export interface WeChatPayExtra {
  /**
   * Platform certificates and public keys in PEM by their serial: hex for a certificate, `PUB_KEY_ID_…` for a public key.
   * Both kinds at once while the platform's signing moves from one to the other.
   */
  readonly certificates?: Readonly<Record<string, string>> | undefined;
  /** The id (`PUB_KEY_ID_…`) of the public key in `config.publicKey`; another serial is then refused. */
  readonly publicKeyId?: string | undefined;
  /**
   * The APIv3 key, 32 bytes: with it the payload is the decrypted resource, without it the body as it came. Several while
   * one is replaced by the next.
   */
  readonly apiV3Key?: string | readonly string[] | undefined;
  /** Asked for the keys that are not configured, such as a certificate after its rotation. */
  readonly keyResolver?: KeyResolver | undefined;
}

const ALGORITHM = "WECHATPAY2-SHA256-RSA2048";
const PROBE = "WECHATPAY/SIGNTEST/";

const weChatPay = (): ProviderDefinition<WeChatPayExtra> => ({
  id: "wechat-pay",
  docs: "https://pay.weixin.qq.com/doc/v3/merchant/4013053249",
  checkConfig({ publicKey: key = [], extra = {} }) {
    const { certificates = {}, keyResolver } = extra;
    if ([key].flat().length + Object.keys(certificates).length === 0 && !keyResolver) {
      refuse(
        "CONFIG",
        "no key is configured (extra.certificates, config.publicKey or extra.keyResolver)",
      );
    }
    checkApiV3Keys(extra);
  },
  signature: {
    algorithm: publicKey("rsa-sha256", { keys: createKeyChooser() }),
    encoding: "base64",
    read(request) {
      const signature = request.required("wechatpay-signature");
      if (signature.startsWith(PROBE)) {
        refuse("SIGNATURE_PROBE", "WeChat Pay tests whether a wrong signature is refused");
      }
      if ((request.header("wechatpay-signature-type") ?? ALGORITHM) !== ALGORITHM) {
        refuse("UNSUPPORTED_ALGORITHM", `the signature is not of the type ${ALGORITHM}`);
      }
      return signature;
    },
  },
  signedContent: (request) => [
    `${request.timestamp()}\n${request.required("wechatpay-nonce")}\n`,
    request.body,
    "\n",
  ],
  timestamp: {
    read: (request) => request.required("wechatpay-timestamp"),
    unit: "s",
    toleranceMs: 300_000,
  },
  payload(request) {
    const body = request.json();
    if (body === undefined) refuse("MALFORMED_PAYLOAD", "the body is signed, but it is not JSON");
    return decryptResource(request) ?? body;
  },
  event: (request) => ({
    id: request.string("id"),
    type: request.string("event_type"),
    timestamp: parseIsoTime(request.json("create_time")),
    metadata: {
      summary: request.string("summary"),
      resourceType: request.string("resource", "original_type"),
    },
  }),
  acknowledge: {
    success: () => ({ status: 204 }),
    failure: ({ status, code = "NOT_HANDLED" }) => ({
      status,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code: "FAIL", message: code }),
    }),
  },
});

/**
 * Verifies the notifications of WeChat Pay (API v3), whose key is chosen by the serial in the request; see
 * `WeChatPayExtra`. A key that is not there is refused with `UNKNOWN_KEY`, and so is a certificate in `config.publicKey` with
 * another serial.
 *
 * From time to time WeChat Pay sends a wrong signature on purpose and expects a refusal: `SIGNATURE_PROBE` is no attack, and
 * nothing to be woken up for.
 * Source: https://pay.weixin.qq.com/doc/v3/merchant/4013053249
 */
export function createWeChatPayVerifier(): WebhookProvider<VerifierConfig<WeChatPayExtra>> {
  return interpretProvider(weChatPay());
}
