import assert from "node:assert/strict";
import type { EmailRecord } from "../../email/index.ts";
import type { EmailLogStoreCase } from "./case.ts";
import { began, emailOf, SENT, storeCase, T0 } from "./case.ts";

/** How e-mails are begun and settled. */
export const beginCases: readonly EmailLogStoreCase[] = [
  storeCase("puts an e-mail on record before it is sent", async (store) => {
    const [begun] = await store.begin([emailOf("a")], T0);
    const record: EmailRecord = {
      ...emailOf("a"),
      handOver: "sending",
      attempt: 1,
      status: "none",
      flags: [],
      createdAt: T0,
      updatedAt: T0,
    };
    assert.deepEqual(begun, { started: true, record });
    assert.deepEqual(await store.get("a"), record);
    assert.equal(await store.get("b"), undefined);
  }),

  storeCase("answers for each e-mail of a batch in order", async (store) => {
    await store.begin([emailOf("b")], T0);
    const begun = await store.begin(
      [emailOf("a"), emailOf("x", { operationId: "op-b", to: "b@example.com" }), emailOf("c")],
      T0,
    );
    assert.deepEqual(
      begun.map(({ started, record }) => [started, record.id]),
      [
        [true, "a"],
        [false, "b"],
        [true, "c"],
      ],
    );
  }),

  storeCase("starts the same slot of an operation once within one batch", async (store) => {
    const begun = await store.begin(
      [emailOf("a", { operationId: "op" }), emailOf("b", { operationId: "op" })],
      T0,
    );
    assert.deepEqual(
      begun.map(({ started }) => started),
      [true, false],
    );
  }),

  storeCase("tells the slots of an operation apart", async (store) => {
    const begun = await store.begin(
      ["a", "b"].map((id) => emailOf(id, { operationId: "bulk", slot: `${id}@example.com` })),
      T0,
    );
    assert.deepEqual(
      begun.map(({ started }) => started),
      [true, true],
    );
  }),

  ...(["sent", "unknown"] as const).map((handOver) =>
    storeCase(`does not start again what ended as ${handOver}`, async (store) => {
      await store.begin([emailOf("a")], T0);
      await store.settle([{ id: "a", attempt: 1 }], { handOver }, T0 + 1);
      const [begun] = await store.begin(
        [emailOf("z", { operationId: "op-a", to: "a@example.com" })],
        T0 + 2,
      );
      assert.equal(begun?.started, false);
      assert.equal(begun?.record.id, "a");
      assert.equal(begun?.record.handOver, handOver);
      assert.equal(begun?.record.updatedAt, T0 + 1);
    }),
  ),

  ...(["rejected", "not_sent"] as const).map((handOver) =>
    storeCase(
      `starts again what ended as ${handOver}, under the id of the first time`,
      async (store) => {
        await store.begin([emailOf("a")], T0);
        await store.settle(
          [{ id: "a", attempt: 1 }],
          { handOver, errorCode: "AUTH_ERROR" },
          T0 + 1,
        );
        assert.equal((await store.get("a"))?.errorCode, "AUTH_ERROR");
        const [begun] = await store.begin(
          [emailOf("z", { operationId: "op-a", to: "A@example.com" })],
          T0 + 2,
        );
        assert.equal(begun?.started, true);
        assert.deepEqual(await store.get("a"), begun?.record);
        assert.equal(begun?.record.attempt, 2);
        assert.equal(begun?.record.handOver, "sending");
        assert.equal(begun?.record.errorCode, undefined);
        assert.equal(begun?.record.createdAt, T0);
        assert.equal(await store.get("z"), undefined);
      },
    ),
  ),

  storeCase("does not start again for another recipient or template", async (store) => {
    await store.begin([emailOf("a")], T0);
    await store.settle([{ id: "a", attempt: 1 }], { handOver: "not_sent" }, T0);
    for (const changes of [
      { to: "else@example.com" },
      { to: "a@example.com", templateId: "bye" },
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const [begun] = await store.begin([emailOf("z", { operationId: "op-a", ...changes })], T0);
      assert.equal(begun?.started, false);
      assert.equal(begun?.record.to, "a@example.com");
    }
  }),

  storeCase("writes down how a call ended", async (store) => {
    const { id, attempt } = await began(store, emailOf("a"));
    await store.settle([{ id, attempt }], SENT, T0 + 5);
    const record = await store.get("a");
    assert.equal(record?.handOver, "sent");
    assert.equal(record?.provider, "sendgrid");
    assert.equal(record?.messageId, "req.1");
    assert.equal(record?.status, "queued");
    assert.equal(record?.updatedAt, T0 + 5);
  }),

  storeCase("ignores the end of a call that is not the one under way", async (store) => {
    await began(store, emailOf("a"));
    await store.settle([{ id: "a", attempt: 1 }], { handOver: "not_sent" }, T0);
    await began(store, emailOf("a"));
    await store.settle([{ id: "a", attempt: 1 }], SENT, T0);
    assert.equal((await store.get("a"))?.handOver, "sending");
    await store.settle([{ id: "nobody", attempt: 1 }], SENT, T0);
  }),
];
