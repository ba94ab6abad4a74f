export type { SqliteEmailLogStoreOptions } from "./sqlite-log-store.ts";
export { createSqliteEmailLogStore } from "./sqlite-log-store.ts";
