import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { WebhookError } from "../../src/errors.ts";
import type {
  Claimed,
  ClaimRequest,
  DeliveryStore,
  NewDelivery,
  StoredMessage,
  StoredSubscription,
} from "../../src/store/delivery-store.ts";
import { messageOf, subscriptionOf, T0 } from "../../src/testing/delivery-store-cases/fixtures.ts";

export { T0 };
export const LEASE_MS = 60_000;

/** Paths in a folder of the test file's own, which goes when its tests have run. */
export function createPaths(): () => string {
  const folder = mkdtempSync(join(tmpdir(), "webhook-sqlite-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let files = 0;
  return () => join(folder, `${(files += 1)}.db`);
}

/** The store's counters, without what is looked up. */
export function countersOf(store: DeliveryStore<"sync">) {
  const { oldestDueAt: _, ...counters } = store.stats();
  return counters;
}

export function subscribe(
  store: DeliveryStore<"sync">,
  id: string,
  changes: Partial<StoredSubscription> = {},
): void {
  store.subscriptions.put(subscriptionOf(id, changes));
}

let ids = 0;

export function newDelivery(to: string, changes: Partial<NewDelivery> = {}): NewDelivery {
  return {
    id: `delivery-${(ids += 1)}`,
    subscriptionId: to,
    maxAttempts: 3,
    dueAt: T0,
    ...changes,
  };
}

/** Enqueues one event to one subscription; resolves to the delivery's id. */
export async function enqueue(
  store: DeliveryStore<"sync">,
  to: string,
  changes: {
    readonly message?: Partial<StoredMessage>;
    readonly delivery?: Partial<NewDelivery>;
    readonly tx?: unknown;
  } = {},
): Promise<string> {
  const { tx } = changes;
  const enqueued = await store.enqueue(
    messageOf(`event-${(ids += 1)}`, changes.message),
    [newDelivery(to, changes.delivery)],
    tx === undefined ? {} : { tx },
  );
  return enqueued.deliveryIds[0] ?? "";
}

function claimRequest(now: number, changes: Partial<ClaimRequest> = {}): ClaimRequest {
  return {
    ...{ now, limit: 1000, leaseMs: LEASE_MS, worker: "worker", freed: [] },
    slots: () => 1000,
    ...changes,
  };
}

export async function claim(
  store: DeliveryStore<"sync">,
  now = T0,
  changes: Partial<ClaimRequest> = {},
): Promise<readonly Claimed[]> {
  return store.claim(claimRequest(now, changes));
}

export async function settleSent(
  store: DeliveryStore<"sync">,
  claimed: readonly Claimed[],
  at = T0,
): Promise<readonly string[]> {
  return store.settle(
    claimed.map(({ delivery, token }) => ({
      ...{ deliveryId: delivery.id, token, at, result: "sent" as const },
      attempt: { number: delivery.attempts + 1, at, status: 200, timings: { totalMs: 1 } },
    })),
  );
}

export function idsOf(claimed: readonly Claimed[]): string[] {
  return claimed.map(({ delivery }) => delivery.id);
}

/** The error that something throws or rejects with. */
export async function errorOf(work: () => unknown): Promise<WebhookError> {
  try {
    await work();
  } catch (error) {
    // That it is one is what the tests look at next.
    return error as WebhookError;
  }
  throw new Error("expected an error, but there was none");
}

/** Lets the event loop turn once. */
export async function turn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}

/** Lets the event loop turn until something is so; fails when it never is. */
export async function until(isSo: () => boolean, withinMs = 8000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > end) throw new Error("what was waited for has not come");
    // oxlint-disable-next-line no-await-in-loop -- one turn after the other
    await turn();
  }
}
