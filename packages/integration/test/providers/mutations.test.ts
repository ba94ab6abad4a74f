import type { SafeVerifyResult, VerifierConfig } from "@ventostack/webhook";
import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PlatformName, PlatformRequest } from "../../src/testing/index.ts";
import { signRequest } from "../../src/testing/index.ts";
import { keysOf, NOW, PLATFORMS, verify } from "./platforms.ts";

const PAYLOAD: Readonly<Record<string, string>> = { id: "1", type: "a.b", EventType: "a", n: "测" };

const signed = (platform: PlatformName): PlatformRequest =>
  signRequest(platform, { payload: PAYLOAD, timestamp: NOW }, keysOf(platform));

/** Changes one part of a request. */
type Change = (request: PlatformRequest, change: (text: string) => string) => PlatformRequest;

/** The part of a header that a pattern's group catches. */
function inHeader(name: string, pattern = /^(.*)$/): Change {
  return (request, change) => {
    const value = request.headers[name] ?? "";
    const [, part = ""] = pattern.exec(value) ?? [];
    expect(part).not.toBe("");
    return {
      ...request,
      headers: { ...request.headers, [name]: value.replace(part, () => change(part)) },
    };
  };
}

function inQuery(name: string): Change {
  return (request, change) => {
    const url = new URL(request.url);
    url.searchParams.set(name, change(url.searchParams.get(name) ?? ""));
    return { ...request, url: url.href };
  };
}

function inForm(name: string): Change {
  return (request, change) => {
    const form = new URLSearchParams(request.body);
    form.set(name, change(form.get(name) ?? ""));
    return { ...request, body: form.toString() };
  };
}

const SIGNATURES: Readonly<Record<PlatformName, readonly [Change, "hex" | "base64"]>> = {
  stripe: [inHeader("stripe-signature", /v1=(.*)/), "hex"],
  github: [inHeader("x-hub-signature-256", /sha256=(.*)/), "hex"],
  slack: [inHeader("x-slack-signature", /v0=(.*)/), "hex"],
  shopify: [inHeader("x-shopify-hmac-sha256"), "base64"],
  "wechat-pay": [inHeader("wechatpay-signature"), "base64"],
  alipay: [inForm("sign"), "base64"],
  dingtalk: [inQuery("signature"), "hex"],
  "dingtalk-robot": [inHeader("sign"), "base64"],
  "standard-webhooks": [inHeader("webhook-signature", /v1,(.*)/), "base64"],
  "generic-hmac": [inHeader("x-signature", /sha256=(.*)/), "hex"],
};

// The others sign none.
const TIMESTAMPS: Partial<Readonly<Record<PlatformName, Change>>> = {
  stripe: inHeader("stripe-signature", /t=(\d+)/),
  slack: inHeader("x-slack-request-timestamp"),
  "wechat-pay": inHeader("wechatpay-timestamp"),
  dingtalk: inQuery("timestamp"),
  "dingtalk-robot": inHeader("timestamp"),
  "standard-webhooks": inHeader("webhook-timestamp"),
};

/** Flips bits of one byte. */
function flip(bytes: Uint8Array, at: number, bits: number): Uint8Array {
  const index = at % bytes.length;
  return bytes.map((byte, here) => (here === index ? byte ^ bits : byte));
}

function payloadOf(result: SafeVerifyResult): unknown {
  return result.valid ? result.event.payload : undefined;
}

const at = fc.nat();
const bits = fc.integer({ min: 1, max: 255 });

