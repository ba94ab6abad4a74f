import type { DeliveryStoreCase } from "./case.ts";
import { storeCase } from "./case.ts";
import { check, refused, same } from "./check.ts";
import { MAX_ATTEMPTS, messageOf, PLENTY, T0 } from "./fixtures.ts";

const ALL = { limit: PLENTY };
const encoder = new TextEncoder();

export const enqueueCases: readonly DeliveryStoreCase[] = [
  storeCase("stores an event once, however many subscriptions it goes to", async (kit) => {
    for (const id of ["a", "b", "c"]) await kit.subscribe(id);
    const message = messageOf("event", { createdAt: T0 + 5 });
    const deliveries = ["a", "b", "c"].map((id) => kit.newDelivery(id, { dueAt: T0 + 7 }));
    const enqueued = await kit.store.enqueue(message, deliveries);
    const ids = deliveries.map((delivery) => delivery.id);
    same(enqueued, { deliveryIds: ids, duplicate: false }, "enqueue");

    const stored = await kit.store.messages.list(ALL);
    same(
      stored.map((entry) => entry.message.id),
      ["event"],
      "the stored events",
    );
    same(await kit.ids(), ids, "deliveries.list");
    for (const { id, subscriptionId } of deliveries) {
      same(
        await kit.facts(id),
        {
          id,
          subscriptionId,
          eventId: "event",
          status: "pending",
          attempts: 0,
          maxAttempts: MAX_ATTEMPTS,
          createdAt: T0 + 5,
          dueAt: T0 + 7,
        },
        "a new delivery",
      );
    }
  }),

  storeCase("gives an event back as it was, to the byte", async (kit) => {
    await kit.subscribe("a");
    const messages = [
      messageOf("plain", { payload: encoder.encode('{"grüße":"👋"}') }),
      messageOf("full", {
        type: "note.added",
        source: "elsewhere",
        timestamp: 0,
        // A byte order mark and a NUL: what decoders and text columns lose.
        payload: encoder.encode("\ufeffone\0two\r\n"),
        isText: true,
        metadata: '{"trace":"1"}',
        tenant: "acme",
        idempotencyKey: "key",
        createdAt: T0 + 1,
      }),
      messageOf("empty", { payload: new Uint8Array() }),
    ];
    for (const [index, message] of messages.entries()) {
      const delivery = kit.newDelivery("a", { dueAt: T0 + index });
      await kit.store.enqueue(message, [delivery]);
      const stored = await kit.store.deliveries.get(delivery.id);
      same(stored?.message, message, "the event of a delivery");
      same(stored?.payload, undefined, "the delivery's own payload");
    }
    const stored = await kit.store.messages.list(ALL);
    same(
      stored.map((entry) => entry.message),
      messages,
      "messages.list",
    );
    const claimed = await kit.claim(T0 + messages.length);
    same(
      claimed.map(({ delivery }) => delivery.message),
      messages,
      "the events of the claimed deliveries",
    );
  }),

  storeCase("keeps the payload that a transform made with its delivery", async (kit) => {
    for (const id of ["a", "b"]) await kit.subscribe(id);
    const message = messageOf("event");
    const own = encoder.encode('{"for":"b"}');
    const deliveries = [kit.newDelivery("a"), kit.newDelivery("b", { payload: own })];
    await kit.store.enqueue(message, deliveries);
    const listed = await kit.store.deliveries.list({}, ALL);
    same(
      listed.map((delivery) => delivery.payload),
      [undefined, own],
      "the deliveries' own payloads",
    );
    same(
      listed.map((delivery) => delivery.message.payload),
      [message.payload, message.payload],
      "the event's payload",
    );
  }),

  storeCase("stores nothing of a fan-out that it cannot store whole", async (kit) => {
    for (const id of ["a", "b"]) await kit.subscribe(id);
    const taken = await kit.enqueueOne("a");
    const before = { ...(await kit.stats()) };
    const message = messageOf("refused", { idempotencyKey: "key" });
    await refused(
      () => kit.store.enqueue(message, [kit.newDelivery("a"), kit.newDelivery("b", { id: taken })]),
      "a delivery id that is taken",
    );
    const twice = kit.newDelivery("b");
    await refused(
      () => kit.store.enqueue(message, [kit.newDelivery("a"), twice, twice]),
      "a delivery id twice in a fan-out",
    );
    same({ ...(await kit.stats()) }, before, "the counters after a refused fan-out");
    same(await kit.ids(), [taken], "deliveries.list after a refused fan-out");
    const stored = await kit.store.messages.list(ALL);
    check(
      stored.every((entry) => entry.message.id !== "refused"),
      "the event of a refused fan-out is stored",
    );
    const enqueued = await kit.store.enqueue(message, [kit.newDelivery("b")]);
    same(enqueued.duplicate, false, "the key of a refused fan-out is known");
    const claimed = await kit.claimIds(T0);
    same(claimed.toSorted(), [taken, ...enqueued.deliveryIds].toSorted(), "claim");
  }),

  storeCase("leaves out a subscription that is gone, and an event for nobody", async (kit) => {
    await kit.subscribe("a");
    const [toA, toGone] = [kit.newDelivery("a"), kit.newDelivery("gone")];
    const some = await kit.store.enqueue(messageOf("for-a"), [toGone, toA]);
    same(some, { deliveryIds: [toA.id], duplicate: false }, "enqueue for one that is gone");
    const message = messageOf("for-nobody", { idempotencyKey: "key" });
    for (const deliveries of [[], [kit.newDelivery("gone")]]) {
      const none = await kit.store.enqueue(message, deliveries);
      same(none, { deliveryIds: [], duplicate: false }, "enqueue for nobody");
    }
    const stored = await kit.store.messages.list(ALL);
    same(
      stored.map((entry) => entry.message.id),
      ["for-a"],
      "the stored events",
    );
    same(await kit.ids(), [toA.id], "deliveries.list");
    same((await kit.stats()).pending, 1, "pending");
  }),

  storeCase("takes an event with a known idempotency key for the one of then", async (kit) => {
    for (const id of ["a", "b"]) await kit.subscribe(id);
    const first = await kit.store.enqueue(messageOf("first", { idempotencyKey: "key" }), [
      kit.newDelivery("a"),
      kit.newDelivery("b"),
    ]);
    same(first.duplicate, false, "duplicate, at first");
    await kit.sent(await kit.claimOne(T0, { limit: 1 }), T0);
    const before = { ...(await kit.stats()) };
    const again = await kit.store.enqueue(messageOf("again", { idempotencyKey: "key" }), [
      kit.newDelivery("b"),
    ]);
    same(again, { ...first, duplicate: true }, "enqueue with the same key");
    same({ ...(await kit.stats()) }, before, "the counters after a duplicate");
    same((await kit.store.messages.list(ALL)).length, 1, "the number of stored events");
    const other = await kit.store.enqueue(messageOf("first", { idempotencyKey: "other" }), [
      kit.newDelivery("a"),
    ]);
    same(other.duplicate, false, "duplicate, with another key");
  }),

  storeCase("keeps the idempotency keys of tenants apart", async (kit) => {
    await kit.subscribe("a");
    for (const tenant of [undefined, "acme", "globex"]) {
      const message = messageOf(`of-${tenant}`, {
        idempotencyKey: "key",
        ...(tenant === undefined ? {} : { tenant }),
      });
      for (const duplicate of [false, true]) {
        const enqueued = await kit.store.enqueue(message, [kit.newDelivery("a")]);
        same(enqueued.duplicate, duplicate, `duplicate, for the tenant ${tenant}`);
      }
    }
  }),

  storeCase("stores an event without a key however often it comes", async (kit) => {
    await kit.subscribe("a");
    for (let time = 0; time < 3; time += 1) {
      const enqueued = await kit.store.enqueue(messageOf("same"), [kit.newDelivery("a")]);
      same(enqueued.duplicate, false, "duplicate");
    }
    same((await kit.store.messages.list(ALL)).length, 3, "the number of stored events");
    same((await kit.stats()).pending, 3, "pending");
  }),

  storeCase("forgets an idempotency key with the last delivery of its event", async (kit) => {
    for (const id of ["a", "b"]) await kit.subscribe(id);
    const message = messageOf("event", { idempotencyKey: "key" });
    await kit.store.enqueue(message, [kit.newDelivery("a"), kit.newDelivery("b")]);
    const [one, two] = await kit.claim(T0);
    check(one !== undefined && two !== undefined, "claim was to take both deliveries");
    await kit.sent(one, T0);
    await kit.store.prune({ before: T0 + 1, limit: PLENTY });
    const during = await kit.store.enqueue(message, [kit.newDelivery("a")]);
    same(during.duplicate, true, "duplicate, while a delivery is left");
    await kit.sent(two, T0);
    await kit.store.prune({ before: T0 + 1, limit: PLENTY });
    const after = await kit.store.enqueue(message, [kit.newDelivery("a")]);
    same(after.duplicate, false, "duplicate, after the last delivery was pruned");
  }),
];
