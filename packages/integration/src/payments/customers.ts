import { createHash } from "node:crypto";
import type { Desk } from "./desk.ts";
import { decide } from "./desk.ts";
import { refuseIds } from "./input.ts";
import type { ProviderTypes } from "./provider.ts";
import type { CustomerResult } from "./service-types.ts";
import type { StoredCustomer } from "./store.ts";

/** What a header takes, within the 255 characters of a key. */
const PLAIN_USER_ID = /^[\x21-\x7e]{1,200}$/;

/** The key under which the vendor makes a user's customer, the same in every process. */
function customerKey(userId: string): string {
  if (PLAIN_USER_ID.test(userId)) return `cust:${userId}`;
  return `cust-sha256:${createHash("sha256").update(userId).digest("hex")}`;
}

/** See `PaymentService.getOrCreateCustomer`. */
export function createCustomers<T extends ProviderTypes>(
  desk: Desk<T>,
): (userId: string) => Promise<CustomerResult> {
  const { provider, store } = desk;

  /** The user's record, which is unique before the vendor is asked. */
  const announced = (userId: string): Promise<StoredCustomer> =>
    decide(desk, `customer:${userId}`, async () => {
      const stored = await store.customer(provider.id, userId);
      if (stored) return { value: stored };
      const now = desk.now();
      const customer: StoredCustomer = {
        provider: provider.id,
        userId,
        version: 1,
        createdAt: now,
        updatedAt: now,
        openCall: {
          kind: "customer",
          operationId: userId,
          idempotencyKey: customerKey(userId),
          startedAt: now,
        },
      };
      return { write: { customer }, value: customer };
    });

  /** The first id that is written stays. */
  const settle = (userId: string, providerCustomerId: string): Promise<CustomerResult> =>
    decide(desk, `customer:${userId}`, async () => {
      const stored = await store.customer(provider.id, userId);
      if (!stored || stored.providerCustomerId !== undefined) {
        return { value: found(userId, stored?.providerCustomerId ?? providerCustomerId) };
      }
      const { openCall: _openCall, ...rest } = stored;
      const customer = {
        ...rest,
        providerCustomerId,
        version: stored.version + 1,
        updatedAt: desk.now(),
      };
      return { write: { customer }, value: found(userId, providerCustomerId) };
    });

  const make = async (userId: string): Promise<CustomerResult> => {
    const stored = await announced(userId);
    if (stored.providerCustomerId !== undefined) return found(userId, stored.providerCustomerId);
    const key = stored.openCall?.idempotencyKey ?? customerKey(userId);
    if (desk.now() - (stored.openCall?.startedAt ?? 0) > desk.keyTrustedForMs) {
      // The key may be forgotten, so a repeat could be a second customer. By now the vendor's search has caught up.
      const answer = await provider.findCustomer(userId);
      if (!answer.success) return answer;
      if (answer.data) return settle(userId, answer.data.id);
    }
    const answer = await provider.createCustomer({ userId, idempotencyKey: key });
    return answer.success ? settle(userId, answer.data.id) : answer;
  };

  return async (userId) => {
    const refused = refuseIds({ userId });
    if (refused) return { success: false, error: refused };
    await provider.prepare();
    return desk.shared(`customer:${userId}`, () => make(userId));
  };
}

function found(userId: string, providerCustomerId: string): CustomerResult {
  return { success: true, customer: { userId, providerCustomerId } };
}