describe.each(PLATFORMS)("a request of %s", (platform) => {
  const request = signed(platform);
  const config = keysOf(platform).config as VerifierConfig<object>;
  const isRefused = async (changed: Parameters<typeof verify>[1], settings = config) =>
    !(await verify(platform, changed, settings)).valid;

  it("is believed as it is", async () => {
    await expect(verify(platform, request, config)).resolves.toMatchObject({ valid: true });
  });

  // The robot's signature does not cover the body, which is said in the event; see its own tests.
  it.runIf(platform !== "dingtalk-robot")("is refused with any other body", async () => {
    const genuine = payloadOf(await verify(platform, request, config));
    await fc.assert(
      fc.asyncProperty(at, bits, async (index, mask) => {
        const body = flip(new TextEncoder().encode(request.body), index, mask);
        const result = await verify(platform, { ...request, body }, config);
        // Percent-encoding has several spellings; what Alipay signs is what they stand for.
        const isSame = platform === "alipay" && isDeepStrictEqual(payloadOf(result), genuine);
        expect(result.valid && !isSame).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it.runIf(platform !== "dingtalk-robot")("is refused with a longer or shorter body", async () => {
    const byParts = platform === "alipay" || platform === "dingtalk";
    const genuine = payloadOf(await verify(platform, request, config));
    const bytes = new TextEncoder().encode(request.body);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 8 }), at, async (more, cut) => {
        const longer = new Uint8Array([...bytes, ...more]);
        const shorter = bytes.slice(0, cut % bytes.length);
        for (const body of [longer, shorter]) {
          // oxlint-disable-next-line no-await-in-loop -- one after the other
          const result = await verify(platform, { ...request, body }, config);
          // An ampersand at the end of a form, or white space around JSON whose parts are signed, says nothing.
          const isSame = byParts && isDeepStrictEqual(payloadOf(result), genuine);
          expect(result.valid && !isSame).toBe(false);
        }
      }),
    );
  });

  const [place, encoding] = SIGNATURES[platform];
  it("is refused with any other signature", async () => {
    await fc.assert(
      fc.asyncProperty(at, bits, async (index, mask) => {
        const changed = place(request, (text) =>
          Buffer.from(flip(Buffer.from(text, encoding), index, mask)).toString(encoding),
        );
        expect(changed).not.toEqual(request);
        expect(await isRefused(changed)).toBe(true);
      }),
    );
  });

  it("is refused with a cut or lengthened signature", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: -40, max: 8 }), async (change) => {
        fc.pre(change !== 0);
        const changed = place(request, (text) => {
          const bytes = Buffer.from(text, encoding);
          const resized =
            change < 0
              ? bytes.subarray(0, Math.max(0, bytes.length + change))
              : Buffer.concat([bytes, Buffer.alloc(change)]);
          return resized.toString(encoding);
        });
        expect(await isRefused(changed)).toBe(true);
      }),
    );
  });

  const timestamp = TIMESTAMPS[platform];
  it.runIf(timestamp)("is refused with any other timestamp, however fresh", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: -200, max: 200 }), async (delta) => {
        fc.pre(delta !== 0);
        const changed = timestamp?.(request, (text) => String(Number(text) + delta)) ?? request;
        await expect(verify(platform, changed, config)).resolves.toMatchObject({
          code: "SIGNATURE_MISMATCH",
        });
      }),
    );
  });

  it("is refused under any other key", async () => {
    const { secret, publicKey, extra } = config as VerifierConfig<Record<string, string>>;
    const others: ((index: number, mask: number) => VerifierConfig<object>)[] = [];
    if (typeof secret === "string") {
      others.push((index, mask) => ({ secret: otherText(secret, index, mask) }));
    }
    if (typeof publicKey === "string") {
      // Within the modulus: elsewhere it would be no key at all.
      const der = Buffer.from(publicKey.replace(/-----[^-]+-----|\s/g, ""), "base64");
      others.push((index, mask) => ({
        publicKey: Buffer.from(flip(der, 40 + (index % 200), mask)).toString("base64"),
        extra,
      }));
    }
    for (const name of ["token", "encodingAesKey", "ownerKey", "apiV3Key"]) {
      const value = extra?.[name];
      if (value === undefined) continue;
      others.push((index, mask) => ({
        publicKey,
        extra: { ...extra, [name]: otherText(value, index, mask) },
      }));
    }
    expect(others.length).toBeGreaterThan(0);
    await fc.assert(
      fc.asyncProperty(fc.nat(others.length - 1), at, bits, async (which, index, mask) => {
        const other = others[which]?.(index, mask) ?? {};
        expect(await isRefused(request, other)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

const LETTERS = Array.from("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

/** The text with another letter somewhere; not at the end, where base64 has bits that say nothing. */
function otherText(text: string, index: number, mask: number): string {
  const where = index % (text.length - 2);
  const was = text[where] ?? "";
  const others = LETTERS.filter((letter) => letter !== was);
  return text.slice(0, where) + (others[mask % others.length] ?? "") + text.slice(where + 1);
}
