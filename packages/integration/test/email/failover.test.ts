import { describe, expect, it } from "vitest";
import type { EmailFailure, HandOver, OutgoingEmail } from "../../src/email/index.ts";
import { createFailoverEmailProvider } from "../../src/email/index.ts";
import { createScriptedProvider, sentBy } from "./set-up.ts";

const email: OutgoingEmail = {
  from: { email: "shop@example.com" },
  templateId: "welcome",
  recipients: [{ reference: "r1", to: { email: "jenny@example.com" }, data: {} }],
  categories: [],
  providerOptions: {},
};
const failed = (
  code: EmailFailure["code"],
  outcome: EmailFailure["outcome"],
  more: Partial<EmailFailure> = {},
): HandOver => ({
  success: false,
  error: { code, message: code, outcome, retryable: true, ...more },
});

describe("failover between providers", () => {
  it.each<[EmailFailure["code"], EmailFailure["outcome"], number | undefined]>([
    ["NETWORK_ERROR", "not_sent", undefined],
    ["CIRCUIT_OPEN", "not_sent", undefined],
    ["QUOTA_EXHAUSTED", "not_sent", undefined],
    ["TIMEOUT", "not_sent", undefined],
    ["RATE_LIMITED", "rejected", 429],
    ["AUTH_ERROR", "rejected", 401],
    ["HTTP_ERROR", "rejected", 503],
  ])("after %s with outcome %s goes on to the next", async (code, outcome, status) => {
    const moments: string[] = [];
    const one = createScriptedProvider("one", [failed(code, outcome, status ? { status } : {})]);
    const two = createScriptedProvider("two", [sentBy("two")]);
    const both = createFailoverEmailProvider([one, two], {
      onFailover: ({ from, to, error }) => void moments.push(`${from} ${to} ${error.code}`),
    });
    expect(await both.send(email)).toEqual(sentBy("two"));
    expect(two.emails).toEqual([email]);
    expect(moments).toEqual([`one two ${code}`]);
  });

  it.each<[string, HandOver]>([
    ["an unknown outcome after a lost answer", failed("NETWORK_ERROR", "unknown")],
    ["an unknown outcome after a time-out", failed("TIMEOUT", "unknown")],
    ["an unknown outcome after a 500", failed("HTTP_ERROR", "unknown", { status: 500 })],
    ["an unknown outcome whatever the code", failed("RATE_LIMITED", "unknown")],
    ["a message that was refused", failed("INVALID_MESSAGE", "rejected", { status: 400 })],
    ["another 4xx", failed("HTTP_ERROR", "rejected", { status: 404 })],
    ["an abort", failed("ABORTED", "not_sent")],
    [
      "a recipient that was refused",
      { ...failed("AUTH_ERROR", "rejected"), refusedRecipients: [0] } as HandOver,
    ],
    ["success", sentBy("one")],
  ])("does not happen after %s", async (_name, answer) => {
    const two = createScriptedProvider("two", [sentBy("two")]);
    const both = createFailoverEmailProvider([createScriptedProvider("one", [answer]), two]);
    expect(await both.send(email)).toEqual(answer);
    expect(two.emails).toEqual([]);
  });

  it("does not happen once the caller has aborted", async () => {
    const two = createScriptedProvider("two", [sentBy("two")]);
    const both = createFailoverEmailProvider([
      createScriptedProvider("one", [failed("NETWORK_ERROR", "not_sent")]),
      two,
    ]);
    expect(await both.send(email, { signal: AbortSignal.abort() })).toMatchObject({
      success: false,
    });
    expect(two.emails).toEqual([]);
  });

  it("stops at the first that may have sent", async () => {
    const three = createScriptedProvider("three", [sentBy("three")]);
    const all = createFailoverEmailProvider([
      createScriptedProvider("one", [failed("CIRCUIT_OPEN", "not_sent")]),
      createScriptedProvider("two", [failed("TIMEOUT", "unknown")]),
      three,
    ]);
    expect(await all.send(email)).toMatchObject({ error: { code: "TIMEOUT", outcome: "unknown" } });
    expect(three.emails).toEqual([]);
  });

  it("ends with the last one's failure", async () => {
    const both = createFailoverEmailProvider([
      createScriptedProvider("one", [failed("CIRCUIT_OPEN", "not_sent")]),
      createScriptedProvider("two", [failed("AUTH_ERROR", "rejected")]),
    ]);
    expect(await both.send(email)).toMatchObject({ error: { code: "AUTH_ERROR" } });
  });

  it("goes on even if its hook throws", async () => {
    const both = createFailoverEmailProvider(
      [
        createScriptedProvider("one", [failed("CIRCUIT_OPEN", "not_sent")]),
        createScriptedProvider("two", [sentBy("two")]),
      ],
      {
        onFailover() {
          throw new Error("hook");
        },
      },
    );
    expect(await both.send(email)).toEqual(sentBy("two"));
  });

  it("reads the webhooks of each, and takes no more recipients than the smallest", () => {
    const both = createFailoverEmailProvider([
      createScriptedProvider("one", [], 1000),
      createScriptedProvider("two", [], 50),
    ]);
    const webhook = { id: "w", type: "t", payload: [], timestamp: 0 };
    expect(both.readEvents({ ...webhook, source: "two" })).toEqual({ events: [], malformed: 0 });
    expect(both.readEvents({ ...webhook, source: "three" })).toBeUndefined();
    expect(both.maxRecipients).toBe(50);
  });

  it("closes them all", async () => {
    const closed: string[] = [];
    const closing = (name: string) => ({
      ...createScriptedProvider(name, []),
      close: async () => void closed.push(name),
    });
    await createFailoverEmailProvider([closing("one"), closing("two")]).close?.();
    expect(closed).toEqual(["one", "two"]);
  });

  it("needs a provider, and each of another name", () => {
    expect(() => createFailoverEmailProvider([])).toThrow(/at least one/);
    const one = createScriptedProvider("one", []);
    expect(() => createFailoverEmailProvider([one, one])).toThrow(/name of its own/);
  });
});
