import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WebhookEvent } from "@ventostack/webhook";
import { createInboundVerifier } from "@ventostack/webhook";
import { afterEach } from "vitest";
import type {
  Money,
  PaymentService,
  PaymentServiceOptions,
  PaymentStore,
  StripePaymentProvider,
  StripePaymentProviderOptions,
  StripeTypes,
} from "../../src/payments/index.ts";
import {
  createMemoryPaymentStore,
  createPaymentService,
  createStripePaymentProvider,
} from "../../src/payments/index.ts";
import { createSqlitePaymentStore } from "../../src/payments/sqlite/index.ts";
import { createStripeVerifier } from "../../src/providers/stripe.ts";
import type { EmulatedEvent, StripeEmulator } from "../../src/testing/index.ts";
import { createStripeEmulator } from "../../src/testing/index.ts";

export const HOUR_MS = 3_600_000;
export const INTENTS = "/v1/payment_intents";

export const eur = (amount: number): Money => ({ amount, currency: "EUR" });

export interface Shop {
  readonly emulator: StripeEmulator;
  readonly provider: StripePaymentProvider;
  readonly payments: PaymentService<StripeTypes>;
  readonly store: PaymentStore;
  /** Milliseconds since the epoch, moved by hand. */
  readonly time: { now: number };
  /** Another process on the same store and account; not for the memory store. */
  readonly other: () => PaymentService<StripeTypes>;
  /** What a verifier makes of one of the emulator's events. */
  readonly verified: (event: EmulatedEvent) => Promise<WebhookEvent>;
  readonly path: string | undefined;
}

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  // Last made, first closed.
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

export function later(cleanUp: () => unknown): void {
  cleanUps.push(cleanUp);
}

export const STORES = ["memory", "sqlite"] as const;

/** Quick retries, nothing logged. The time-outs are for a machine that has much else to do. */
export const QUICK: NonNullable<StripePaymentProviderOptions["client"]> = {
  log: false,
  breaker: false,
  budget: false,
  timeouts: { attemptMs: 5000, totalMs: 20_000 },
  retry: { baseDelayMs: 5, maxDelayMs: 20, maxRetries: 3 },
};

/** For requests that are never answered. */
export const IMPATIENT: typeof QUICK = { timeouts: { attemptMs: 150, totalMs: 20_000 } };

export interface ShopOptions {
  readonly store?: (typeof STORES)[number];
  readonly client?: StripePaymentProviderOptions["client"];
  readonly service?: Partial<PaymentServiceOptions<StripeTypes>>;
  readonly emulator?: StripeEmulator;
}

export async function openShop(options: ShopOptions = {}): Promise<Shop> {
  const time = { now: Date.now() };
  const emulator = options.emulator ?? (await createStripeEmulator({ now: () => time.now }));
  if (!options.emulator) later(() => emulator.close());
  const provider = createStripePaymentProvider({
    apiKey: emulator.apiKey,
    baseUrl: emulator.url,
    client: { ...QUICK, ...options.client },
  });
  const path = options.store === "sqlite" ? temporaryFile() : undefined;
  const open = (): PaymentStore => {
    const store =
      path === undefined ? createMemoryPaymentStore() : createSqlitePaymentStore({ path });
    later(() => store.close());
    return store;
  };
  const store = open();
  const serve = (used: PaymentStore): PaymentService<StripeTypes> =>
    createPaymentService({
      provider,
      store: used,
      clock: { now: () => time.now },
      ...options.service,
    });
  const verifier = createInboundVerifier({
    provider: createStripeVerifier(),
    config: { secret: emulator.webhookSecret },
  });
  return {
    emulator,
    provider,
    store,
    payments: serve(store),
    time,
    other: () => serve(open()),
    path,
    async verified(event) {
      const { body, headers } = emulator.sign(event);
      return verifier.verifyAndConvert(body, { ...headers }, { now: time.now });
    },
  };
}

export function temporaryFile(): string {
  const directory = mkdtempSync(join(tmpdir(), "payments-"));
  later(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "payments.sqlite");
}

/** A charge of 12.50 EUR to a good card, unless it says otherwise. */
export function charge(
  changes: Partial<Parameters<PaymentService<StripeTypes>["charge"]>[0]> = {},
): Parameters<PaymentService<StripeTypes>["charge"]>[0] {
  return {
    userId: "user-1",
    money: eur(1250),
    paymentMethodId: "pm_card_visa",
    operationId: "order-1",
    ...changes,
  };
}
