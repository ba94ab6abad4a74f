import { WebhookError } from "../errors.ts";
import { mapMaybe } from "../maybe-promise.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import { utf8 } from "../signing/bytes.ts";
import { createHmacKey } from "../signing/hmac.ts";
import type { DeliveryStore, StoreFilter, StoreMode } from "../store/delivery-store.ts";
import { createMemoryStore } from "../store/memory-store.ts";
import { createFetchTransport } from "../transport/fetch-transport.ts";
import { createNetworkPolicy } from "../transport/network-policy.ts";
import { createSocketTransport } from "../transport/socket-transport.ts";
import { createAttempt, macNow } from "./attempt.ts";
import { settlementOf } from "./delivery.ts";
import { createDispatcher } from "./dispatcher.ts";
import { createHealthPolicy } from "./endpoint-health.ts";
import { createAnnounce } from "./hooks.ts";
import type {
  AsyncOutboundWebhookManager,
  DeliveryFilter,
  DeliveryQuery,
  OutboundWebhookManager,
  WebhookManager,
} from "./manager-types.ts";
import type { OutboundWebhookManagerOptions } from "./options.ts";
import { resolveOptions } from "./options.ts";
import { toJson } from "./payload.ts";
import { createPruner } from "./pruner.ts";
import { retryByHand } from "./by-hand.ts";
import { reportEnd } from "./report.ts";
import { checkInteger, createRetryPolicy } from "./retry-policy.ts";
import { createSender, isAttemptedSoon } from "./sender.ts";
import { checkSecret } from "./subscriptions.ts";
import { attemptView, deliveryView, statsView } from "./views.ts";
import { createSubscriptionAdmin } from "./subscription-admin.ts";
import { createWaiters } from "./waiters.ts";

const CLOSE_TIMEOUT_MS = 30_000;
const DEFAULT_PAGE = 1000;

function storeFilter({ status, ...rest }: DeliveryFilter): StoreFilter {
  if (status === undefined) return rest;
  return { ...rest, status: typeof status === "string" ? [status] : status };
}

/**
 * A sender of webhooks: subscriptions, signed deliveries, retries, dead letters. Without a store it keeps everything
 * in memory: best effort, lost with the process. With a durable one it delivers at least once every event whose
 * `send` resolved.
 * @throws WebhookError INVALID_OPTION, UNSUPPORTED_ALGORITHM, INVALID_HEADER for an option that cannot be
 */
