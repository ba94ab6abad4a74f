import type { DeliveryStore } from "../../store/delivery-store.ts";
import type { DeliveryStoreCase, DeliveryStoreCaseContext } from "./case.ts";
import { storeCase } from "./case.ts";
import { check, refused, same } from "./check.ts";
import { factsOf, LEASE_MS, messageOf, PLENTY, T0 } from "./fixtures.ts";

type Capabilities = DeliveryStore["capabilities"];

const durable = ({ durable: has }: Capabilities): true | string =>
  has || "capabilities.durable is false: nothing outlives the store";
const volatile = ({ durable: has }: Capabilities): true | string =>
  !has || "capabilities.durable is true: what was stored stays";
const shared = ({ shared: has }: Capabilities): true | string =>
  has || "capabilities.shared is false: one process at a time";
const transactional = ({ transactional: has }: Capabilities): true | string =>
  has || "capabilities.transactional is false: enqueue joins no transaction";
const sync = ({ sync: has }: Capabilities): true | string =>
  has || "capabilities.sync is false: reads are promises";

function needed<Name extends keyof DeliveryStoreCaseContext>(
  context: DeliveryStoreCaseContext,
  name: Name,
): NonNullable<DeliveryStoreCaseContext[Name]> {
  const given = context[name];
  check(given !== undefined, `this driver's capabilities ask for context.${name}, hand it in`);
  return given;
}

async function everything(store: DeliveryStore): Promise<unknown> {
  const deliveries = await store.deliveries.list({}, { limit: PLENTY });
  const attempts: unknown[] = [];
  for (const { id } of deliveries) attempts.push(await store.attempts.list(id));
  const { oldestDueAt, ...counters } = await store.stats();
  return {
    deliveries: deliveries.map((each) => ({ ...factsOf(each), seq: each.seq, own: each.payload })),
    attempts,
    messages: await store.messages.list({ limit: PLENTY }),
    subscriptions: await store.subscriptions.list(),
    stats: { ...counters, oldestDueAt },
    nextDueAt: await store.nextDueAt(),
  };
}

