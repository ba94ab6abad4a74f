import assert from "node:assert/strict";
import type { EmailLogStore } from "../../email/index.ts";
import type { EmailLogStoreCase } from "./case.ts";
import { applied, began, emailOf, newsOf, SENT, storeCase, T0 } from "./case.ts";

/** How the log is read and pruned. */
export const queryCases: readonly EmailLogStoreCase[] = [
  storeCase("lists what matches, oldest first, page by page", async (store) => {
    const ids = ["a", "b", "c", "d", "e"];
    await store.begin(
      ids.map((id) => emailOf(id)),
      T0,
    );
    await store.settle([{ id: "b", attempt: 1 }], { handOver: "unknown" }, T0 + 100);
    await store.settle([{ id: "c", attempt: 1 }], SENT, T0 + 100);
    await applied(store, newsOf("e1", { reference: "c", type: "bounced" }), T0 + 100);
    const idsOf = async (query: Parameters<EmailLogStore["list"]>[0]) =>
      (await store.list(query)).records.map(({ id }) => id);
    assert.deepEqual(await idsOf({}), ids);
    assert.deepEqual(await idsOf({ operationId: "op-d" }), ["d"]);
    assert.deepEqual(await idsOf({ to: "E@EXAMPLE.com" }), ["e"]);
    assert.deepEqual(await idsOf({ handOver: ["unknown", "sent"] }), ["b", "c"]);
    assert.deepEqual(await idsOf({ handOver: [] }), []);
    assert.deepEqual(await idsOf({ flag: "bounced" }), ["c"]);
    assert.deepEqual(await idsOf({ flag: "spam" }), []);
    assert.deepEqual(await idsOf({ updatedBefore: T0 + 100 }), ["a", "d", "e"]);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      // oxlint-disable-next-line no-await-in-loop -- page after page
      const page = await store.list({ limit: 2, ...(cursor !== undefined && { cursor }) });
      seen.push(page.records.map(({ id }) => id).join(""));
      cursor = page.next;
    } while (cursor !== undefined && seen.length < 9);
    assert.deepEqual(seen, ["ab", "cd", "e"]);
  }),

  storeCase("gives a full last page no next one", async (store) => {
    await store.begin([emailOf("a"), emailOf("b")], T0);
    assert.equal((await store.list({ limit: 2 })).next, undefined);
  }),

  storeCase("refuses a limit and a cursor that are none", async (store) => {
    const refused = { code: "CONFIG_ERROR" };
    for (const query of [{ limit: 0 }, { limit: 1001 }, { limit: 1.5 }, { cursor: "1; DROP" }]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await assert.rejects(async () => store.list(query), refused);
    }
  }),

  storeCase("forgets old records, but none whose end is unknown", async (store) => {
    await store.begin(
      ["a", "b", "c", "d", "e"].map((id) => emailOf(id)),
      T0,
    );
    await store.settle([{ id: "a", attempt: 1 }], SENT, T0);
    await store.settle([{ id: "b", attempt: 1 }], { handOver: "unknown" }, T0);
    await store.settle([{ id: "c", attempt: 1 }], { handOver: "rejected" }, T0 + 50);
    await store.settle([{ id: "d", attempt: 1 }], { handOver: "not_sent" }, T0);
    assert.equal(await store.prune(T0 + 50, 1), 1);
    assert.equal(await store.prune(T0 + 50), 1);
    assert.equal(await store.prune(T0 + 50), 0);
    const left = (await store.list()).records.map(({ id }) => id);
    assert.deepEqual(left, ["b", "c", "e"]);
    const [begun] = await store.begin([emailOf("a")], T0 + 60);
    assert.equal(begun?.started, true);
  }),

  storeCase("forgets the ids of old events", async (store) => {
    await began(store, emailOf("a"));
    const news = newsOf("e1", { reference: "a" });
    await applied(store, news, T0);
    await store.prune(T0);
    assert.equal((await applied(store, news, T0)).outcome, "duplicate");
    await began(store, emailOf("b"), T0 + 2);
    await store.prune(T0 + 1);
    const again = await applied(store, { ...news, reference: "b" }, T0 + 2);
    assert.equal(again.outcome, "applied");
  }),

  storeCase("takes any text as a text", async (store) => {
    const odd = "'; DROP TABLE email_log; -- \u{1F4A9} \"__proto__";
    await began(store, emailOf(odd, { operationId: odd, slot: odd, to: "o'hara@example.com" }));
    assert.equal((await store.get(odd))?.to, "o'hara@example.com");
    assert.equal((await store.list({ operationId: odd })).records.length, 1);
    assert.equal((await applied(store, newsOf(odd, { reference: odd }), T0)).outcome, "applied");
  }),
];
