export { createSqlitePaymentStore } from "./sqlite-store.ts";
export type { SqlitePaymentStoreOptions } from "./sqlite-store.ts";
