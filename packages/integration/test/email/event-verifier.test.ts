import { createInboundVerifier } from "@ventostack/webhook";
import { describe, expect, it } from "vitest";
import { createSendGridEventVerifier } from "../../src/providers/sendgrid.ts";
import { createEventSigner } from "../../src/testing/index.ts";

// Source: the tests of SendGrid's own library,
// https://github.com/sendgrid/sendgrid-nodejs/blob/main/packages/eventwebhook/src/eventwebhook.spec.js
const official = {
  publicKey:
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA==",
  otherKey:
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8REntlo7aNDthvj+y7GjUuFDb/R1NGe1OPzpA==",
  signature:
    "MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDWYNH2j/0=",
  timestamp: "1588788367",
  body: JSON.stringify({
    category: "example_payload",
    event: "test_event",
    message_id: "message_id",
  }),
};
const SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature";
const TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp";
const T0 = 1_588_788_367_000;
const HOUR_MS = 3_600_000;

const check = (
  changes: { publicKey?: string; body?: string | Uint8Array; now?: number } = {},
  headers: Record<string, string | undefined> = {},
) =>
  createInboundVerifier({
    provider: createSendGridEventVerifier(),
    config: { publicKey: changes.publicKey ?? official.publicKey },
  }).safeVerify(
    changes.body ?? official.body,
    { [SIGNATURE]: official.signature, [TIMESTAMP]: official.timestamp, ...headers },
    { now: changes.now ?? T0 },
  );

describe("the verifier of SendGrid's event webhook", () => {
  it("believes the vendor's own vector", async () => {
    expect(await check()).toMatchObject({
      valid: true,
      event: { source: "sendgrid", timestamp: T0, payload: { event: "test_event" } },
    });
  });

  it("refuses another key, body, signature and timestamp", async () => {
    const tampered = official.signature.replace("H2j/0=", "H3j/0=");
    const mismatch = { valid: false, code: "SIGNATURE_MISMATCH" };
    expect(await check({ publicKey: official.otherKey })).toMatchObject(mismatch);
    expect(await check({ body: "payload" })).toMatchObject(mismatch);
    expect(await check({}, { [SIGNATURE]: tampered })).toMatchObject(mismatch);
    expect(await check({}, { [TIMESTAMP]: "1588788368" })).toMatchObject(mismatch);
    expect(await check({}, { [TIMESTAMP]: "timestamp" })).toMatchObject({
      valid: false,
      code: "MALFORMED_SIGNATURE",
    });
  });

  it.each([SIGNATURE, TIMESTAMP])("refuses a request without %s", async (name) => {
    expect(await check({}, { [name]: undefined })).toMatchObject({
      valid: false,
      code: "MISSING_HEADER",
      status: 401,
    });
  });

  it("takes posts that SendGrid repeats for a day, but none that are older", async () => {
    expect(await check({ now: T0 + 24 * HOUR_MS })).toMatchObject({ valid: true });
    expect(await check({ now: T0 + 26 * HOUR_MS })).toMatchObject({ code: "TIMESTAMP_EXPIRED" });
    expect(await check({ now: T0 - 26 * HOUR_MS })).toMatchObject({ code: "TIMESTAMP_IN_FUTURE" });
  });

  it("needs the line break at the end of the body", async () => {
    const signer = createEventSigner();
    const { body, headers } = signer.sign([{ event: "open" }], T0);
    const publicKey = signer.publicKey;
    expect(await check({ publicKey, body }, headers)).toMatchObject({ valid: true });
    const trimmed = new TextDecoder().decode(body).trim();
    expect(await check({ publicKey, body: trimmed }, headers)).toMatchObject({
      code: "SIGNATURE_MISMATCH",
    });
  });

  it("says what is missing where there is no key", async () => {
    const verifier = createInboundVerifier({ provider: createSendGridEventVerifier(), config: {} });
    expect(await verifier.safeVerify(official.body, {})).toMatchObject({
      valid: false,
      code: "CONFIG",
    });
  });
});
