import { beginCases } from "./email-log-store-cases/begin-cases.ts";
import type { EmailLogStoreCase } from "./email-log-store-cases/case.ts";
import { eventCases } from "./email-log-store-cases/event-cases.ts";
import { queryCases } from "./email-log-store-cases/query-cases.ts";

/** What every driver of the e-mail log has to pass, one test each. */
export const emailLogStoreCases: readonly EmailLogStoreCase[] = [
  ...beginCases,
  ...eventCases,
  ...queryCases,
];
