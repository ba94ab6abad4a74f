import type { MaybePromise } from "../../maybe-promise.ts";
import type { DeliveryStore } from "../../store/delivery-store.ts";
import type { Kit } from "./kit.ts";
import { createKit } from "./kit.ts";

/** What a driver's test hands to every case. */
export interface DeliveryStoreCaseContext {
  /** Opens an empty store that shares nothing with the ones before. The case closes it. */
  open(): MaybePromise<DeliveryStore>;
  /** Durable drivers: opens again what a store wrote that has been closed. */
  reopen?(closed: DeliveryStore): MaybePromise<DeliveryStore>;
  /** Shared drivers: opens what another store works on as well, as a second process would. The case closes it. */
  connect?(other: DeliveryStore): MaybePromise<DeliveryStore>;
  /**
   * Transactional drivers: runs the work in a transaction of the caller's and hands it what `enqueue` takes as `tx`.
   * Commits when the work is done; rolls back and rejects when it throws.
   */
  transaction?(store: DeliveryStore, work: (tx: unknown) => MaybePromise<void>): MaybePromise<void>;
}

/** One thing that every delivery store does. */
export interface DeliveryStoreCase {
  /** A sentence whose subject is the store. */
  readonly name: string;
  /** `true`, or the reason why this does not apply to a driver with such capabilities. */
  readonly needs?: (capabilities: DeliveryStore["capabilities"]) => true | string;
  /** Rejects with what was expected and what came instead. */
  readonly run: (context: DeliveryStoreCaseContext) => Promise<void>;
}

/** A case around a store that is opened before and closed after. */
export function storeCase(
  name: string,
  run: (kit: Kit, context: DeliveryStoreCaseContext) => Promise<void>,
  needs?: DeliveryStoreCase["needs"],
): DeliveryStoreCase {
  return {
    name,
    ...(needs && { needs }),
    async run(context) {
      const kit = createKit(await context.open());
      try {
        await run(kit, context);
      } finally {
        await kit.close();
      }
    },
  };
}
