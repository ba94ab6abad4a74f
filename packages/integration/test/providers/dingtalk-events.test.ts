import { createCipheriv, createHash } from "node:crypto";
import { createInboundVerifier, createWebhookHandler } from "@ventostack/webhook";
import { describe, expect, it } from "vitest";
import type { DingTalkExtra } from "../../src/index.ts";
import { createDingTalkVerifier } from "../../src/index.ts";
import {
  aesKeyOf,
  openMessage,
  sealMessage,
  signMessage,
} from "../../src/providers/dingtalk-crypto.ts";
import { generatePlatformKeys, signRequest } from "../../src/testing/index.ts";
import { keysOf, NOW } from "./platforms.ts";

const keys = keysOf("dingtalk");
const aesKey = aesKeyOf(keys.encodingAesKey) ?? new Uint8Array();

/** A rightly signed event around whatever ciphertext. */
function around(encrypt: unknown, extra: DingTalkExtra = keys) {
  const query = { timestamp: String(NOW), nonce: "WL4PK6yA" };
  const signature = signMessage([keys.token, query.timestamp, query.nonce, String(encrypt)]);
  const { safeVerify } = createInboundVerifier({
    provider: createDingTalkVerifier(),
    config: { extra },
  });
  const body = JSON.stringify({ encrypt });
  return safeVerify(body, {}, { query: { ...query, signature }, now: NOW });
}

/** The plaintext is given to the last byte. */
function seal(plain: Uint8Array): string {
  const cipher = createCipheriv("aes-256-cbc", aesKey, aesKey.subarray(0, 16)).setAutoPadding(
    false,
  );
  return Buffer.concat([cipher.update(plain), cipher.final()]).toString("base64");
}

/** 16 random bytes, a length, a message, its owner, and a padding. */
function plaintext(message: string, { length = message.length, padding = [] as number[] } = {}) {
  const head = Buffer.alloc(20);
  head.writeUInt32BE(length, 16);
  const content = Buffer.concat([head, Buffer.from(message + keys.ownerKey)]);
  const missing = 32 - (content.length % 32);
  return Buffer.concat([
    content,
    Buffer.from(padding.length > 0 ? padding : Array.from({ length: missing }, () => missing)),
  ]);
}

describe("events", () => {
  it("are decrypted, with id, type and time from inside", async () => {
    const payload = {
      EventType: "user_modify_org",
      eventId: "e7ee3e9beeb54704bdaf34db6edfc79d",
      EventTime: NOW - 1234,
      CorpId: "ding9f50",
      title: "自测",
    };
    const encrypt = sealMessage(aesKey, { message: JSON.stringify(payload), owner: keys.ownerKey });
    await expect(around(encrypt)).resolves.toEqual({
      valid: true,
      event: {
        id: "e7ee3e9beeb54704bdaf34db6edfc79d",
        type: "user_modify_org",
        source: "dingtalk",
        payload,
        timestamp: NOW - 1234,
        metadata: { provider: "dingtalk", bodyAuthenticated: true, corpId: "ding9f50" },
      },
    });
  });

  it.each([
    [{ TimeStamp: String(NOW - 7) }, NOW - 7],
    [{ TimeStamp: "soon" }, NOW],
    [{}, NOW],
  ])("have the time of %j", async (payload, timestamp) => {
    const encrypt = sealMessage(aesKey, { message: JSON.stringify(payload), owner: keys.ownerKey });
    await expect(around(encrypt)).resolves.toMatchObject({ event: { timestamp } });
  });

  it("are refused when they are for another owner, even for a longer, shorter or empty one", async () => {
    for (const owner of ["", keys.ownerKey.slice(0, -1), `${keys.ownerKey}x`, "other"]) {
      const encrypt = sealMessage(aesKey, { message: "{}", owner });
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(around(encrypt)).resolves.toMatchObject({
        code: "ACCOUNT_MISMATCH",
        status: 403,
      });
    }
  });

  it.each([17, 18, 31, 32])(
    "are read with %i bytes of padding, more than Web Crypto knows",
    async (bytes) => {
      // 20 bytes of head, and the owner.
      const free = (64 - 20 - keys.ownerKey.length - bytes + 64) % 32;
      const message = "m".repeat(free);
      const plain = plaintext(message);
      expect(plain.at(-1)).toBe(bytes);
      await expect(around(seal(plain))).resolves.toMatchObject({ event: { payload: message } });
    },
  );

  it("are padded to blocks of 32 bytes, whatever their length", () => {
    for (let length = 0; length <= 64; length += 1) {
      const opened = { message: "m".repeat(length), owner: keys.ownerKey };
      const sealed = sealMessage(aesKey, opened);
      expect(Buffer.from(sealed, "base64").length % 32).toBe(0);
      expect(openMessage(aesKey, sealed)).toEqual(opened);
    }
  });

  it("are believed for an hour on either side", async () => {
    const { body, url } = signRequest("dingtalk", { payload: {}, timestamp: NOW }, keys);
    const { safeVerify } = createInboundVerifier({
      provider: createDingTalkVerifier(),
      config: keys.config,
    });
    const hour = 3_600_000;
    for (const [now, code] of [
      [NOW + hour, undefined],
      [NOW + hour + 1, "TIMESTAMP_EXPIRED"],
      [NOW - hour, undefined],
      [NOW - hour - 1, "TIMESTAMP_IN_FUTURE"],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const result = await safeVerify(body, {}, { url, now });
      expect(result.valid ? undefined : result.code).toBe(code);
    }
  });

  it("are refused in one way whatever is wrong inside", async () => {
    const { encodingAesKey } = generatePlatformKeys("dingtalk");
    const good = plaintext("{}");
    const missing = good.at(-1) ?? 0;
    const faults: Record<string, string> = {
      "no base64": "%%%",
      nothing: " ",
      "half a block": Buffer.alloc(40).toString("base64"),
      "one block": seal(Buffer.alloc(16, 16)),
      "another key": sealMessage(aesKeyOf(encodingAesKey) ?? aesKey, {
        message: "{}",
        owner: keys.ownerKey,
      }),
      "padding of 0": seal(Buffer.concat([good.subarray(0, -1), Buffer.of(0)])),
      "padding of 33": seal(Buffer.concat([Buffer.alloc(31), Buffer.alloc(33, 33)])),
      "uneven padding": seal(
        Buffer.concat([
          good.subarray(0, -missing),
          Buffer.alloc(missing - 1, 1),
          Buffer.of(missing),
        ]),
      ),
      "too long a length": seal(plaintext("{}", { length: 3 + keys.ownerKey.length })),
      "the longest length": seal(plaintext("{}", { length: 0xffff_ffff })),
      "padding over the head": seal(Buffer.alloc(32, 32)),
    };
    const reasons = new Set<string>();
    for (const [fault, encrypt] of Object.entries(faults)) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const result = await around(encrypt);
      expect({ fault, ...result }).toMatchObject({
        fault,
        valid: false,
        code: "DECRYPT_FAILED",
        status: 500,
      });
      if (!result.valid) reasons.add(result.reason);
    }
    expect(reasons.size).toBe(1);
  });

  it.each([undefined, null, 1, ["a"], {}, ""])(
    "are refused when `encrypt` is %j",
    async (encrypt) => {
      await expect(around(encrypt)).resolves.toMatchObject({ code: "MALFORMED_PAYLOAD" });
    },
  );

  it.each(["signature", "timestamp", "nonce"])("are refused without %s", async (name) => {
    const request = signRequest("dingtalk", { payload: {}, timestamp: NOW }, keys);
    const url = new URL(request.url);
    url.searchParams.delete(name);
    const { safeVerify } = createInboundVerifier({
      provider: createDingTalkVerifier(),
      config: { extra: keys },
    });
    await expect(
      safeVerify(request.body, request.headers, { url: url.href, now: NOW }),
    ).resolves.toMatchObject({ code: "MISSING_HEADER", reason: expect.stringContaining(name) });
  });
});

