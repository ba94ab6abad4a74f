import assert from "node:assert/strict";
import type {
  Applied,
  DeliveryNews,
  EmailLogStore,
  EmailRecord,
  HandOverResult,
  NewEmail,
} from "../../email/index.ts";

/** What a driver's test hands to every case. */
export interface EmailLogStoreContext {
  /** Opens an empty store that shares nothing with the ones before. The case closes it. */
  open(): EmailLogStore | Promise<EmailLogStore>;
}

/** One thing that every log of e-mails does. */
export interface EmailLogStoreCase {
  /** A sentence whose subject is the store. */
  readonly name: string;
  /** Rejects with what was expected and what came instead. */
  readonly run: (context: EmailLogStoreContext) => Promise<void>;
}

/** When every case begins. */
export const T0 = 1_700_000_000_000;
/** A call that went well. */
export const SENT: HandOverResult = { handOver: "sent", provider: "sendgrid", messageId: "req.1" };

/** An e-mail with an operation and an address of its own. */
export function emailOf(id: string, changes: Partial<NewEmail> = {}): NewEmail {
  return {
    id,
    operationId: `op-${id}`,
    slot: "",
    to: `${id}@example.com`,
    templateId: "welcome",
    ...changes,
  };
}

/** A delivery. */
export function newsOf(eventId: string, changes: Partial<DeliveryNews> = {}): DeliveryNews {
  return { eventId, type: "delivered", messageIds: [], ...changes };
}

/** Begins one e-mail. */
export async function began(
  store: EmailLogStore,
  email: NewEmail,
  at: number = T0,
): Promise<EmailRecord> {
  const [begun] = await store.begin([email], at);
  assert(begun, "begin must answer for each e-mail");
  return begun.record;
}

/** Takes one event into account. */
export async function applied(
  store: EmailLogStore,
  news: DeliveryNews,
  at: number = T0,
): Promise<Applied> {
  const [answer] = await store.apply([news], at);
  assert(answer, "apply must answer for each event");
  return answer;
}

/** A case around a store that is opened before and closed after. */
export function storeCase(
  name: string,
  run: (store: EmailLogStore) => Promise<void>,
): EmailLogStoreCase {
  return {
    name,
    async run(context) {
      const store = await context.open();
      try {
        await run(store);
      } finally {
        await store.close();
      }
    },
  };
}
