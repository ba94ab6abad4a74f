import { afterEach, describe, expect, it } from "vitest";
import type { StripePaymentProviderOptions } from "../../src/payments/index.ts";
import { createPaymentService, createStripePaymentProvider } from "../../src/payments/index.ts";
import { charge, INTENTS, openShop, QUICK } from "./set-up.ts";

const make = (options: Partial<StripePaymentProviderOptions> = {}) =>
  createStripePaymentProvider({ apiKey: "sk_test_1", client: QUICK, ...options });

function codeOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return undefined;
}

describe("the API key", () => {
  const before = process.env["NODE_ENV"] ?? "test";
  afterEach(() => {
    process.env["NODE_ENV"] = before;
  });

  it.each(["sk_live_1", "rk_live_1", "sk_org_live_1"])(
    "%s is refused in the sandbox, which is the default",
    (apiKey) => {
      process.env["NODE_ENV"] = "production";
      expect(codeOf(() => make({ apiKey }))).toBe("LIVE_KEY_REFUSED");
      expect(codeOf(() => make({ apiKey, mode: "sandbox" }))).toBe("LIVE_KEY_REFUSED");
      expect(codeOf(() => make({ apiKey, mode: "live" }))).toBeUndefined();
    },
  );

  it("of the live mode is refused under NODE_ENV test, whatever the mode", () => {
    process.env["NODE_ENV"] = "test";
    expect(codeOf(() => make({ apiKey: "sk_live_1", mode: "live" }))).toBe("LIVE_KEY_REFUSED");
    expect(codeOf(() => make({ apiKey: "rk_live_1", mode: "live" }))).toBe("LIVE_KEY_REFUSED");
  });

  it("of the test mode is refused with mode live", () => {
    process.env["NODE_ENV"] = "production";
    expect(codeOf(() => make({ mode: "live" }))).toBe("INVALID_OPTION");
  });

  it.each([
    "",
    "pk_test_secret1",
    "sk_test_secret1\n",
    "whsec_secret1",
    undefined as never,
    "sk_test_",
  ])("%j is refused, and not repeated", (apiKey) => {
    const work = () => make({ apiKey });
    expect(codeOf(work)).toBe("INVALID_OPTION");
    expect(work).not.toThrow(/secret1/);
  });

  it("that Stripe does not accept is an answer, without the key in it", async () => {
    const { emulator, store } = await openShop();
    const provider = make({ apiKey: "sk_test_wrong_secret", baseUrl: emulator.url });
    const payments = createPaymentService({ provider, store });
    const result = await payments.charge(charge());
    expect(result).toMatchObject({ error: { code: "AUTH_ERROR", status: 401 } });
    expect(JSON.stringify(result)).not.toContain("wrong_secret");
  });
});

describe("the address", () => {
  it.each([
    "http://api.stripe.com",
    "http://10.0.0.1",
    "ftp://127.0.0.1",
    "https://a.example/v1",
    "x",
  ])(
    "%s is refused: the key would be readable on its way, or the path is not Stripe's",
    (baseUrl) => {
      expect(codeOf(() => make({ baseUrl }))).toBe("INVALID_OPTION");
    },
  );

  it.each(["https://stripe.example", "http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"])(
    "%s is taken",
    (baseUrl) => {
      expect(codeOf(() => make({ baseUrl }))).toBeUndefined();
    },
  );
});

describe("the SDK", () => {
  it("that cannot be loaded is named with what to install, and nothing is stored", async () => {
    const { store } = await openShop();
    const missing = Object.assign(new Error("gone"), { code: "ERR_MODULE_NOT_FOUND" });
    let isThere = false;
    const provider = make({
      sdk: () => (isThere ? import("stripe") : Promise.reject(missing)),
    });
    const payments = createPaymentService({ provider, store });
    await expect(payments.charge(charge())).rejects.toMatchObject({
      code: "SDK_MISSING",
      message: expect.stringContaining("npm install stripe"),
      cause: missing,
    });
    expect(await store.payment({ operationId: "order-1" })).toBeUndefined();
    isThere = true;
    await expect(provider.native()).resolves.toBeDefined();
  });

  it("that is too old is refused", async () => {
    const { default: Stripe } = await import("stripe");
    const old = Object.assign(Object.create(Stripe), { PACKAGE_VERSION: "22.9.9" });
    const provider = make({ sdk: () => Promise.resolve({ default: old }) });
    await expect(provider.prepare()).rejects.toMatchObject({ code: "SDK_TOO_OLD" });
  });

  it("is not loaded before it is needed, and once", async () => {
    let loads = 0;
    const provider = make({
      sdk: () => {
        loads += 1;
        return import("stripe");
      },
    });
    expect(loads).toBe(0);
    await Promise.all([provider.native(), provider.prepare(), provider.native()]);
    expect(loads).toBe(1);
  });

  it("is handed out with the same connections, for what the port does not cover", async () => {
    const { provider, emulator } = await openShop();
    const stripe = await provider.native();
    emulator.fault({ kind: "status", status: 503 });
    const customer = await stripe.customers.create({ email: "a@example.com" });
    expect(emulator.customers()).toMatchObject([{ id: customer.id, email: "a@example.com" }]);
    expect(emulator.requests).toHaveLength(2);
  });

  it("repeats nothing by itself", async () => {
    const { emulator, payments } = await openShop({ client: { retry: false } });
    await payments.getOrCreateCustomer("user-1");
    emulator.fault({ kind: "reset", when: "after", path: INTENTS });
    expect(await payments.charge(charge())).toMatchObject({ error: { outcome: "unknown" } });
    expect(emulator.requests.filter(({ path }) => path === INTENTS)).toHaveLength(1);
  });

  it("speaks for the account that is given", async () => {
    const { emulator } = await openShop();
    const provider = make({
      apiKey: emulator.apiKey,
      baseUrl: emulator.url,
      stripeAccount: "acct_1",
    });
    await provider.createCustomer({ userId: "u", idempotencyKey: "k" });
    expect(emulator.requests[0]?.headers["stripe-account"]).toBe("acct_1");
  });
});

describe("the service's options", () => {
  it.each([
    [{ provider: undefined as never }],
    [{ store: undefined as never }],
    [{ reissueForMs: -1 }],
    [{ reissueForMs: 24 * 3_600_000 }],
    [{ reissueForMs: 1.5 }],
    [{ eventRetentionMs: 0 }],
  ])("%j are refused at once", async (changes) => {
    const { provider, store } = await openShop();
    expect(codeOf(() => createPaymentService({ provider, store, ...changes }))).toBe(
      "INVALID_OPTION",
    );
  });

  it("are refused for reconcile as well", async () => {
    const { payments } = await openShop();
    await expect(payments.reconcile({ olderThanMs: -1 })).rejects.toMatchObject({
      code: "INVALID_OPTION",
    });
  });
});

it("logs no card, secret or key, and nothing of the customer", async () => {
  const lines: string[] = [];
  const { payments } = await openShop({
    client: { log: { sink: (entry) => void lines.push(JSON.stringify(entry)) } },
  });
  await payments.charge(charge({ paymentMethodId: "pm_card_threeDSecure2Required" }));
  const text = lines.join("\n");
  expect(lines.length).toBeGreaterThan(1);
  expect(text).toContain("/v1/payment_intents");
  for (const secret of ["sk_test_emulator", "_secret_", "user-1", "pm_card"]) {
    expect(text).not.toContain(secret);
  }
});
