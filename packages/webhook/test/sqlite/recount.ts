import { DatabaseSync } from "node:sqlite";

/** The counters as they should be: counted row by row. */
export function recount(path: string) {
  const database = new DatabaseSync(path);
  try {
    return database
      .prepare(
        `SELECT
           (SELECT count(*) FROM webhook_subscription) AS subscriptions,
           count(*) FILTER (WHERE status = 0) AS pending,
           count(*) FILTER (WHERE status = 1) AS failed,
           count(*) FILTER (WHERE status = 2) AS sent,
           count(*) FILTER (WHERE status = 3) AS dead,
           count(*) FILTER (WHERE status < 2 AND s.held = 1) AS held
         FROM webhook_delivery d LEFT JOIN webhook_subscription s ON s.sub = d.sub`,
      )
      .get();
  } finally {
    database.close();
  }
}