export const lifetimeCases: readonly DeliveryStoreCase[] = [
  storeCase(
    "answers reads with values, not promises, where it says that it is synchronous",
    async ({ store }) => {
      const reads = {
        "subscriptions.get": store.subscriptions.get("a"),
        "subscriptions.list": store.subscriptions.list(),
        "deliveries.get": store.deliveries.get("a"),
        "deliveries.list": store.deliveries.list({}, { limit: 1 }),
        "attempts.list": store.attempts.list("a"),
        stats: store.stats(),
      };
      for (const [name, value] of Object.entries(reads)) {
        check(!(value instanceof Promise), `${name} answers with a promise`);
      }
    },
    sync,
  ),

  storeCase("may be closed while a claim is under way, and closed twice", async (kit) => {
    await kit.subscribe("a");
    await kit.enqueueOne("a");
    // The claim may be answered or refused; it must not hang or reject behind anybody's back.
    const claiming = kit.claim(T0).then(
      () => true,
      () => true,
    );
    await kit.store.close();
    same(await claiming, true, "the end of the claim");
    await kit.store.close();
  }),

  storeCase(
    "forgets everything when it is closed with drop",
    async (kit) => {
      const { store } = kit;
      await kit.subscribe("a");
      const ids = [await kit.enqueueOne("a", { message: { idempotencyKey: "key" } })];
      await kit.sent(await kit.claimOne(T0), T0);
      ids.push(await kit.enqueueOne("a"));
      const claimed = await kit.claimOne(T0);
      ids.push(await kit.enqueueOne("a"));
      await store.close({ drop: true });
      same(await kit.sent(claimed, T0), "fenced", "the settlement of an attempt under way");
      for (const id of ids) same(await store.deliveries.get(id), undefined, "deliveries.get");
      same(await kit.claimIds(T0 + LEASE_MS), [], "claim");
      same(await store.subscriptions.match(["*"], undefined), [], "subscriptions.match");
      same(
        await everything(store),
        {
          deliveries: [],
          attempts: [],
          messages: [],
          subscriptions: [],
          stats: { subscriptions: 0, pending: 0, failed: 0, sent: 0, dead: 0, held: 0 },
        },
        "what is left",
      );
    },
    volatile,
  ),

  storeCase(
    "has everything again after it was closed and opened again",
    async (kit, context) => {
      const reopen = needed(context, "reopen");
      await kit.subscribe("a");
      await kit.subscribe("ordered", { ordered: true });
      await kit.subscribe("paused", { endpoint: { status: "paused", failures: 1 } });
      await kit.enqueue(["a", "ordered"], { message: { idempotencyKey: "key", tenant: "acme" } });
      const [sent, failed] = await kit.claim(T0);
      same(sent && (await kit.sent(sent, T0)), "settled", "settle of the first");
      same(failed && (await kit.failed(failed, T0, T0 + 100)), "settled", "settle of the second");
      await kit.enqueue(["a"]);
      await kit.dead(await kit.claimOne(T0), T0);
      await kit.enqueue(["a", "paused"], { dueAt: T0 + 500 });
      const before = await everything(kit.store);
      await kit.store.close();

      const again = kit.on(await reopen(kit.store));
      same(await everything(again.store), before, "what is there after reopening");
      const message = messageOf("again", { idempotencyKey: "key", tenant: "acme" });
      const { duplicate } = await again.store.enqueue(message, [kit.newDelivery("a")]);
      same(duplicate, true, "duplicate, for a key of before");
      const listed = await again.store.deliveries.list({}, { limit: PLENTY });
      const id = await again.enqueueOne("a");
      const { seq = 0 } = (await again.store.deliveries.get(id)) ?? {};
      check(seq > (listed.at(-1)?.seq ?? 0), "seq has to go on where it was");
    },
    durable,
  ),

  storeCase(
    "gives work out again that was under a lease when the process ended",
    async (kit, context) => {
      const reopen = needed(context, "reopen");
      await kit.subscribe("a");
      const id = await kit.enqueueOne("a");
      const old = await kit.claimOne(T0);
      await kit.store.close();

      const again = kit.on(await reopen(kit.store));
      // A driver that knows that nobody else can hold the lease may give the work out sooner.
      const current = await again.claimOne(T0 + LEASE_MS);
      same(current.delivery.id, id, "the delivery");
      check(current.token > old.token, "tokens have to go on growing");
      same(await again.sent(old, T0 + LEASE_MS), "fenced", "the settlement of before");
      same(await again.sent(current, T0 + LEASE_MS), "settled", "the newer claim's settlement");
    },
    durable,
  ),

  storeCase(
    "gives no delivery to two processes",
    async (kit, context) => {
      const connect = needed(context, "connect");
      const others = [kit.on(await connect(kit.store)), kit.on(await connect(kit.store))];
      const all = [kit, ...others];
      for (const id of ["a", "b"]) await kit.subscribe(id);
      for (let event = 0; event < 30; event += 1) await kit.enqueue(["a", "b"]);
      const taken: string[] = [];
      for (let round = 0; round < 30; round += 1) {
        const claims = await Promise.all(
          all.map((each, worker) => each.claimIds(T0, { limit: 3, worker: `worker-${worker}` })),
        );
        taken.push(...claims.flat());
      }
      same(taken.toSorted(), (await kit.ids()).toSorted(), "the deliveries that were claimed");
    },
    shared,
  ),

  storeCase(
    "lets one process see and settle what another one did",
    async (kit, context) => {
      const other = kit.on(await needed(context, "connect")(kit.store));
      await kit.subscribe("a");
      const id = await other.enqueueOne("a", { message: { idempotencyKey: "key" } });
      same(await kit.store.nextDueAt(), T0, "nextDueAt");
      const message = messageOf("again", { idempotencyKey: "key" });
      const enqueued = await kit.store.enqueue(message, [kit.newDelivery("a")]);
      same(enqueued, { deliveryIds: [id], duplicate: true }, "enqueue with the same key");
      const old = await kit.claimOne(T0);
      const current = await other.claimOne(T0 + LEASE_MS);
      same(await kit.sent(old, T0 + LEASE_MS), "fenced", "the settlement of an old claim");
      same(await other.failed(current, T0 + LEASE_MS, T0 + 1e6), "settled", "the newer one's");
      same((await kit.facts(id))?.status, "failed", "the status");
      await other.endpoint("a", { status: "paused" });
      same(await kit.claimIds(T0 + 1e6), [], "claim, with the endpoint paused elsewhere");
    },
    shared,
  ),

  storeCase(
    "enqueues nothing of a transaction that is rolled back, and all of one that is committed",
    async (kit, context) => {
      const transaction = needed(context, "transaction");
      const { store } = kit;
      for (const id of ["a", "b"]) await kit.subscribe(id);
      const before = await everything(store);
      const message = { idempotencyKey: "key" };
      await refused(
        () =>
          transaction(store, async (tx) => {
            await kit.enqueue(["a", "b"], { tx, message });
            throw new Error("the caller changed its mind");
          }),
        "a transaction whose work throws",
      );
      same(await everything(store), before, "what is there after the rollback");
      same(await kit.claimIds(T0), [], "claim after the rollback");
      await transaction(store, async (tx) => {
        await kit.enqueue(["a", "b"], { tx, message });
      });
      same((await kit.stats()).pending, 2, "pending after the commit");
      same((await kit.claimIds(T0)).toSorted(), (await kit.ids()).toSorted(), "claim");
    },
    transactional,
  ),
];