describe("DingTalk is answered", () => {
  const types: string[] = [];
  const handler = createWebhookHandler({
    verifier: createInboundVerifier({ provider: createDingTalkVerifier(), config: keys.config }),
    onEvent: ({ type }) => void types.push(type),
  });
  const post = async (payload: unknown) => {
    const { url, ...init } = signRequest("dingtalk", { payload }, keys);
    const response = await handler(new Request(url, init));
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    const reply = (await response.json()) as Record<string, string>;
    const { msg_signature: signature, timeStamp = "", nonce = "", encrypt = "" } = reply;
    // By hand, as DingTalk's own library does it.
    const content = [keys.token, timeStamp, nonce, encrypt].toSorted().join("");
    expect(signature).toBe(createHash("sha1").update(content).digest("hex"));
    expect(nonce).toMatch(/^[0-9a-f]{16}$/);
    expect(Math.abs(Number(timeStamp) - Date.now())).toBeLessThan(60_000);
    return openMessage(aesKey, encrypt);
  };

  it("with an encrypted success", async () => {
    const success = { message: "success", owner: keys.ownerKey };
    await expect(post({ EventType: "bpms_task_change" })).resolves.toEqual(success);
    expect(types).toEqual(["bpms_task_change"]);
  });

  it("to its checks of the URL, which are no events", async () => {
    types.length = 0;
    await expect(post({ EventType: "check_url" })).resolves.toMatchObject({ message: "success" });
    for (const EventType of ["check_create_suite_url", "check_update_suite_url"]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(post({ EventType, Random: "LPIdSnlF" })).resolves.toMatchObject({
        message: "LPIdSnlF",
      });
    }
    expect(types).toEqual([]);
  });

  it("with a bare 200 for a robot", async () => {
    const robotKeys = keysOf("dingtalk-robot");
    const verifier = createInboundVerifier({
      provider: createDingTalkVerifier(),
      config: robotKeys.config,
    });
    types.length = 0;
    const answer = createWebhookHandler({ verifier, onEvent: ({ type }) => types.push(type) });
    const payload = { msgtype: "check_url" };
    const { url, ...init } = signRequest("dingtalk-robot", { payload }, robotKeys);
    const response = await answer(new Request(url, init));
    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect(types).toEqual(["check_url"]);
  });
});
