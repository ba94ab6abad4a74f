import assert from "node:assert/strict";
import type { EmailLogStoreCase } from "./case.ts";
import { applied, began, emailOf, newsOf, SENT, storeCase, T0 } from "./case.ts";

/** How events find their e-mail and what they change. */
export const eventCases: readonly EmailLogStoreCase[] = [
  storeCase("finds the e-mail of an event by its reference", async (store) => {
    await began(store, emailOf("a"));
    await store.settle([{ id: "a", attempt: 1 }], SENT, T0);
    const answer = await applied(store, newsOf("e1", { reference: "a" }), T0 + 9);
    assert.equal(answer.outcome, "applied");
    assert.equal((await store.get("a"))?.status, "delivered");
    assert.equal((await store.get("a"))?.updatedAt, T0 + 9);
  }),

  storeCase(
    "finds it by the id of the request and the recipient, whatever the case",
    async (store) => {
      await store.begin([emailOf("a"), emailOf("b")], T0);
      await store.settle(
        [
          { id: "a", attempt: 1 },
          { id: "b", attempt: 1 },
        ],
        SENT,
        T0,
      );
      const messageIds = ["req.1.filter.0", "req.1.filter", "req.1", "req"];
      const answer = await applied(store, newsOf("e1", { messageIds, to: "B@Example.com" }), T0);
      assert(answer.outcome === "applied");
      assert.equal(answer.record.id, "b");
      assert.equal((await store.get("a"))?.status, "queued");
    },
  ),

  storeCase("goes by the id of the request where it does not know the reference", async (store) => {
    await began(store, emailOf("a"));
    await store.settle([{ id: "a", attempt: 1 }], SENT, T0);
    const news = newsOf("e1", {
      reference: "elsewhere",
      messageIds: ["req.1"],
      to: "a@example.com",
    });
    assert.equal((await applied(store, news, T0)).outcome, "applied");
  }),

  storeCase("leaves alone what an event does not match", async (store) => {
    await began(store, emailOf("a"));
    await store.settle([{ id: "a", attempt: 1 }], SENT, T0);
    const unmatched = [
      newsOf("e1"),
      newsOf("e2", { reference: "b" }),
      newsOf("e3", { messageIds: ["req.1"] }),
      newsOf("e4", { messageIds: ["req.1"], to: "b@example.com" }),
      newsOf("e5", { messageIds: ["req"], to: "a@example.com" }),
    ];
    for (const news of unmatched) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      assert.deepEqual(await applied(store, news, T0), { outcome: "unmatched" }, news.eventId);
    }
    assert.equal((await store.get("a"))?.status, "queued");
  }),

  storeCase("takes many events at once, in order, and answers for each", async (store) => {
    await store.begin([emailOf("a"), emailOf("b")], T0);
    const answers = await store.apply(
      [
        newsOf("e1", { reference: "a", type: "processed" }),
        newsOf("e2", { reference: "nobody" }),
        newsOf("e1", { reference: "a" }),
        newsOf("e3", { reference: "b", type: "bounced" }),
        newsOf("e4", { reference: "a", type: "opened" }),
      ],
      T0,
    );
    assert.deepEqual(
      answers.map(({ outcome }) => outcome),
      ["applied", "unmatched", "duplicate", "applied", "applied"],
    );
    assert.equal((await store.get("a"))?.status, "opened");
    assert.deepEqual(await store.apply([], T0), []);
  }),

  storeCase("counts an event once", async (store) => {
    await began(store, emailOf("a"));
    const news = newsOf("e1", { reference: "a" });
    assert.equal((await applied(store, news, T0)).outcome, "applied");
    assert.deepEqual(await applied(store, news, T0 + 1), { outcome: "duplicate" });
    assert.equal((await store.get("a"))?.updatedAt, T0);
  }),

  storeCase(
    "does not remember an event that matched nothing, for its e-mail may come",
    async (store) => {
      const news = newsOf("e1", { reference: "a" });
      assert.deepEqual(await applied(store, news, T0), { outcome: "unmatched" });
      await began(store, emailOf("a"));
      assert.equal((await applied(store, news, T0)).outcome, "applied");
    },
  ),

  storeCase("comes to the same whatever the order of events", async (store) => {
    const types = [
      "clicked",
      "processed",
      "bounced",
      "delivered",
      "deferred",
      "opened",
      "spam",
    ] as const;
    await store.begin([emailOf("a"), emailOf("b")], T0);
    for (const [index, type] of types.entries()) {
      // oxlint-disable-next-line no-await-in-loop -- in this order
      await applied(store, newsOf(`a${index}`, { reference: "a", type }), T0);
    }
    for (const [index, type] of types.toReversed().entries()) {
      // oxlint-disable-next-line no-await-in-loop -- in this order
      await applied(store, newsOf(`b${index}`, { reference: "b", type }), T0);
    }
    for (const id of ["a", "b"]) {
      // oxlint-disable-next-line no-await-in-loop -- two only
      const record = await store.get(id);
      assert.equal(record?.status, "clicked");
      assert.deepEqual(record?.flags.toSorted(), ["bounced", "spam"]);
    }
  }),

  storeCase("takes an event for the proof that the e-mail was sent", async (store) => {
    await store.begin([emailOf("a"), emailOf("b")], T0);
    await store.settle(
      [{ id: "b", attempt: 1 }],
      { handOver: "unknown", errorCode: "TIMEOUT" },
      T0,
    );
    await applied(store, newsOf("e1", { reference: "a", type: "processed" }), T0);
    await applied(store, newsOf("e2", { reference: "b", type: "dropped" }), T0);
    assert.equal((await store.get("a"))?.handOver, "sent");
    const b = await store.get("b");
    assert.equal(b?.handOver, "sent");
    assert.equal(b?.errorCode, undefined);
    assert.equal(b?.status, "queued");
    assert.deepEqual(b?.flags, ["dropped"]);
  }),

  storeCase("does not let the end of a call take back what an event has proved", async (store) => {
    await began(store, emailOf("a"));
    await applied(store, newsOf("e1", { reference: "a" }), T0);
    await store.settle(
      [{ id: "a", attempt: 1 }],
      { handOver: "unknown", errorCode: "TIMEOUT" },
      T0,
    );
    let record = await store.get("a");
    assert.equal(record?.handOver, "sent");
    assert.equal(record?.status, "delivered");
    assert.equal(record?.errorCode, undefined);
    await store.settle([{ id: "a", attempt: 1 }], SENT, T0);
    record = await store.get("a");
    assert.equal(record?.status, "delivered");
    assert.equal(record?.messageId, "req.1");
  }),
];