export function createOutboundWebhookManager(
  options?: OutboundWebhookManagerOptions,
): OutboundWebhookManager;
export function createOutboundWebhookManager(
  options: OutboundWebhookManagerOptions<"async"> & { readonly store: DeliveryStore<"async"> },
): AsyncOutboundWebhookManager;
export function createOutboundWebhookManager(
  given: OutboundWebhookManagerOptions<StoreMode> = {},
): OutboundWebhookManager | AsyncOutboundWebhookManager {
  const store: DeliveryStore = given.store ?? createMemoryStore();
  const options = resolveOptions(given, store.capabilities.durable);
  const { clock, newId } = options;
  const announce = createAnnounce(given.hooks ?? {});
  const onError = (error: unknown): void => announce("error", () => ({ error }));
  const retry = createRetryPolicy(given, onError);
  const rules = { retry, health: createHealthPolicy(given.endpointHealth ?? {}) };
  const policy = createNetworkPolicy(given.network ?? {});
  const transport =
    given.transport ??
    (given.fetch
      ? createFetchTransport({ fetch: given.fetch, policy })
      : createSocketTransport({ policy }));
  const waiters = createWaiters();
  let isClosed = false;

  const pruner = createPruner({ store, options, onError });
  const dispatcher = createDispatcher({
    store,
    clock,
    worker: newId(),
    leaseMs: options.leaseMs,
    rules: {
      concurrency: options.concurrency,
      perEndpoint: options.concurrencyPerEndpoint,
      slowAfterMs: options.slowAfterMs,
    },
    attempt: createAttempt({ ...options, transport }),
    settle: (claimed, subscription, result) =>
      settlementOf(claimed, subscription.endpoint, result, rules, clock.now(), options.random()),
    onEnd(claimed, settlement, result, before) {
      if (result === "settled") reportEnd(announce, claimed, settlement, before);
      waiters.end(claimed.delivery.id, result === "settled" && settlement.result === "sent");
      if (before && settlement.endpoint) {
        const after = { ...before, endpoint: settlement.endpoint };
        if (!isAttemptedSoon(after, clock.now())) waiters.letGo(before.id);
      }
      pruner.touch();
    },
    onError,
  });
  const sender = createSender({
    store,
    options,
    transform: given.transform,
    maxAttempts: retry.maxRetries + 1,
    dispatcher,
    waiters,
  });

  const checkOpen = (): void => {
    if (isClosed) {
      throw new WebhookError("CLOSED", "this manager has been closed: create another one");
    }
  };

  // Whether reads are values or promises follows from the store: the overloads say so, the compiler cannot see it.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const manager = {
    ...createSubscriptionAdmin({
      store,
      options,
      checkUrl: (url) => policy.checkUrl(url),
      dispatcher,
      waiters,
      announce,
      checkOpen,
    }),

    async send(type: string, payload: unknown, sendOptions = {}) {
      checkOpen();
      const { source } = options;
      return sender.send(
        { id: newId(), type, source, payload, timestamp: clock.now() },
        sendOptions,
      );
    },
    async sendEvent(event, sendOptions = {}) {
      checkOpen();
      return sender.send(event, { idempotencyKey: event.id, ...sendOptions });
    },
    getDelivery: (id: string) => {
      const found = store.deliveries.get(id);
      return mapMaybe<typeof found extends MaybePromise<infer T> ? T : never, unknown>(
        found,
        (delivery) => delivery && deliveryView(delivery),
      );
    },
    listDeliveries: ({ limit = DEFAULT_PAGE, after, ...filter }: DeliveryQuery = {}) => {
      const page = {
        limit: checkInteger("limit", limit, 1),
        ...(after === undefined ? {} : { after }),
      };
      const list: MaybePromise<
        Parameters<typeof deliveryView>[0][] | readonly Parameters<typeof deliveryView>[0][]
      > = store.deliveries.list(storeFilter(filter), page);
      return mapMaybe(list, (found) => found.map(deliveryView));
    },
    listAttempts: (deliveryId: string) => {
      const list: MaybePromise<readonly Parameters<typeof attemptView>[0][]> =
        store.attempts.list(deliveryId);
      return mapMaybe(list, (found) => found.map(attemptView));
    },
    async retry(filter: DeliveryFilter = {}) {
      checkOpen();
      return retryByHand(storeFilter(filter), {
        store,
        clock,
        waiters,
        dispatcher,
        moreAttempts: retry.maxRetries + 1,
      });
    },
    async replay(range) {
      checkOpen();
      return sender.replay(range);
    },
    stats: () => {
      const counters: MaybePromise<Parameters<typeof statsView>[0]> = store.stats();
      return mapMaybe(counters, (counts) => statsView(counts, dispatcher.inFlight()));
    },
    sign: (payload: unknown, secret: string) => {
      const text = typeof payload === "string" ? payload : toJson("payload", payload);
      const key = createHmacKey(options.signatureAlgorithm, utf8(checkSecret(secret)));
      return macNow(key, "hex", [utf8(text)]);
    },

    async drain({ timeoutMs }: { timeoutMs?: number } = {}) {
      const release = clock.keepAlive();
      let cancel: (() => void) | undefined;
      try {
        const idle = dispatcher.idle().then(() => true);
        if (timeoutMs === undefined) return await idle;
        checkInteger("timeoutMs", timeoutMs, 0);
        const late = new Promise<boolean>((resolve) => {
          cancel = clock.after(timeoutMs, () => resolve(false));
        });
        return await Promise.race([idle, late]);
      } finally {
        cancel?.();
        release();
      }
    },
    async close({ timeoutMs = CLOSE_TIMEOUT_MS }: { timeoutMs?: number } = {}) {
      if (isClosed) return;
      isClosed = true;
      await manager.drain({ timeoutMs });
      await dispatcher.abort();
      pruner.stop();
      waiters.endAll();
      transport.close();
      await store.close();
    },
    destroy() {
      isClosed = true;
      pruner.stop();
      const aborted = dispatcher.abort();
      waiters.endAll();
      transport.close();
      // A durable store first hears what is given back; one in memory has nothing to keep.
      if (store.capabilities.durable) void aborted.then(() => store.close()).catch(onError);
      else void store.close({ drop: true });
    },
    [Symbol.asyncDispose]: (): Promise<void> => manager.close(),
  } as WebhookManager<"sync">;
  // What an earlier process has left is taken up without waiting for the next event.
  if (store.capabilities.durable) clock.after(0, () => dispatcher.wake());
  return manager;
}
